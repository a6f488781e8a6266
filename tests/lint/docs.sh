# Every key of the settings stands in hls.yaml(5) and in the shipped hls.yaml,
# every command and option of the programs in its page, and the other way
# round: nothing is promised that is not there.
. "$(dirname "$0")/lib.sh"

# The rows of the tables in app_conf_table.c, as "key" or "key later" or
# "key hidden"; what is in source_keys belongs to sources.
table=src/app/app_conf_table.c
awk '
	/^static const struct conf_key [a-z_]*keys\[\]/ {
		prefix = $5
		sub(/_?keys\[\]/, "", prefix)
		prefix = prefix == "" ? "" : prefix "s."
	}
	/\.name = "/ {
		name = $0
		sub(/.*\.name = "/, "", name)
		sub(/".*/, "", name)
		flag = ""
	}
	/CONF_LATER/ { flag = " later" }
	/CONF_HIDDEN/ { flag = " hidden" }
	/CONF_OBJECTS/ { flag = " list" }
	/\},?$/ && name != "" {
		print prefix name flag
		name = ""
	}' $table >"$scratch/keys" 2>/dev/null

while read -r key flag; do
	case $flag in
	later) grep -qE "(Sy|,) $key( |\$)" man/hls.yaml.5 ||
		echo "$key: hls.yaml(5) does not say that it is for later" ;;
	list) ;;
	*) grep -qxF ".It Sy $key" man/hls.yaml.5 ||
		echo "$key: is not in hls.yaml(5)" ;;
	esac
done <"$scratch/keys" | rule 'every key is in hls.yaml(5)'

sed -n 's/^\.It Sy \([a-z_]*\.[a-z_]*\)$/\1/p' man/hls.yaml.5 |
    while read -r key; do
	grep -qE "^$key( |\$)" "$scratch/keys" ||
	    echo "$key: is in hls.yaml(5) and not in $table"
done | rule 'hls.yaml(5) has no other key'

# The shipped file has each key at its place, if only as a comment.
awk '/^[a-z_]+:/ { section = $1; sub(/:.*/, "", section); next }
	match($0, /^[ #]*(- )?[a-z_]+:/) {
		key = substr($0, RSTART, RLENGTH)
		deep = match(key, /^[ #][ #]   *[^ -]/)
		gsub(/[ #:-]/, "", key)
		print section "." key
		if (deep)
			print section "." above "." key
		else
			above = key
	}' etc/hls.yaml | sort -u >"$scratch/shipped"
while read -r key flag; do
	case $flag in
	'') grep -qxF "$key" "$scratch/shipped" ||
		echo "$key: is not in etc/hls.yaml" ;;
	esac
done <"$scratch/keys" | rule 'every key is in the shipped hls.yaml'

# hlsctl: the noun of a file, then its verbs; a verb "" is the noun alone.
for file in $(files 'ctl_*.c' src/cmd); do
	awk '
		/^const struct ctl_noun / {
			noun = $0
			sub(/^[^"]*"/, "", noun)
			sub(/".*/, "", noun)
		}
		/\.verb = "/ {
			verb = $0
			sub(/.*\.verb = "/, "", verb)
			sub(/".*/, "", verb)
			verbs[n++] = verb
		}
		END {
			for (i = 0; i < n && noun != ""; i++)
				print noun (verbs[i] == "" ? "" : " " verbs[i])
		}' "$file"
done >"$scratch/commands"
while read -r command; do
	grep -qE "^\.It Ic $command( |\$)" man/hlsctl.8 ||
	    echo "hlsctl $command: is not in hlsctl(8)"
done <"$scratch/commands" | rule 'every command is in hlsctl(8)'

sed -n 's/^\.It Ic \([a-z -]*\).*/\1/p' man/hlsctl.8 2>/dev/null |
    sed 's/ *$//' | while read -r command; do
	grep -qxF "$command" "$scratch/commands" ||
	    echo "$command: is in hlsctl(8) and hlsctl has it not"
done | rule 'hlsctl(8) has no other command'

# Options: rows of struct ctl_option, and of getopt_long() in the mains.
options() {
	sed -n 's/.*{ *\.name = "\([a-z-]*\)".*/\1/p
		s/.*{ *"\([a-z-]\{2,\}\)", *\(no\|required\|optional\)_argument.*/\1/p' \
	    "$@"
}
for pair in hlsctl.8:'src/cmd/ctl_*.c src/cmd/hlsctl.c' \
    hls-drain.8:src/cmd/hls_drain.c hls.fcgi.8:cgi-bin/hls_fcgi.c; do
	page=man/${pair%%:*}
	for file in ${pair#*:}; do
		[ -e "$file" ] || continue
		for name in $(options "$file"); do
			grep -qE -e "Fl (c Ar file , Fl )?-$name( |\$)" "$page" ||
			    echo "$file: --$name is not in $page"
		done
	done
done | rule 'every option is in its page'
# Routes: rows of the table in router.c, { "POST", "/path/{}", ...
sed -n 's/^[[:space:]]*{ "\([A-Z]*\)", "\([^"]*\)",.*/\1 \2/p' \
    src/front/router.c 2>/dev/null | sort >"$scratch/routes"
sed -n 's/^\.It Sy \([A-Z]* \/[^ ]*\)$/\1/p' man/hls-api.7 2>/dev/null |
    sed 's/{[a-z]*}/{}/' | sort >"$scratch/answered"
{
	comm -23 "$scratch/routes" "$scratch/answered" |
	    sed 's/$/: is not in hls-api(7)/'
	comm -13 "$scratch/routes" "$scratch/answered" |
	    sed 's/$/: is in hls-api(7) and hls.fcgi does not serve it/'
} | rule 'hls-api(7) has the routes of hls.fcgi, and no other'

# Metrics: rows of the table in metrics.c, { "name", "type", ...
sed -n 's/^[[:space:]]*{ "\([a-z_]*\)", "\([a-z]*\)",.*/\1 \2/p' \
    src/stats/metrics.c 2>/dev/null | sort >"$scratch/shown"
sed -n 's/^\.It Sy \([a-z_]*\) Pq \([a-z]*\)$/\1 \2/p' \
    man/hls-metrics.7 2>/dev/null | sort >"$scratch/explained"
{
	comm -23 "$scratch/shown" "$scratch/explained" |
	    sed 's/$/: is not in hls-metrics(7)/'
	comm -13 "$scratch/shown" "$scratch/explained" |
	    sed 's/$/: is in hls-metrics(7) and hls.fcgi does not show it/'
} | rule 'hls-metrics(7) has the metrics of hls.fcgi, and no other'

# Events of hls itself: rows of the table in notice.c.
sed -n 's/.*= { "\(hls\.[a-z.]*\)",.*/\1/p' src/core/notice.c 2>/dev/null |
    sort >"$scratch/own"
sed -n 's/^\.It Li \(hls\.[a-z.]*\)$/\1/p' man/hls-api.7 2>/dev/null |
    sort >"$scratch/told"
{
	comm -23 "$scratch/own" "$scratch/told" |
	    sed 's/$/: is not in hls-api(7)/'
	comm -13 "$scratch/own" "$scratch/told" |
	    sed 's/$/: is in hls-api(7) and hls has no such event/'
	while read -r name; do
		grep -qF "\`$name\`" README.md ||
		    echo "$name: is not in README.md"
	done <"$scratch/own"
} | rule 'hls-api(7) has the events of hls itself, and no other'

# A version that is not released yet has the ending -dev.
version=$(sed -n 's/^AC_INIT(\[hls\],\[\(.*\)\])$/\1/p' configure.ac 2>/dev/null)
newest=$(sed -n '/^[0-9]/{p;q;}' CHANGES 2>/dev/null)
{
	[ "${version%-dev}" = "$newest" ] ||
	    echo "configure.ac: the version is $version, in CHANGES $newest"
} | rule 'the version is the newest of CHANGES'
plan
