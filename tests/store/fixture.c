#include "config.h"

#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/webhook.h"
#include "tests/store/fixture.h"

static int64_t
wall(void *arg)
{
	return ((struct fix *)arg)->wall_ms;
}

static int64_t
boot(void *arg)
{
	return ((struct fix *)arg)->boot_ms;
}

#define MUST(f, call) assert_ok((f), (call), #call)

static void
assert_ok(struct fix *f, enum rc rc, const char *call)
{
	if (rc != RC_OK)
		fail_msg("%s: %s: %s", call, err_name(rc), f->e.text);
}

void
fix_open_as(struct fix *f, const char *prefix)
{
	char url[300];

	(void)snprintf(url, sizeof(url), "%s%s", prefix, f->url);
	f->opt.url = url;
	MUST(f, store_open(&f->opt, &f->s, &f->e));
	f->opt.url = f->url;
}

void
fix_open(struct fix *f)
{
	fix_open_as(f, "");
}

void
fix_close(struct fix *f)
{
	store_close(f->s);
	f->s = NULL;
}

/* The store is somebody else's too, so its end empties nothing. */
void
fix_kill(struct fix *f)
{
	char *run = fix_beside(f, "-run");
	int fd = open(run, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	fix_close(f);
	(void)close(fd);
	free(run);
}

void
fix_init(struct fix *f)
{
	const char *scheme = getenv("STORE_SCHEME");
	bool made;
	char *says;

	memset(f, 0, sizeof(*f));
	(void)snprintf(f->dir, sizeof(f->dir), "%s/hls-store-XXXXXX",
	    getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/hls.db", f->dir);
	(void)snprintf(f->url, sizeof(f->url), "%s%s",
	    scheme != NULL ? scheme : "sqlite:", f->path);
	(void)snprintf(f->key, sizeof(f->key), "%s/hls.key", f->dir);
	f->wall_ms = FIX_NOW;
	f->boot_ms = 1000;
	f->clock.wall_ms = wall;
	f->clock.boot_ms = boot;
	f->clock.arg = f;
	(void)snprintf(f->clock.boot_id, sizeof(f->clock.boot_id), "boot-1");
	f->opt.url = f->url;
	f->opt.key_file = f->key;
	f->opt.queue_bytes = 64 << 20;
	f->opt.clock = &f->clock;
	f->opt.readers = 2;
	MUST(f, store_init(&f->opt, &made, &says, &f->e));
	assert_true(made);
	free(says);
	fix_open(f);
}

void
fix_empty(struct fix *f)
{
	struct dirent *entry;
	char path[600];
	DIR *d;

	fix_close(f);
	d = opendir(f->dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir,
		    entry->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		(void)closedir(d);
}

void
fix_fini(struct fix *f)
{
	fix_empty(f);
	(void)rmdir(f->dir);
}

int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fix_init(f);
	*state = f;
	return 0;
}

int
fix_teardown(void **state)
{
	fix_fini(*state);
	free(*state);
	return 0;
}

void
fix_pass(struct fix *f, int64_t ms)
{
	f->wall_ms += ms;
	f->boot_ms += ms;
}

char *
fix_beside(const struct fix *f, const char *suffix)
{
	return xasprintf("%s%s", f->path, suffix);
}

struct event *
fix_event(const struct fix *f, const char *delivery_id)
{
	struct event *ev = event_new();
	char body[256];

	(void)snprintf(body, sizeof(body), "{\"id\":\"%s\"}", delivery_id);
	ev->source = xstrdup("github");
	ev->provider = xstrdup("github");
	ev->delivery_id = xstrdup(delivery_id);
	ev->type = xstrdup("issues");
	ev->action = xstrdup("opened");
	ev->repository = xstrdup("octo/repo");
	ev->content_type = xstrdup("application/json");
	ev->priority = 5;
	ev->received_ms = f->wall_ms;
	ev->body = xstrdup(body);
	ev->bodysz = strlen(body);
	return ev;
}

enum rc
fix_accept(struct fix *f, struct event *ev, struct store_receipt *out)
{
	struct store_receipt ignored;

	return store_accept(f->s, ev, 5000, out != NULL ? out : &ignored,
	    &f->e);
}

int64_t
fix_put(struct fix *f, const char *delivery_id)
{
	struct store_receipt r;

	MUST(f, fix_accept(f, fix_event(f, delivery_id), &r));
	return r.id;
}

struct webhook *
fix_webhook(const char *id)
{
	struct webhook *w = webhook_new();

	w->id = xstrdup(id);
	w->url = xstrdup("https://example.com/hook");
	secret_put_str(&w->secret, "a secret of some length");
	w->rate_limit = w->max_in_flight = w->timeout_ms = -1;
	w->enabled = true;
	w->created_ms = w->updated_ms = FIX_NOW;
	return w;
}

void
fix_register(struct fix *f, const char *id)
{
	struct webhook *w = fix_webhook(id);

	MUST(f, store_webhook_put(f->s, w, &f->e));
	webhook_free(w);
}

void
fix_expand(struct fix *f, int64_t event, const char *const *targets)
{
	struct store_owed owed[16];
	struct store_expansion x = { .event = event, .jobs = owed };

	for (; targets[x.njobs] != NULL; x.njobs++) {
		assert_true(x.njobs < NELEM(owed));
		owed[x.njobs] =
		    (struct store_owed){ .target = targets[x.njobs] };
	}
	MUST(f, store_expand(f->s, &x, 1, f->wall_ms, &f->e));
}

int64_t
fix_job(struct fix *f, const char *delivery_id, const char *target)
{
	const char *const targets[] = { target, NULL };
	int64_t id = fix_put(f, delivery_id);

	fix_expand(f, id, targets);
	return id;
}

void
fix_lease(struct fix *f, size_t max, struct store_leases *out)
{
	struct store_lease_want want = { .worker = "w",
		.max = max,
		.max_per_target = max,
		.hold_ms = 60000 };
	int64_t next_ms;

	MUST(f, store_lease_due(f->s, f->wall_ms, &want, out, &next_ms, &f->e));
}

enum rc
fix_settle(struct fix *f, const struct store_lease *l,
    enum store_verdict verdict, int64_t again_ms, bool *fenced)
{
	struct store_result r;
	enum rc rc;

	memset(&r, 0, sizeof(r));
	r.job = l->job;
	r.token = l->token;
	r.verdict = verdict;
	r.again_ms = again_ms;
	r.attempt.started_ms = f->wall_ms;
	r.attempt.took_ms = 12;
	r.attempt.class =
	    verdict == STORE_DONE ? STORE_CLASS_NONE : STORE_CLASS_RECEIVER;
	r.attempt.code = verdict == STORE_DONE ? 200 : 500;
	r.attempt.text = verdict == STORE_DONE ? "" : "it answered 500";
	r.attempt.request.times = (struct store_times){ 100, 200, 0, 12000 };
	r.attempt.request.address = "192.0.2.1";
	r.attempt.request.answer = "well";
	r.attempt.request.answersz = 4;
	rc = store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e);
	if (fenced != NULL)
		*fenced = r.fenced;
	return rc;
}

void
fix_stats(struct fix *f, struct store_stats *out)
{
	MUST(f, store_stats(f->s, f->wall_ms, 300000, out, &f->e));
}

int
fix_status(struct fix *f, int64_t event)
{
	struct event *ev;
	int status;

	MUST(f, store_event_find(f->s, event, &ev, &f->e));
	status = (int)ev->status;
	event_free(ev);
	return status;
}

static void
finding(void *arg, const char *check, const char *text)
{
	(void)arg;
	/* The scratch store's key lies beside it, and not every test registers
	 * the webhooks that it makes jobs for. */
	if (text != NULL && strcmp(check, "key") != 0 &&
	    strcmp(check, "deleted") != 0)
		fail_msg("doctor: %s: %s", check, text);
}

void
fix_assert_sound(struct fix *f)
{
	struct store_stats st;
	int64_t events = 0, jobs = 0;
	size_t i;

	fix_stats(f, &st);
	for (i = 0; i < EVENT_STATUSES; i++)
		events += st.events[i];
	for (i = 0; i < STORE_STATES; i++)
		jobs += st.jobs[i];
	assert_int_equal(st.accepted, events + st.events_purged);
	assert_int_equal(st.jobs_owed, jobs + st.jobs_purged);
	MUST(f, store_doctor(f->s, finding, NULL, &f->e));
}
