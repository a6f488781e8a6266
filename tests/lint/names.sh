# Nothing in the tree depends on the machine it was written on.
. "$(dirname "$0")/lib.sh"

{
	for file in *; do
		[ ! -f "$file" ] || echo "$file"
	done
	files '*' .ci src cgi-bin sql etc man doc tests bench
} | grep -vE '^(configure|config\.|aclocal|Makefile$|Makefile\.in|stamp)' |
    grep -vE '/?(node_modules|__pycache__|build-aux)/|\.(log|trs|o|a)$' |
    grep -v '^tests/lint/' >"$scratch/tree"

# Somebody's home, or whatever top folder this tree lies under that is not
# every Unix's.
first=$(pwd -P | cut -d/ -f2)
case $first in
bin | boot | dev | etc | home | lib* | media | mnt | opt | proc | root | run | \
    sbin | srv | sys | tmp | usr | var) first=home/ ;;
esac
xargs grep -nIE -e "(^|[^A-Za-z0-9_.}])/(home/[a-z]|root/|$first/)" \
    <"$scratch/tree" |
    rule 'no path of one machine'

xargs grep -nIE -e '"resolved": *"[^"]*"' -e 'registry=' <"$scratch/tree" |
    grep -v 'https://registry\.npmjs\.org/' |
    rule 'no private registry'

xargs grep -nIE '[[:space:]]+$' <"$scratch/tree" |
    grep -vE '\.(patch|diff|txt|json|md):|corpus' |
    rule 'no white space at the end of a line'
plan
