# lib - what the lint scripts share
#
# A lint looks at the tree under $srcdir and prints one TAP line for each of
# its rules.  It gathers findings as "file:line: what is wrong" and gives
# them to rule().

srcdir=${srcdir:-.}
lint=$(cd "$(dirname "$0")" && pwd)
cd "$srcdir" || exit 99

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM

# rule NAME < findings: passes when there are none.  It often ends a pipe, in
# a shell of its own, so it counts in a file.
rule() {
	cat >"$scratch/findings"
	echo >>"$scratch/rules"
	tap_n=$(($(wc -l <"$scratch/rules")))
	if [ -s "$scratch/findings" ]; then
		echo "not ok $tap_n - $1"
		sed 's/^/# /' "$scratch/findings"
	else
		echo "ok $tap_n - $1"
	fi
}

plan() {
	echo "1..$(($(wc -l <"$scratch/rules")))"
}

# skip WHY: the whole script, where a tool is missing.
skip() {
	echo "1..0 # SKIP $1"
	exit 77
}

# files PATTERN FOLDER...: the files under the folders that are there, what
# was built beside them and what npm brought left out.
files() {
	pattern=$1
	shift
	for folder; do
		[ -d "$folder" ] && find "$folder" -name node_modules -prune -o \
		    -type f -name "$pattern" -print
	done | sort
}

sources() {
	files '*.[ch]' src cgi-bin bench tests/unit tests/store tests/fuzz \
	    tests/lib
}

# search KIND REGEX FILE...: file:line: text of what matches, the kinds as
# in code.awk; "whole" searches the file as it is.
search() {
	kind=$1
	regex=$2
	shift 2
	[ $# -gt 0 ] || return
	if [ "$kind" = whole ]; then
		grep -nE -e "$regex" "$@" /dev/null
	else
		regex=$regex awk -v keep="$kind" -f "$lint/code.awk" "$@"
	fi
}
