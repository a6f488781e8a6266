#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_int.h"
#include "store/store_metrics.h"

const int64_t store_answer_bounds[STORE_ANSWER_BOUNDS] = { 10, 50, 100, 500,
	1000, 2000, 5000, INT64_MAX };

size_t
store_answer_bucket(int64_t took_ms)
{
	size_t i = 0;

	while (took_ms > store_answer_bounds[i])
		i++;
	return i;
}

struct meter *
store_meter(struct store *s)
{
	return s->engine->meter(s->impl);
}

enum rc
store_metrics(struct store *s, int64_t now_ms, struct store_metrics *out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_METRICS, us,
	    s->engine->metrics(s->impl, now_ms, out, e));
}

enum rc
store_figures(struct store *s, struct store_metrics *out, struct err *e)
{
	return store_metrics(s, 0, out, e);
}

void
store_metrics_free(struct store_metrics *m)
{
	size_t i;

	for (i = 0; i < m->nwebhooks; i++)
		free(m->webhooks[i].id);
	free(m->webhooks);
	for (i = 0; i < m->nfigures; i++) {
		free(m->figures[i].name);
		free(m->figures[i].labels);
	}
	free(m->figures);
	memset(m, 0, sizeof(*m));
}
