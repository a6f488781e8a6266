#include "config.h"

#include <stdio.h>
#include <string.h>

#include "core/outcome.h"

static const struct {
	enum outcome_class class;
	bool timed_out;
	bool is_destination;
	const char *text;
} ends[OUTCOME_ENDS] = {
	[OUTCOME_ANSWERED] = { OUTCOME_CLASS_RECEIVER, false, false, "" },
	[OUTCOME_DENIED] = { OUTCOME_CLASS_US, false, false,
	    "the target's address is not allowed" },
	[OUTCOME_UNRESOLVED] = { OUTCOME_CLASS_NETWORK, false, true,
	    "the name does not resolve, or its address is not allowed" },
	[OUTCOME_REFUSED] = { OUTCOME_CLASS_NETWORK, false, true,
	    "the connection was refused" },
	[OUTCOME_CONNECT_TIMEOUT] = { OUTCOME_CLASS_NETWORK, true, true,
	    "no connection in time" },
	[OUTCOME_TIMEOUT] = { OUTCOME_CLASS_RECEIVER, true, true,
	    "no answer in time" },
	[OUTCOME_TLS] = { OUTCOME_CLASS_RECEIVER, false, true,
	    "TLS handshake or certificate failed" },
	[OUTCOME_RESET] = { OUTCOME_CLASS_NETWORK, false, true,
	    "the connection broke before a whole answer" },
	[OUTCOME_MALFORMED] = { OUTCOME_CLASS_RECEIVER, false, false,
	    "the answer is not HTTP as we take it" },
	[OUTCOME_OURS] = { OUTCOME_CLASS_US, false, false,
	    "the attempt could not be made here" },
};

const char *
outcome_class_name(enum outcome_class c)
{
	static const char *const names[OUTCOME_CLASSES] = { "none", "receiver",
		"network", "us" };

	return names[c];
}

static const char *
status_text(int status)
{
	if (status == 410)
		return "gone: the receiver wants no more";
	if (status == 429)
		return "the receiver asks to slow down";
	if (status >= 500)
		return "the receiver failed";
	if (status >= 400)
		return "the receiver refused it";
	if (status >= 300)
		return "the receiver redirects, which is not followed";
	return "the receiver gave no final status";
}

static struct outcome
failed(enum outcome_end end, int code, const char *text)
{
	struct outcome o = { .verdict = OUTCOME_AGAIN,
		.class = ends[end].class,
		.code = code,
		.timed_out = ends[end].timed_out,
		.is_destination = ends[end].is_destination };

	(void)snprintf(o.text, sizeof(o.text), "%s", text);
	return o;
}

bool
outcome_obeys_retry_after(int status)
{
	return status == 429 || status == 503;
}

struct outcome
outcome_of(enum outcome_end end, int status)
{
	struct outcome o;

	if (end != OUTCOME_ANSWERED)
		return failed(end, 0, ends[end].text);
	if (status >= 200 && status <= 299)
		return (struct outcome){ .verdict = OUTCOME_DELIVERED,
			.class = OUTCOME_CLASS_NONE,
			.code = status };
	if (status < 100 || status > 599)
		return failed(OUTCOME_MALFORMED, 0,
		    ends[OUTCOME_MALFORMED].text);

	o = failed(end, status, status_text(status));
	if (status == 410)
		o.verdict = OUTCOME_GONE;
	o.is_destination = status >= 500;
	o.obeys_retry_after = outcome_obeys_retry_after(status);
	return o;
}

bool
outcome_is_destination(const struct outcome *o)
{
	return o->is_destination;
}
