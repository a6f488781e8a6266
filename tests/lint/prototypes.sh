# Every function that a header promises is there, and somebody besides its
# own file wants it: another source, a program or a test.
. "$(dirname "$0")/lib.sh"

for file in $(files '*.h' src cgi-bin); do
	code code "$file" | awk -v file="$file" '
		/^#/ { next }
		/\{/ { inside++ }
		/\}/ { inside--; next }
		# Prototypes start at the left edge; typedefs and static
		# inline functions are not ours to find.
		!inside && /^[a-z].*[ *][a-z_][a-z0-9_]*\(/ &&
		    !/^(typedef|static)/ {
			name = $0
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			print name, file ":" FNR
		}'
done >"$scratch/prototypes"

# One pass over the sources: which identifiers stand before a parenthesis
# at the left edge (definitions), and in which files any identifier stands.
for file in $(sources); do
	case $file in
	*.c) ;;
	*) continue ;;
	esac
	code code "$file" | awk -v file="$file" '
		/^[a-z_][a-z0-9_]*\(/ {
			name = $0
			sub(/\(.*/, "", name)
			print "def", name, file
		}
		{
			gsub(/[^A-Za-z0-9_]+/, " ")
			n = split($0, word, " ")
			for (i = 1; i <= n; i++)
				if (!((word[i]) in seen)) {
					seen[word[i]] = 1
					print "use", word[i], file
				}
		}'
done >"$scratch/uses"

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
