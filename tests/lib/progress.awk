# make check's output as progress: a line when a program's first result
# comes and at every fiftieth, and at once whatever failed, with its reason
# behind a bar, or was skipped.

/^(PASS|XFAIL): / {
	seen[$2]++
	total++
	if (seen[$2] == 1)
		printf "  %5d  %s\n", total, $2
	else if (seen[$2] % 50 == 0)
		printf "  %5d  %s, %d so far\n", total, $2, seen[$2]
	fflush()
	next
}

/^(FAIL|ERROR|XPASS|SKIP): / || /^  \| / || /(error|warning): / {
	print
	fflush()
}
