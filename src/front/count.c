#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/meter.h"
#include "base/xalloc.h"
#include "front/count.h"
#include "front/router.h"
#include "stats/posts.h"

#define STATUS_MAX 599
#define LABELS_MAX 512
#define NAME_MAX_SIZE 300

/* Found at the first request of their kind; whoever else finds them too gets
 * the same. */
struct count_route {
	_Atomic(struct meter_histogram *) times;
	_Atomic(struct meter_figure *) requests[STATUS_MAX + 1];
};

struct count {
	struct meter *meter;
	struct count_route *routes; /* one for each, and one for none */
};

struct count *
count_new(struct meter *m)
{
	struct count *c = xcalloc(1, sizeof(*c));

	c->meter = m;
	c->routes = xcalloc(router_index(NULL) + 1, sizeof(*c->routes));
	return c;
}

void
count_free(struct count *c)
{
	if (c == NULL)
		return;
	free(c->routes);
	free(c);
}

static void
label_route(struct buf *labels, const struct router_route *r)
{
	char name[NAME_MAX_SIZE] = "other";

	if (r != NULL)
		(void)snprintf(name, sizeof(name), "%s %s", r->method, r->path);
	meter_label(labels, "route", name);
}

static struct meter_histogram *
find_times(struct count *c, const struct router_route *route)
{
	struct meter_histogram *h;
	struct buf labels;

	buf_init(&labels, LABELS_MAX);
	label_route(&labels, route);
	h = meter_histogram(c->meter, "hls_http_request_duration_seconds",
	    buf_str(&labels), METER_TIMES);
	buf_fini(&labels);
	return h;
}

static struct meter_figure *
find_requests(struct count *c, const struct router_route *route, int status)
{
	struct meter_figure *f;
	struct buf labels;
	char text[16] = "none";

	if (status > 0)
		(void)snprintf(text, sizeof(text), "%d", status);
	buf_init(&labels, LABELS_MAX);
	label_route(&labels, route);
	meter_label(&labels, "status", text);
	f = meter_find(c->meter, "hls_http_requests_total", buf_str(&labels),
	    METER_PLAIN);
	buf_fini(&labels);
	return f;
}

void
count_request(struct count *c, const struct router_route *route, int status,
    int64_t took_us)
{
	struct count_route *r = &c->routes[router_index(route)];
	struct meter_histogram *times = atomic_load(&r->times);
	struct meter_figure *requests;

	if (status < 0 || status > STATUS_MAX)
		status = 0;
	requests = atomic_load(&r->requests[status]);
	if (times == NULL) {
		times = find_times(c, route);
		atomic_store(&r->times, times);
	}
	if (requests == NULL) {
		requests = find_requests(c, route, status);
		atomic_store(&r->requests[status], requests);
	}
	meter_add(requests, 1);
	meter_observe(times, took_us);
}

void
count_post(struct count *c, const char *source, int status, bool is_signed)
{
	bool is_accepted = status < 300;
	struct buf labels;

	if (source == NULL)
		source = POSTS_NO_SOURCE;
	buf_init(&labels, LABELS_MAX);
	posts_label(&labels, source,
	    is_accepted ? NULL : posts_reason(status, is_signed), is_signed);
	meter_add(meter_find(c->meter,
		      is_accepted ? POSTS_ACCEPTED : POSTS_REFUSED,
		      buf_str(&labels), METER_PLAIN),
	    1);
	buf_fini(&labels);
}
