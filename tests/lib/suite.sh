# suite - run make check and add up
#
# For ./bootstrap check and .ci/run: runs the tests of a build folder, shows
# how they go, prints what the failed ones said, and sums over all runs.
# Wants $top and $jobs.

suite_passed=0
suite_failed=0
suite_skipped=0

# suite_one STATUS NAME: count something that has no TAP.
suite_one() {
	if [ "$1" = 0 ]; then
		suite_passed=$((suite_passed + 1))
	else
		suite_failed=$((suite_failed + 1))
		printf 'FAIL: %s\n' "$2"
	fi
}

# suite_run FOLDER [make's arguments]
suite_run() {
	suite_dir=$1
	shift
	suite_log=$suite_dir/check.log
	{
		make -C "$suite_dir" -k -j"$jobs" check "$@" 2>&1 </dev/null
		echo "make check ended with $?"
	} | tee "$suite_log" | awk -f "$top/tests/lib/progress.awk"

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
	[ "$2" = 0 ] || suite_show
}

# What failed, from the logs; all of it is in FOLDER/test-suite.log.
suite_show() {
	grep -E '(^|: )(error|undefined reference)|^make.*\*\*\*|Error [0-9]' \
	    "$suite_log" | grep -v 'Error [12]$' | head -n 30
	sed -n 's/^\(FAIL\|ERROR\|XPASS\): \([^ ]*\).*/\2/p' "$suite_log" |
	    sort -u | while read -r name; do
		base=${name%.sh}
		base=${base%.py}
		printf -- '--- %s\n' "$name"
		# A test's diagnostics stand behind its "not ok", or before
		# it; what died without one has said why at its end.
		awk '/^(PASS|SKIP|FAIL): / { next }
			/^(not ok|Bail out)/ { seen = 1; on = 60 }
			/^ok / { on = 0 }
			on > 0 { print; on-- }
			{ last[n++ % 15] = $0 }
			END { for (i = n > 15 ? n - 15 : 0; i < n && !seen; i++)
				print last[i % 15] }' \
		    "$suite_dir/$base.log" 2>/dev/null | head -n 120
	done
}

# The last line and the exit status.
suite_end() {
	[ "$suite_skipped" = 0 ] || printf '%d skipped\n' "$suite_skipped"
	printf '%d passed, %d failed\n' "$suite_passed" "$suite_failed"
	[ "$suite_failed" = 0 ] && [ "$suite_passed" -gt 0 ]
}
