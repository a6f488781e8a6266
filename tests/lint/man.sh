# The man pages are clean mdoc and have the sections that readers look for.
. "$(dirname "$0")/lib.sh"

command -v mandoc >/dev/null || skip 'mandoc is not here'

pages=$(files '*.[1-9]' man)

for page in hls.fcgi.8 hls-drain.8 hlsctl.8 hls.yaml.5 hls-api.7 \
    hls-metrics.7 hls-signatures.7; do
	[ -e "man/$page" ] || echo "man/$page: is missing"
done | rule 'the seven pages are there'

# Without a base system's macros mandoc misses the page index only.
for page in $pages; do
	mandoc -T lint -W style "$page" 2>&1 |
	    grep -vE 'STYLE: (operating system explicitly|referenced manual not found)|referenced manual not found'
done | rule 'mandoc finds nothing'

for page in $pages; do
	for section in FILES EXAMPLES; do
		grep -q "^\.Sh $section" "$page" ||
		    echo "$page: has no section $section"
	done
	grep -qE '^\.Sh (EXIT STATUS|DIAGNOSTICS)' "$page" ||
	    echo "$page: has neither EXIT STATUS nor DIAGNOSTICS"
done | rule 'every page has exit status or diagnostics, files, examples'
plan
