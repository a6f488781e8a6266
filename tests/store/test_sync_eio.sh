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
bad=0
# Files are synced by fdatasync; of a folder's fsync SQLite ignores the
# outcome.
for when in 1 2 3 5 8; do
	mkdir "$scratch/$when"
	"$driver" "$scratch/$when" init || bad=1
	strace -f -qq -o "$scratch/trace" -e trace=fdatasync \
	    -e inject=fdatasync:error=EIO:when=$when \
	    "$driver" "$scratch/$when" post >"$scratch/answers"
	acked=$(grep -c '^ok' "$scratch/answers")
	after=$(sed -n '/^refused/,$p' "$scratch/answers" | grep -c '^ok')
	stored=$("$driver" "$scratch/$when" count)
	n=$((n + 1))
	if [ "$bad" = 0 ] && [ "$after" = 0 ] && grep -q '^refused' \
	    "$scratch/answers" && [ "$stored" -ge "$acked" ]; then
		echo "ok $n - sync $when fails: $acked acknowledged, $stored stored"
	else
		echo "not ok $n - sync $when fails: $acked acknowledged, $after after it, $stored stored"
	fi
done
echo "1..$n"
