# Every function that a header promises is there, and somebody besides its
# own file wants it: another source, a program or a test.
. "$(dirname "$0")/lib.sh"

# Lines of code, each with its file and its number before it.
numbered() {
	search code . "$@" | sed 's/:\([0-9]*\):/ \1 /'
}

numbered $(files '*.h' src cgi-bin) | awk '
	{
		file = $1
		at = $2
		sub(/^[^ ]* [0-9]* /, "")
		if (file != last)
			inside = 0
		last = file
	}
	/^#/ { next }
	/\{/ { inside++ }
	/\}/ { inside--; next }
	# Prototypes start at the left edge; typedefs and static inline
	# functions are not ours to find.
	!inside && /^[a-z].*[ *][a-z_][a-z0-9_]*\(/ && !/^(typedef|static)/ {
		name = $0
		sub(/\(.*/, "", name)
		sub(/.*[ *]/, "", name)
		print name, file ":" at
	}' >"$scratch/prototypes"

# One pass over the sources: which identifiers stand before a parenthesis
# at the left edge (definitions), and in which files any identifier stands.
numbered $(sources | grep '\.c$') | awk '
	{
		file = $1
		sub(/^[^ ]* [0-9]* /, "")
	}
	/^[a-z_][a-z0-9_]*\(/ {
		name = $0
		sub(/\(.*/, "", name)
		print "def", name, file
	}
	{
		gsub(/[^A-Za-z0-9_]+/, " ")
		n = split($0, word, " ")
		for (i = 1; i <= n; i++)
			if (!((file, word[i]) in seen)) {
				seen[file, word[i]] = 1
				print "use", word[i], file
			}
	}' >"$scratch/uses"

awk -v prototypes="$scratch/prototypes" '
	$1 == "def" { def[$2] = $3; next }
	{ n[$2]++; files[$2] = files[$2] " " $3 }
	END {
		while ((getline line < prototypes) > 0) {
			split(line, w, " ")
			if (!(w[1] in def))
				print "undefined", w[2] ": " w[1] \
				    " is promised and defined nowhere"
			else if (n[w[1]] < 2)
				print "unused", w[2] ": " w[1] \
				    " is used by nobody but its own file"
		}
	}' "$scratch/uses" >"$scratch/all"
sed -n 's/^undefined //p' "$scratch/all" |
    rule 'every promised function is there'
sed -n 's/^unused //p' "$scratch/all" |
    rule 'every promised function is wanted'
plan
