# Every lint can fail: each is shown a small tree that is in order, then the
# same tree with everything wrong that it looks for, and must find each.
. "$(dirname "$0")/lib.sh"

top=$srcdir
case $top in
/*) ;;
*) top=$(pwd) ;;
esac

# A tree with a bit of everything, in order.
sound() {
	rm -rf "$scratch/tree"
	mkdir -p "$scratch/tree/src/core" "$scratch/tree/src/base" \
	    "$scratch/tree/src/store" "$scratch/tree/man" \
	    "$scratch/tree/src/app" "$scratch/tree/src/cmd" \
	    "$scratch/tree/tests/unit" "$scratch/tree/etc"
	cd "$scratch/tree" || exit 99
	cat >Makefile.am <<-'END'
		src/core/thing.c src/core/thing.h src/base/err.h \
		src/core/thing_twice.c \
		src/app/app_conf_table.c src/cmd/ctl_event.c \
		tests/unit/test_thing
	END
	cat >src/base/err.h <<-'END'
		#ifndef BASE_ERR_H
		#define BASE_ERR_H
		enum rc { RC_OK };
		#endif
	END
	cat >src/core/thing.h <<-'END'
		#ifndef CORE_THING_H
		#define CORE_THING_H
		#include "base/err.h"
		enum rc thing_put(int n);
		enum rc thing_twice(int n);
		#endif
	END
	cat >src/core/thing.c <<-'END'
		#include "core/thing.h"
		/* A URL such as http://example.com/ is no comment, "nor this". */
		enum rc
		thing_put(int n)
		{
			return n > '"' ? RC_OK : "// malloc(1)"[0];
		}
		int
		thing_spare(void)
		{
			return 0;
		}
	END
	cat >src/core/thing_twice.c <<-'END'
		#include "core/thing.h"
		enum rc
		thing_twice(int n)
		{
			return thing_put(n) + thing_put(n);
		}
	END
	cat >src/app/app_conf_table.c <<-'END'
		static const struct conf_key keys[] = {
			{ .name = "server.threads",
			    .doc = "one" },
		};
	END
	cat >src/app/app_conf.h <<-'END'
		#ifndef APP_APP_CONF_H
		#define APP_APP_CONF_H
		#endif
	END
	echo ' src/app/app_conf.h' >>Makefile.am
	cat >src/cmd/ctl_event.c <<-'END'
		static const struct ctl_option list_options[] = {
			{ .name = "status", .arg = "STATUS", .doc = "of it" },
		};
		static const struct ctl_cmd cmds[] = {
			{ .verb = "list" },
		};
		const struct ctl_noun ctl_event = { "event", "events", cmds, 1 };
	END
	printf '.It Sy server.threads\n' >man/hls.yaml.5
	printf '.It Ic event list Op Fl -status Ar s\n' >man/hlsctl.8
	printf 'server:\n  threads: 1\n' >etc/hls.yaml
	echo ' man/hls.yaml.5 man/hlsctl.8' >>Makefile.am
	cat >tests/unit/test_thing.c <<-'END'
		#include "core/thing.h"
		int
		main(void)
		{
			return (int)thing_twice(1);
		}
	END
}

# built: the objects of the tree, for the lint that reads them.
built() {
	for file in src/*/*.c; do
		${LINT_CC:-cc} -I src -c -o "${file%.c}.o" "$file"
	done >/dev/null 2>&1
}

# looks LINT: what it says of the tree goes to "out".
looks() {
	[ "$1" != circles ] || built
	builddir=$scratch/tree srcdir=$scratch/tree \
	    sh "$lint/$1.sh" >"$scratch/out" 2>&1
}

# passes LINT: the sound tree is to its taste.
passes() {
	sound
	looks "$1"
	grep -E '^not ok|^Bail' "$scratch/out" | sed "s/^/$1: /" |
	    rule "$1 passes a tree in order"
}

# catches LINT RULE FILE [WORDS] < what FILE holds: a rule of that name must
# find it and name the words, or else the file.  The lint looks once for all,
# when those of the next begin; an exception of "circles" would excuse the
# circles beside it.  It often ends a pipe, in a shell of its own, so what it
# knows is in files.
catches() {
	if [ "$1" = circles ] || [ "$1" != "$(cat "$scratch/wrong")" ]; then
		judged
		sound
		echo "$1" >"$scratch/wrong"
	fi
	cd "$scratch/tree" || exit 99
	mkdir -p "$(dirname "$3")"
	cat >>"$3"
	printf '%s\t%s\n' "$2" "${4-$3}" >>"$scratch/wanted"
}

# found RULE WORDS: among what the rule found.
found() {
	awk -v name="$1" -v words="$2" '
		/^(not )?ok / { on = /^not ok / && index($0, name) }
		/^# / && on && index($0, words) { seen = 1 }
		END { exit !seen }' "$scratch/out"
}

judged() {
	wrong=$(cat "$scratch/wrong")
	[ -n "$wrong" ] || return
	cd "$scratch/tree" || exit 99
	looks "$wrong"
	while IFS='	' read -r name words; do
		# Without its tool a lint finds nothing.
		if grep -q '^1..0 # SKIP' "$scratch/out" ||
		    found "$name" "$words"; then
			:
		else
			sed "s/^/$wrong: /" "$scratch/out"
		fi | rule "$wrong catches: $name: $words"
	done <"$scratch/wanted"
	rm "$scratch/wanted"
}
: >"$scratch/wrong"

for name in layers circles headers sizes calls sql lists names prototypes docs; do
	passes $name
done

catches layers 'only what the table' src/base/err.c <<'END'
#include "core/thing.h"
END
catches layers 'only what the table' src/nowhere/x.c <<'END'
#include "base/err.h"
END
catches layers 'private header' src/app/x.c <<'END'
#include "store/store_int.h"
END
catches layers 'third party' src/core/x.c <<'END'
#include <sqlite3.h>
END
catches circles 'call each other' src/core/thing.c <<'END'
enum rc thing_again(int n) { return thing_twice(n); }
END
catches circles 'include each other' src/base/err.h <<'END'
#include "core/thing.h"
END
catches circles 'exception is needed' tests/lint/exceptions <<'END'
circle src/core/thing_twice.c src/core/thing.c
END
catches headers 'compiles alone' src/core/lone.h <<'END'
#ifndef CORE_LONE_H
#define CORE_LONE_H
size_t lone(void);
#endif
END
catches headers 'guarded' src/core/odd.h <<'END'
#ifndef ODD_H
#define ODD_H
#endif
END
catches headers 'has a header' src/core/bare.c <<'END'
int bare;
END
awk 'BEGIN { for (i = 0; i < 801; i++) print "int v" i ";" }' |
    catches sizes 'over 800' src/core/long.c
awk 'BEGIN { print "int\nf(int a)\n{"
	for (i = 0; i < 101; i++) print "\ta++;"
	print "\treturn a;\n}" }' |
    catches sizes 'over 100' src/core/long.c
awk 'BEGIN { print "int\nf(int a)\n{"
	for (i = 0; i < 21; i++) print "\tif (a == " i ")\n\t\ta++;"
	print "\treturn a;\n}" }' |
    catches sizes 'complexity' src/core/knot.c
catches sizes 'more than 7' src/core/wide.c <<'END'
int
wide(int a, int b, int c, int d,
    int e, int f, int g, int h)
{
	return a;
}
END
catches sizes 'deeper than 4' src/core/deep.c <<'END'
int
deep(int a)
{
	if (a) {
		if (a) {
			if (a) {
				if (a) {
					if (a) {
						a++;
					}
				}
			}
		}
	}
	return a;
}
END
for name in sprintf strcpy strcat strncpy strtok gets atoi system popen \
    localtime gmtime strerror rand; do
	echo "void f(void) { (void)$name(0); }" |
	    catches calls 'no banned call' src/core/x.c "$name("
done
for name in malloc calloc realloc strdup; do
	echo "void f(void) { (void) $name (0); }" |
	    catches calls 'memory comes' src/core/x.c "$name ("
done
catches calls 'time comes' src/core/x.c <<'END'
long f(void) { return time(0); }
END
catches calls 'no // comment' src/core/x.c <<'END'
int x; // a comment
END
catches calls 'TODO' src/core/x.c <<'END'
/* TODO: some day */
END
catches calls 'sets the clock' tests/flow/x.py <<'END'
subprocess.run("date -s tomorrow", shell=True)
END
catches calls 'sets the clock' tests/unit/x.c <<'END'
void f(void) { settimeofday(0, 0); }
END
catches sql 'statement tables' src/store/store_sqlite.c <<'END'
const char *q = "SELECT id FROM event";
END
catches sql 'statement tables' src/core/x.c <<'END'
const char *q = "  UPDATE job SET state = 1";
END
catches sql 'formatted' src/store/store_sqlite_stmt.c <<'END'
char *f(void) { return sqlite3_mprintf("x"); }
END
catches lists 'test program' tests/unit/test_lost.c </dev/null
catches lists 'flow test' tests/flow/test_lost.py </dev/null
catches lists 'man page' man/lost.1 </dev/null
catches lists 'source is' src/core/lost.c </dev/null
catches lists 'everything listed' man/Makefile.inc man/gone.8 <<'END'
dist_man_MANS = man/gone.8
END
catches lists 'document names' README.md <<'END'
See `src/core/gone.c`.
END
catches man 'mandoc finds' man/bad.8 <<'END'
.Dd January 1, 2026
.Dt BAD 8
.Os
.Sh NAME
.Nm bad
.Bl -tag
END
catches man 'every page has' man/bad.8 <<'END'
.Sh NAME
END
catches names 'path of one' etc/x.conf <<'END'
include /home/somebody/x;
END
catches names 'registry' tests/peers/package-lock.json <<'END'
"resolved": "https://registry.example.com/x.tgz"
END
printf 'x \n' | catches names 'white space' etc/x.conf
catches prototypes 'is there' src/core/more.h <<'END'
int more_find(int a);
END
catches prototypes 'is wanted' src/core/more.h <<'END'
int thing_spare(void);
END
catches docs 'key is in hls.yaml(5)' src/app/app_conf_table.c \
    server.more <<'END'
	{ .name = "server.more",
	    .doc = "two" },
END
catches docs 'no other key' man/hls.yaml.5 server.gone <<'END'
.It Sy server.gone
END
catches docs 'in the shipped' src/app/app_conf_table.c server.other <<'END'
	{ .name = "server.other",
	    .doc = "two" },
END
catches docs 'every command' src/cmd/ctl_queue.c 'queue retry' <<'END'
static const struct ctl_cmd cmds[] = {
	{ .verb = "retry" },
};
const struct ctl_noun ctl_queue = { "queue", "the queue", cmds, 1 };
END
catches docs 'no other command' man/hlsctl.8 'event forget' <<'END'
.It Ic event forget
END
catches docs 'every option' src/cmd/ctl_event.c --since <<'END'
	{ .name = "since", .arg = "TIME", .doc = "from then" },
END
catches docs 'has the metrics' src/stats/metrics.c hls_secrets_total <<'END'
	{ "hls_secrets_total", "counter", write_secrets, 0,
END
catches docs 'has the routes' src/front/router.c /secrets/{} <<'END'
	{ "GET", "/secrets/{}", page_secrets, 0 },
END
judged
plan
