# Calls and comments that the house does without.
. "$(dirname "$0")/lib.sh"

# A call: the name alone before a parenthesis, not a member of something.
call() {
	echo "(^|[^A-Za-z0-9_.>])($1)[[:space:]]*\\("
}

all=$(sources)
ours=$(files '*.[ch]' src cgi-bin)

search code "$(call 'sprintf|vsprintf|strcpy|strcat|strncpy|strncat|strtok|gets|atoi|atol|system|popen|localtime|gmtime|strerror|rand')" \
    $all | rule 'no banned call'

# but FOLDERS: our files outside of them.
but() {
	echo "$ours" | grep -vE "^($1)"
}

search code "$(call 'malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf|alloca')" \
    $(but 'src/base/xalloc\.c') | rule 'memory comes from xalloc alone'

search code "$(call 'time|gettimeofday|clock_gettime|ftime')" \
    $(but 'src/cmd/|src/base/clock\.c') | rule 'time comes in through a clock'

search slashes . $all | rule 'no // comment'

search comments '(TODO|FIXME)' $all | grep -v '#[0-9]' |
    rule 'a TODO names its issue'

# Time is injected or, for a whole process, faked by faketime; a test that
# moved the machine's clock would break every other program on it.
search code "$(call 'settimeofday|clock_settime|stime|adjtime')" $all \
    >"$scratch/set"
{
	files '*' tests bench .ci etc | grep -v '^tests/lint/'
	[ ! -e bootstrap ] || echo bootstrap
} | xargs grep -nIE -e '(^|[^a-z_-])date +(-s|--set)' \
    -e 'hwclock|timedatectl +set' -e 'clock_settime|settimeofday' /dev/null |
    cat - "$scratch/set" | rule 'nobody sets the clock of the machine'
plan
