# A layer includes only from the layers named behind it in the table
# "layers", a third party's header only where the table says, and x_int.h
# only from its own folder.
. "$(dirname "$0")/lib.sh"

awk '/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
		name = $0
		sub(/^[^<"]*[<"]/, "", name)
		sub(/[>"].*/, "", name)
		ours = $0 ~ /include[ \t]*"/
		print FILENAME, FNR, ours, name
	}' $(files '*.[ch]' src cgi-bin) /dev/null >"$scratch/includes"

# The glob of a row becomes an expression: only * is special in it.
awk -v table="$lint/layers" '
	function layer_of(path,  part) {
		split(path, part, "/")
		return part[1] == "src" ? part[2] : part[1]
	}
	BEGIN {
		while ((getline line < table) > 0) {
			n = split(line, word, /[ \t]+/)
			if (line ~ /^#/ || n == 0)
				continue
			if (line ~ /^=/) {
				prefix = substr(word[1], 2)
				for (i = 2; i <= n; i++)
					where[prefix] = where[prefix] " " word[i]
				continue
			}
			known[word[1]] = 1
			may[word[1], word[1]] = 1
			for (i = 2; i <= n; i++)
				may[word[1], word[i]] = 1
		}
	}
	{
		at = $1 ":" $2 ": "
		from = layer_of($1)
		to = layer_of($4)
		if (!(from in known))
			print "order", at "layer " from " is not in the table"
		if ($3 && $4 != "config.h") {
			if ($4 !~ /\//)
				print "order", at $4 " is named without its layer"
			else if (!((from, to) in may))
				print "order", at from " may not include " $4
		}
		if ($4 ~ /_int\.h$/ && from != to)
			print "private", at $4 " is private to " to
		for (prefix in where) {
			if (index($4, prefix) != 1 || $3)
				continue
			allowed = 0
			n = split(where[prefix], place, " ")
			for (i = 1; i <= n; i++) {
				re = place[i]
				gsub(/\./, "[.]", re)
				gsub(/\*/, "[^/]*", re)
				if ($1 ~ "^" re "$")
					allowed = 1
			}
			if (!allowed)
				print "foreign", at $4 " belongs to" where[prefix]
		}
	}' "$scratch/includes" >"$scratch/all"

for kind in order private foreign; do
	sed -n "s/^$kind //p" "$scratch/all" >"$scratch/$kind"
done
rule 'a layer includes only what the table grants it' <"$scratch/order"
rule 'a private header stays in its folder' <"$scratch/private"
rule 'a third party is known to one module' <"$scratch/foreign"
plan
