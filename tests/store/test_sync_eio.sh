#!/bin/sh
# A sync that the kernel itself fails: nothing is acknowledged after it.
# The driver posts ten events one by one and prints "ok" or "refused".

driver=${builddir:-.}/tests/store/post_ten
scratch=$(mktemp -d "${TMPDIR:-/tmp}/hls-sync-XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT

if ! strace -qq -o "$scratch/trace" -e trace=none true 2>/dev/null; then
	echo "1..0 # SKIP strace may not trace here"
	exit 0
fi

n=0

# The first three of fdatasync are the empty log, the note of whose log it is,
# and the log's header with the first post.  The log's folder is synced by fsync.
for fail in fdatasync:1 fsync:1 fdatasync:2 fdatasync:3 fdatasync:4 \
    fdatasync:5 fdatasync:8; do
	call=${fail%:*}
	when=${fail#*:}
	n=$((n + 1))
	mkdir "$scratch/$n"
	"$driver" "$scratch/$n" init || exit 99
	strace -f -qq -o "$scratch/trace" -e trace="$call" \
	    -e inject="$call":error=EIO:when="$when" \
	    "$driver" "$scratch/$n" post >"$scratch/answers"
	acked=$(grep -c '^ok' "$scratch/answers")
	after=$(sed -n '/^refused/,$p' "$scratch/answers" | grep -c '^ok')
	stored=$("$driver" "$scratch/$n" count)
	says="$call $when fails: $acked acknowledged, $after after it, $stored stored"
	if [ "$after" = 0 ] && [ "$stored" -ge "$acked" ] &&
	    grep -q '^refused' "$scratch/answers"; then
		echo "ok $n - $says"
	else
		echo "not ok $n - $says"
	fi
done
echo "1..$n"
