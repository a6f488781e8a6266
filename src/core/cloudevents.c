#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/cloudevents.h"
#include "core/event.h"

static const char *const names[CLOUDEVENTS_HEADERS] = {
	[CLOUDEVENTS_SPECVERSION] = "ce-specversion",
	[CLOUDEVENTS_ID] = "ce-id",
	[CLOUDEVENTS_SOURCE] = "ce-source",
	[CLOUDEVENTS_TYPE] = "ce-type",
	[CLOUDEVENTS_TIME] = "ce-time",
	[CLOUDEVENTS_SUBJECT] = "ce-subject",
};

const char *
cloudevents_name(enum cloudevents_header h)
{
	return names[h];
}

/* HTTP binding, 3.1.3.2: space, double quote, percent and all that is not
 * printable ASCII, each byte of its UTF-8. */
static void
encode(const char *text, struct buf *out)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~' || *p == '"' || *p == '%')
			buf_addf(out, "%%%02X", *p);
		else
			buf_add(out, p, 1);
	}
}

void
cloudevents_value(enum cloudevents_header h, const struct event *ev,
    struct buf *out)
{
	char time[CLOCK_TEXT_SIZE];

	switch (h) {
	case CLOUDEVENTS_SPECVERSION:
		buf_add_str(out, "1.0");
		break;
	case CLOUDEVENTS_ID:
		encode(ev->public_id, out);
		break;
	case CLOUDEVENTS_SOURCE:
		buf_add_str(out, "/sources/");
		encode(ev->source, out);
		break;
	case CLOUDEVENTS_TYPE:
		encode(ev->type, out);
		if (ev->action != NULL && ev->action[0] != '\0') {
			buf_add_str(out, ".");
			encode(ev->action, out);
		}
		break;
	case CLOUDEVENTS_TIME:
		clock_format(ev->received_ms, time);
		encode(time, out);
		break;
	case CLOUDEVENTS_SUBJECT:
		if (ev->repository != NULL &&
		    strcmp(ev->repository, "unknown") != 0)
			encode(ev->repository, out);
		break;
	}
}
