# Files, functions, complexity, parameters and nesting stay within the limits
# of CONTRIBUTING.md.  "exceptions" names what does not yet; it only shrinks.
. "$(dirname "$0")/lib.sh"

command -v pmccabe >/dev/null || skip 'pmccabe is not here'

# excused RULE: drops findings whose file (or file:function) is excused.
excused() {
	awk -v rule="$1" -v list="$lint/exceptions" '
		BEGIN {
			while ((getline line < list) > 0) {
				split(line, w, /[ \t]+/)
				if (line !~ /^#/ && w[1] == rule)
					skip[w[2]] = 1
			}
		}
		{
			file = $1
			sub(/:.*/, "", file)
			fn = $2
			sub(/:$/, "", fn)
			if (!(file in skip) && !((file ":" fn) in skip))
				print
		}'
}

wc -l $(sources) /dev/null |
    awk '$1 > 800 && $2 != "total" {
	print $2 ": " $1 " lines, 800 are the limit"
    }' | excused file | rule 'no file is over 800 lines'

# Columns of pmccabe: complexity with a switch as one, without, statements,
# first line, lines, file(line): name.
pmccabe $(sources) >"$scratch/functions" 2>/dev/null
sed 's/^\([0-9]*\)\t\([0-9]*\)\t\([0-9]*\)\t\([0-9]*\)\t\([0-9]*\)\t\(.*\)(\([0-9]*\)): \(.*\)$/\6:\7: \8: \1 \5/' \
    "$scratch/functions" >"$scratch/measured"
awk '$4 > 100 { print $1, $2, $4 " lines, 100 are the limit" }' \
    "$scratch/measured" | excused lines |
    rule 'no function is over 100 lines'
awk '$3 > 20 { print $1, $2, "complexity " $3 ", 20 is the limit" }' \
    "$scratch/measured" | excused complexity |
    rule 'no function is over complexity 20'

# Lines that have code, as file:line:code.
search code . $(sources) | awk '
	{
		file = $0
		sub(/:.*/, "", file)
		at = substr($0, length(file) + 2)
		sub(/:.*/, "", at)
		$0 = substr($0, length(file) + length(at) + 3)
		if (file != last) {
			last = file
			depth = in_head = 0
			told = ""
		}
	}
	/^#/ { next }
	# A definition has its name at the start of a line.
	/^[a-z_][a-z0-9_]*\(/ && depth == 0 {
		name = $0
		sub(/\(.*/, "", name)
		begins = at
		head = ""
		in_head = 1
	}
	in_head {
		head = head $0
		if ($0 ~ /;[ \t]*$/)
			in_head = 0
		if ($0 ~ /^\{/) {
			in_head = 0
			gsub(/\([^()]*\)\([^()]*\)/, "", head)
			n = gsub(/,/, ",", head) + 1
			if (n > 7)
				print "params", file ":" begins ": " name \
				    ": " n " parameters, 7 are the limit"
		}
	}
	{
		line = $0
		while (match(line, /[{}]/)) {
			if (substr(line, RSTART, 1) == "{")
				depth++
			else if (depth > 0)
				depth--
			line = substr(line, RSTART + 1)
			# The body itself is the first level.
			if (depth > 5 && told != name) {
				told = name
				print "nesting", file ":" at ": " name \
				    ": nested over 4 deep"
			}
		}
		if ($0 ~ /^\}/)
			depth = 0
	}' >"$scratch/shape"
sed -n 's/^params //p' "$scratch/shape" | excused params |
    rule 'no function takes more than 7 parameters'
sed -n 's/^nesting //p' "$scratch/shape" | excused nesting |
    rule 'no function nests deeper than 4'
plan
