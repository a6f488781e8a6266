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

for file in $(sources); do
	n=$(wc -l <"$file")
	[ "$n" -le 800 ] || echo "$file: $n lines, 800 are the limit"
done | excused file | rule 'no file is over 800 lines'

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

for file in $(sources); do
	code code "$file" | awk -v file="$file" '
		/^#/ { next }
		# A definition has its name at the start of a line.
		/^[a-z_][a-z0-9_]*\(/ && depth == 0 {
			name = $0
			sub(/\(.*/, "", name)
			at = FNR
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
					print "params", file ":" at ": " name \
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
					print "nesting", file ":" FNR ": " name \
					    ": nested over 4 deep"
				}
			}
			if ($0 ~ /^\}/)
				depth = 0
		}'
done >"$scratch/shape"
sed -n 's/^params //p' "$scratch/shape" | excused params |
    rule 'no function takes more than 7 parameters'
sed -n 's/^nesting //p' "$scratch/shape" | excused nesting |
    rule 'no function nests deeper than 4'
plan
