# The lists of the build and the folders agree, both ways.
. "$(dirname "$0")/lib.sh"

# Every word of the Makefile.inc files, continuation lines and all.
cat Makefile.am $(files Makefile.inc src cgi-bin sql etc man tests bench) |
    sed 's/#.*//' | tr -s ' \t\\' '\n\n\n' | sort -u >"$scratch/listed"

listed() {
	awk -v list="$scratch/listed" '
		BEGIN {
			while ((getline line < list) > 0)
				listed[line] = 1
		}
		{
			program = $0
			sub(/\.c$/, "", program)
			if (!($0 in listed) && !(program in listed))
				print $0 ": is in no Makefile.inc"
		}'
}

files 'test_*.c' tests/unit tests/store | listed |
    rule 'every test program is in a list'
files 'test_*.py' tests/flow | listed | rule 'every flow test is in a list'
files '*.py' tests/lib bench | listed |
    rule 'what tests and benchmarks import is in a list'
files '*.sh' tests/lint | grep -v '/lib\.sh$' | listed |
    rule 'every lint is in a list'
files '*.[1-9]' man | listed | rule 'every man page is in a list'
files '*.[ch]' src cgi-bin | listed | rule 'every source is in a list'

# The other way round: what is listed is there (or is made by make, as a
# program is whatever its name ends in).
grep -E '^(src|cgi-bin|man|tests|etc|sql)/.*\.[a-z0-9]+$' "$scratch/listed" |
    grep -v '\.fcgi$' | while read -r file; do
	[ -e "$file" ] || grep -qE "^$file[: ]" Makefile.am \
	    $(files Makefile.inc src cgi-bin sql etc man tests bench) ||
	    echo "$file: is listed and not there"
done | rule 'everything listed is there'
# `src/base/url.c` in a document is a promise; words in capitals stand for
# something else.
grep -noE '`(src|cgi-bin|sql|etc|man|tests|doc|bench)/[a-z0-9_./-]+`' \
    $(files '*.md' doc) ./*.md /dev/null 2>/dev/null | tr -d '`' |
    while IFS=: read -r file line name; do
	[ -e "$name" ] || echo "$file:$line: $name is not there"
done | rule 'every file that a document names is there'
plan
