# What runs the tests gives the reason of each failure where it happens and at
# the end, and forgives a test under sanitizers that was only late.  It is shown
# a small build folder whose tests fail in each way that there is.
. "$(dirname "$0")/lib.sh"

top=$(pwd)
jobs=2
python=${PYTHON:-/usr/bin/python3}
[ -e build-aux/tap-driver.sh ] || skip 'no build-aux/tap-driver.sh is here'
"$python" -c 'import pytest' 2>/dev/null || skip 'pytest is not here'
PYTHONPATH=$top/tests/lib
export PYTHONPATH top python

build=$scratch/build
mkdir -p "$build/tests/flow" "$build/tests/unit" "$build/tests/lint"
cd "$build" || exit 99
srcdir=$build
export srcdir

# make check as automake has it: a driver for each test, then the sums.
printf 'check:\n\t@sh ./each $(TESTS)\n' >Makefile
cat >each <<'END_OF_EACH'
for t; do
	run=sh
	[ "$t" = "${t%.py}" ] ||
	    run="$python -B -m pytest -p no:cacheprovider -p pytest_tap"
	sh "$top/tests/lib/tap_driver.sh" "$top/build-aux/tap-driver.sh" \
	    --test-name "$t" --log-file "${t%.*}.log" --trs-file "${t%.*}.trs" \
	    --color-tests no --enable-hard-errors yes --expect-failure no \
	    --merge -- $run "./$t"
	results="$results ${t%.*}.trs"
done
for result in PASS FAIL ERROR SKIP; do
	echo "# $result: $(cat $results | grep -c "^:test-result: $result")"
done
! grep -q '^:global-test-result: [FE]' $results
END_OF_EACH

cat >tests/flow/test_broken.py <<'END_OF_TEST'
import pytest
from waiting import wait_for

@pytest.fixture
def unmade():
    raise KeyError("nothing to begin with")

@pytest.fixture
def uncleared():
    yield
    raise RuntimeError("it still runs")

def test_good():
    pass

def test_compares():
    assert [1, 2] == [1, 3]

def test_waits():
    wait_for(lambda: None, 0.01, "water boils")

def test_begins(unmade):
    pass

def test_ends(uncleared):
    pass
END_OF_TEST
cat >tests/unit/test_small <<'END_OF_TEST'
printf '1..2\nok 1 - same\nnot ok 2 - other\n# 0x1 != 0x2\n'
printf '# test_small.c:7: error: Failure!\n'
END_OF_TEST
cat >tests/unit/test_dies <<'END_OF_TEST'
printf '1..1\nok 1 - all\n==7==ERROR: LeakSanitizer: detected memory leaks\n'
printf 'Direct leak of 9 byte(s)\n'
exit 23
END_OF_TEST
printf 'echo 1..1; echo not ok 1 - a rule; echo "# a.c:3: is wrong"\n' \
    >tests/lint/rules.sh
# The first time not in time.
cat >tests/flow/test_late <<'END_OF_TEST'
echo 1..2
echo ok 1 - soon
[ -e came ] && echo ok 2 - late && exit
touch came
printf 'not ok 2 - late\n# test_late.py:9: not within 5 s\n# ---\n# detail\n'
END_OF_TEST
sed 's/came/went/; s/# detail/# ERROR: AddressSanitizer: overflow/' \
    tests/flow/test_late >tests/flow/test_wrong

# ran ALONE TEST...: what CI would print, into $scratch/said.
ran() {
	(
		set -eu
		suite_reasons=$build/reasons
		. "$top/tests/lib/suite.sh"
		suite_alone=$1
		shift
		suite_run "$build" TESTS="$*"
		suite_end
	) >"$scratch/said" 2>&1
}

# says WHERE TEXT: a finding unless what was said has it there.
says() {
	case $1 in
	at_once) sed '/^seconds of/,$d' "$scratch/said" ;;
	*) tac "$scratch/said" | sed '/^--- /,$d' | tac ;;
	esac >"$scratch/part"
	grep -qF -- "$2" "$scratch/part" || {
		printf 'not said %s: %s\n' "$1" "$2"
		cat "$scratch/part"
	}
}

ends() {
	[ "$(tail -n 1 "$scratch/said")" = "$1" ] || tail -n 40 "$scratch/said"
}

ran '' tests/flow/test_broken.py
{
	for where in at_once at_end; do
		says $where 'FAIL: tests/flow/test_broken.py 2 - test_compares'
		says $where '  | tests/flow/test_broken.py:17: assert [1, 2]'
		says $where 'test_broken.py:20: '
		says $where 'waiting.Late: not within 0.0 s: water boils'
		says $where "KeyError: 'nothing to begin with'"
		says $where 'RuntimeError: it still runs'
	done
	ends '2 passed, 4 failed'
} | rule 'the reason of a flow test is given at once and at the end'

ran '' tests/unit/test_small tests/unit/test_dies tests/lint/rules.sh
{
	for where in at_once at_end; do
		says $where 'FAIL: tests/unit/test_small 2 - other'
		says $where '  | 0x1 != 0x2'
		says $where '  | test_small.c:7: error: Failure!'
		says $where '  | a.c:3: is wrong'
		says $where '  | ==7==ERROR: LeakSanitizer: detected memory leaks'
		says $where '  | Direct leak of 9 byte(s)'
	done
	ends '2 passed, 3 failed'
} | rule 'the reason of a program and of a lint is given likewise'

ran '' tests/flow/test_late
ends '1 passed, 1 failed' | rule 'what was late once is a failure'
rm came

ran yes tests/flow/test_late tests/unit/test_small
{
	says at_end 'passed only alone: tests/flow/test_late'
	says at_end '  | test_late.py:9: not within 5 s'
	says at_end 'FAIL: tests/unit/test_small 2 - other'
	ends '3 passed, 1 failed'
} | rule 'under sanitizers what passes alone counts as passed, and is named'

ran yes tests/flow/test_wrong
{
	says at_end 'FAIL: tests/flow/test_wrong 2 - late'
	ends '1 passed, 1 failed'
} | rule "a sanitizer's report stays a failure, whatever passes alone"

printf 'check:\n\t@echo "a.c:1: error: no such thing"; exit 1\n' >Makefile
ran '' tests/flow/test_late
{
	says at_end 'FAIL: make check in build'
	says at_end '  | a.c:1: error: no such thing'
	ends '0 passed, 1 failed'
} | rule 'what does not compile is a failure with its reason'

plan
