# No circle of calls between sources, and none of includes between headers:
# of two files at most one knows the other.  The objects of the build show
# which file uses what another defines; a function whose address is handed
# over at run time is no call.  "exceptions" names the calls that may.
. "$(dirname "$0")/lib.sh"

command -v nm >/dev/null || skip 'nm is not here'

# circles KIND < "from to name": a finding for each pair of files that makes
# a circle, without the pairs that are excused, or with KIND "needless" each
# exception that excuses no part of a circle.
circles() {
	awk -v kind="$1" -v list=tests/lint/exceptions '
		function regex(glob) {
			gsub(/\./, "[.]", glob)
			gsub(/\*/, "[^/]*", glob)
			return "^" glob "$"
		}
		# The exception that excuses a pair, or 0.
		function excused(from, to,  i) {
			for (i = 1; i <= excuses; i++)
				if (from ~ excuse_from[i] && to ~ excuse_to[i])
					return i
			return 0
		}
		# Marks what can be reached from a file.
		function reach(start, seen,  todo, n, i, k, w, next_at) {
			todo[n = 1] = start
			while (n > 0) {
				k = split(out[todo[n--]], w, " ")
				for (i = 1; i <= k; i++) {
					next_at = to[w[i]]
					if (!is_off[w[i]] && !(next_at in seen)) {
						seen[next_at] = 1
						todo[++n] = next_at
					}
				}
			}
		}
		BEGIN {
			while ((getline line < list) > 0) {
				split(line, w, /[ \t]+/)
				if (w[1] != "circle")
					continue
				excuse[++excuses] = w[2] " " w[3]
				excuse_from[excuses] = regex(w[2])
				excuse_to[excuses] = regex(w[3])
			}
		}
		$1 != $2 {
			if (!(($1, $2) in place)) {
				place[$1, $2] = ++pairs
				from[pairs] = $1
				to[pairs] = $2
				out[$1] = out[$1] " " pairs
				is_off[pairs] = kind == "circle" && excused($1, $2)
			}
			names[place[$1, $2]] = names[place[$1, $2]] " " $3
		}
		END {
			# What is used by no file or uses none is in no circle.
			do {
				n = 0
				split("", uses)
				split("", used)
				for (i = 1; i <= pairs; i++)
					if (!is_off[i])
						uses[from[i]] = used[to[i]] = 1
				for (i = 1; i <= pairs; i++)
					if (!is_off[i] && (!(from[i] in used) ||
					    !(to[i] in uses)))
						n += is_off[i] = 1
			} while (n > 0)
			for (i = 1; i <= pairs; i++) {
				if (is_off[i])
					continue
				if (!((to[i], to[i]) in reached)) {
					reached[to[i], to[i]] = 1
					split("", behind)
					reach(to[i], behind)
					for (file in behind)
						reached[to[i], file] = 1
				}
				if (!((to[i], from[i]) in reached))
					continue
				if (kind == "needless")
					is_needed[excused(from[i], to[i])] = 1
				else
					print from[i] ": a circle through " \
					    to[i] ":" names[i]
			}
			for (i = 1; kind == "needless" && i <= excuses; i++)
				if (!(i in is_needed))
					print "tests/lint/exceptions: circle " \
					    excuse[i] " excuses nothing"
		}'
}

# The objects of sources that are there: a build folder keeps old ones.
objects=$(for file in $(files '*.c' src cgi-bin); do
	[ ! -e "${builddir:-.}/${file%.c}.o" ] || echo "${file%.c}.o"
done)
[ -n "$objects" ] || skip 'nothing is built'
(cd "${builddir:-.}" && nm -A -P $objects) >"$scratch/symbols"

awk '
	{ file = $1; sub(/\.o:$/, ".c", file) }
	$3 == "U" { used[file, $2] = 1; next }
	$3 ~ /^[A-Z]$/ && $2 != "main" { defined[$2] = file }
	END {
		for (pair in used) {
			split(pair, w, SUBSEP)
			if (w[2] in defined)
				print w[1], defined[w[2]], w[2]
		}
	}' "$scratch/symbols" | sort >"$scratch/calls"
circles circle <"$scratch/calls" | rule 'no sources call each other in a circle'
circles needless <"$scratch/calls" | rule 'every exception is needed'

awk '/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, w, "\"")
	print FILENAME, "src/" w[2], "included"
}' $(files '*.h' src cgi-bin) >"$scratch/includes"
circles circle <"$scratch/includes" | rule 'no headers include each other'
plan
