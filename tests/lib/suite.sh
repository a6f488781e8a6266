# suite - run make check and add up
#
# For ./bootstrap check and .ci/run: runs the tests of a build folder, shows
# how they go, prints what the failed ones said, sums over all runs, and says
# every reason again at the end.
# Wants $top, $jobs and $suite_reasons, a file for the reasons.  Where
# $suite_alone is not empty, a file that failed runs once more, alone.

suite_passed=0
suite_failed=0
suite_skipped=0
suite_alone=
mkdir -p "$(dirname "$suite_reasons")"
: >"$suite_reasons"

# suite_one STATUS NAME [LOG]: count something that has no TAP.
suite_one() {
	if [ "$1" = 0 ]; then
		suite_passed=$((suite_passed + 1))
	else
		suite_failed=$((suite_failed + 1))
		printf 'FAIL: %s\n' "$2" | tee -a "$suite_reasons"
		[ -z "${3-}" ] || suite_complaints "$3" 14 |
		    sed 's/^/  | /' >>"$suite_reasons"
	fi
}

# suite_complaints LOG LINES: the complaints, where there are such, else its
# end.
suite_complaints() {
	grep -E -A 4 '(error|warning):|^make.*\*\*\*|^not ok|^FAIL' "$1" |
	    head -n "$2" | grep . || tail -n "$2" "$1"
}

# suite_run FOLDER [make's arguments]
suite_run() {
	suite_dir=$1
	suite_log=$suite_dir/check.log
	shift
	rm -f "$suite_dir/check-times"
	suite_make "$@" | tee "$suite_log" |
	    awk -f "$top/tests/lib/progress.awk"
	suite_count
	suite_longest
	suite_name_failures >"$suite_dir/check-failures"
	[ "$suite_now_failed" = 0 ] || suite_failures
}

suite_make() {
	suite_status=0
	make -C "$suite_dir" -k -j"$jobs" check "$@" 2>&1 </dev/null ||
	    suite_status=$?
	echo "make check ended with $suite_status"
}

suite_count() {
	set -- $(awk '
		/^# (PASS|XFAIL):/ { p += $3 }
		/^# (FAIL|XPASS|ERROR):/ { f += $3 }
		/^# SKIP:/ { s += $3 }
		/^make check ended with / { st = $5 }
		END {
			# A build error has no sums: it is one failure.
			if (st != 0 && f == 0)
				f = 1
			print p + 0, f + 0, s + 0
		}' "$suite_log")
	suite_passed=$((suite_passed + $1))
	suite_failed=$((suite_failed + $2))
	suite_skipped=$((suite_skipped + $3))
	suite_now_failed=$2
}

# Which files took longest, so that it is seen when one grows.
suite_longest() {
	[ -e "$suite_dir/check-times" ] || return 0
	echo 'seconds of the longest files:'
	sort -rn "$suite_dir/check-times" | head -n 8
}

# A line for each file that failed.  Not from what was printed: the lines of
# two tests that run at once may be torn.
suite_name_failures() {
	[ -e "$suite_dir/check-times" ] || return 0
	while read -r _ name; do
		suite_base "$name"
		! grep -qE '^:global-test-result: (FAIL|ERROR|XPASS)' \
		    "$suite_base.trs" || printf '%s\n' "$name"
	done <"$suite_dir/check-times"
}

# suite_base FILE: the path of its log without the ending.
suite_base() {
	suite_base=${1%.sh}
	suite_base=$suite_dir/${suite_base%.py}
}

# Of the compiler, the linker and make.
suite_build_errors() {
	grep -E '(^|: )(error|undefined reference)|^make.*\*\*\*|Error [0-9]' \
	    "$suite_log" | grep -vE 'Error [12]$|^  \| ' | head -n 30
}

# What failed; all of it is in FOLDER/test-suite.log.
suite_failures() {
	suite_build_errors >"$suite_dir/check-errors" || :
	cat "$suite_dir/check-errors"
	if [ -s "$suite_dir/check-errors" ] ||
	    [ ! -s "$suite_dir/check-failures" ]; then
		printf 'FAIL: make check in %s\n' "${suite_dir##*/}"
		suite_complaints "$suite_log" 14 | sed 's/^/  | /'
	fi >>"$suite_reasons"
	while read -r name; do
		suite_base "$name"
		suite_show "$name"
		if suite_again "$name"; then
			suite_forgive "$name"
		else
			suite_why "$name" >>"$suite_reasons"
		fi
	done <"$suite_dir/check-failures"
}

# suite_show FILE: a test's diagnostics stand behind its "not ok", or before
# it; what died without one has said why at its end.
suite_show() {
	printf -- '--- %s\n' "$1"
	awk '/^(PASS|SKIP|FAIL): / { next }
		/^(not ok|Bail out)/ { seen = 1; on = 60 }
		/^ok / { on = 0 }
		on > 0 { print; on-- }
		{ last[n++ % 15] = $0 }
		END { for (i = n > 15 ? n - 15 : 0; i < n && !seen; i++)
			print last[i % 15] }' "$suite_base.log" 2>/dev/null |
	    head -n 120
}

# suite_why FILE: the reasons of its failures, without those of a second run.
suite_why() {
	suite_first=$suite_base.log
	[ ! -e "$suite_base.first.log" ] || suite_first=$suite_base.first.log
	awk -v file="$1" -f "$top/tests/lib/reasons.awk" "$suite_first" |
	    head -n 120
}

# What no deadline explains: a sanitizer's report, a program that died, and a
# broken promise.
suite_grave='Sanitizer|runtime error:|[Aa]ssertion .*failed|ended by itself'
suite_grave="$suite_grave|ended with -|deliveries of one job|exited with status"
suite_grave="$suite_grave (66|134|139)"

# suite_again FILE: it missed a deadline, it seems, since it passes alone and
# its first run says nothing grave.
suite_again() {
	[ -n "$suite_alone" ] || return 1
	[ "$(wc -l <"$suite_dir/check-failures")" -le 5 ] || return 1
	! grep -qE "$suite_grave" "$suite_base.log" || return 1
	cp "$suite_base.log" "$suite_base.first.log"
	cp "$suite_base.trs" "$suite_base.first.trs"
	printf 'once more, alone: %s\n' "$1"
	suite_make TESTS="$1" >"$suite_base.again.out"
	grep -q '^make check ended with 0$' "$suite_base.again.out"
}

# suite_results FILE WHICH: how many results of a test are of that kind.
suite_results() {
	grep -cE "^:test-result: ($2)( |\$)" "$1" || :
}

# suite_forgive FILE: the second run counts in place of the first.
suite_forgive() {
	suite_failed=$((suite_failed - $(suite_results \
	    "$suite_base.first.trs" 'FAIL|ERROR|XPASS')))
	suite_passed=$((suite_passed - $(suite_results \
	    "$suite_base.first.trs" 'PASS|XFAIL') + $(suite_results \
	    "$suite_base.trs" 'PASS|XFAIL')))
	{
		printf 'passed only alone: %s\n' "$1"
		suite_why "$1" | sed 's/^FAIL:/  | FAIL:/' | head -n 15
	} | tee -a "$suite_reasons"
}

# The reasons, the last line and the exit status.
suite_end() {
	[ "$suite_skipped" = 0 ] || printf '%d skipped\n' "$suite_skipped"
	head -n 400 "$suite_reasons"
	printf '%d passed, %d failed\n' "$suite_passed" "$suite_failed"
	[ "$suite_failed" = 0 ] && [ "$suite_passed" -gt 0 ]
}
