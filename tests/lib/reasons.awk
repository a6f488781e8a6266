# A test's log as the reasons of its failures: for each "FAIL: FILE N - NAME"
# and, behind "  | ", at most 14 lines of what the test said of it.
#
#	awk -v file=tests/flow/test_x.py -f reasons.awk tests/flow/test_x.log
#
# pytest, cmocka and the lints say it behind "not ok", as comments; a line
# "# ---" ends the reason, what follows is the detail.  What died without one
# said it at its end, or in a sanitizer's report.

BEGIN { limit = 14 }

function failed(what) {
	print "FAIL: " file " " what
	left = limit
	told++
}

function because(line) {
	print "  | " substr(line, 1, 300)
	left--
}

/^(PASS|SKIP|XFAIL|FAIL|XPASS): / { next }

/^ERROR: / {
	died = substr($0, index($0, " - ") + 3)
	next
}

/^not ok / && !/# TODO/ {
	sub(/^not ok /, "")
	failed($0)
	next
}

/^Bail out!/ {
	failed($0)
	next
}

/^ok / || /^# ---/ { left = 0 }

/^#/ && left > 0 { because(substr($0, 3)) }

# A program's own standard error; what pytest quotes of one is a comment.
/^[^#]*(ERROR: [A-Za-z]*Sanitizer|WARNING: ThreadSanitizer|runtime error:)/ {
	report = 1
}

report && reported < limit - 1 { reports[reported++] = $0 }

{ last[n++ % limit] = $0 }

END {
	if (reported == 0 && (told > 0 || died == ""))
		exit
	failed(died == "" ? "met a sanitizer" : died)
	for (i = 0; i < reported; i++)
		because(reports[i])
	for (i = n > limit ? n - limit : 0; i < n && reported == 0; i++)
		because(last[i % limit])
}
