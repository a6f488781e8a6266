#!/bin/sh
#
# tap_driver - automake's TAP driver, then the reasons of what failed
#
#	tap_driver.sh DRIVER --test-name FILE --log-file LOG ... -- TEST...
#
# The driver prints that a test failed; why stands only in the log, which is
# complete when the driver ends.  Adds a line "SECONDS FILE" to check-times.
lib=$(dirname "$0")
driver=$1
shift
began=$(date +%s)
${SHELL:-/bin/sh} "$driver" "$@"
status=$?
file=
log=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	case $1 in
	--test-name) file=$2 ;;
	--log-file) log=$2 ;;
	esac
	shift
done
printf '%4d %s\n' $(($(date +%s) - began)) "$file" >>check-times
reasons=$(awk -v file="$file" -f "$lib/reasons.awk" "$log" | head -n 120)
# Behind bars, since each failure has been counted by its own line.
[ -z "$reasons" ] || printf '%s\n' "$reasons" | sed 's/^FAIL:/  | FAIL:/'
exit $status
