#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/strlist.h"
#include "core/sample.h"

/* What is wanted when a registration wants everything. */
#define TYPE_OF_ALL "hls.test"

#define REPOSITORY                                                         \
	"\"repository\":{\"id\":1001,\"name\":\"sample\",\"full_name\":"   \
	"\"octo/sample\",\"private\":false,\"owner\":{\"login\":\"octo\"," \
	"\"id\":1,\"type\":\"User\"},\"html_url\":"                        \
	"\"https://github.com/octo/sample\",\"default_branch\":\"main\"}"
#define SENDER "\"sender\":{\"login\":\"octo\",\"id\":1,\"type\":\"User\"}"
#define USER "\"user\":{\"login\":\"octo\",\"id\":1,\"type\":\"User\"}"
#define SHA "0123456789abcdef0123456789abcdef01234567"
#define PULL_REQUEST                                                          \
	"\"pull_request\":{\"id\":3001,\"number\":7,\"state\":\"open\","      \
	"\"title\":\"A sample of hls\",\"body\":\"Nothing needs doing.\","    \
	"\"draft\":false,\"merged\":false,\"html_url\":"                      \
	"\"https://github.com/octo/sample/pull/7\",\"head\":{\"ref\":"        \
	"\"sample\",\"sha\":\"" SHA "\"},\"base\":{\"ref\":\"main\",\"sha\":" \
	"\"" SHA "\"}," USER "}"
#define ISSUE                                                               \
	"\"issue\":{\"id\":2001,\"number\":5,\"state\":\"open\",\"title\":" \
	"\"A sample of hls\",\"body\":\"Nothing needs doing.\",\"labels\":" \
	"[],\"comments\":0,\"html_url\":"                                   \
	"\"https://github.com/octo/sample/issues/5\"," USER "}"

/* The members of the body behind action. */
static const struct {
	const char *type;
	const char *action; /* when none is asked for; NULL: it has none */
	const char *members;
} samples[] = {
	{ "issues", "opened", ISSUE },
	{ "issue_comment", "created",
	    ISSUE ",\"comment\":{\"id\":2101,\"body\":\"A sample of hls\"," USER
		  "}" },
	{ "pull_request", "opened", "\"number\":7," PULL_REQUEST },
	{ "pull_request_review", "submitted",
	    "\"review\":{\"id\":3101,\"state\":\"approved\",\"body\":"
	    "\"A sample of hls\"," USER "}," PULL_REQUEST },
	{ "push", NULL,
	    "\"ref\":\"refs/heads/main\",\"before\":\"" SHA
	    "\",\"after\":\"" SHA "\",\"created\":false,\"deleted\":false,"
	    "\"forced\":false,\"commits\":[{\"id\":\"" SHA
	    "\",\"message\":\"A sample of hls\",\"author\":{\"name\":"
	    "\"Octo\",\"email\":\"octo@example.com\"},\"added\":[],"
	    "\"removed\":[],\"modified\":[\"README.md\"]}]" },
	{ "release", "published",
	    "\"release\":{\"id\":4001,\"tag_name\":\"v1.0.0\",\"name\":"
	    "\"A sample of hls\",\"draft\":false,\"prerelease\":false,"
	    "\"html_url\":"
	    "\"https://github.com/octo/sample/releases/tag/v1.0.0\"}" },
	{ "star", "created", "\"starred_at\":\"2026-01-01T00:00:00Z\"" },
	{ "workflow_run", "completed",
	    "\"workflow_run\":{\"id\":5001,\"name\":\"CI\",\"event\":"
	    "\"push\",\"status\":\"completed\",\"conclusion\":\"success\","
	    "\"head_branch\":\"main\",\"head_sha\":\"" SHA
	    "\",\"run_number\":42,\"html_url\":"
	    "\"https://github.com/octo/sample/actions/runs/5001\"}" },
};
#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static bool
is_of(const char *full, size_t at)
{
	size_t n = strlen(samples[at].type);

	if (strncmp(full, samples[at].type, n) != 0)
		return false;
	return full[n] == '\0' ||
	    (full[n] == '.' && samples[at].action != NULL &&
		strlen(full + n + 1) <= EVENT_ACTION_MAX);
}

static void
make_github(const char *full, size_t at, struct sample *sample, struct buf *out)
{
	const char *action = samples[at].action;
	size_t n = strlen(samples[at].type);

	memcpy(sample->type, samples[at].type, n + 1);
	sample->is_github = true;
	if (full[n] == '.')
		action = full + n + 1;
	buf_add_str(out, "{");
	if (action != NULL)
		buf_addf(out, "\"action\":\"%s\",", action);
	buf_addf(out, "%s,%s,%s}", samples[at].members, REPOSITORY, SENDER);
}

bool
sample_make(const char *full, int64_t now_ms, struct sample *sample,
    struct buf *out)
{
	struct js_writer w;
	size_t i;

	/* The characters of an event's name need no escape in JSON. */
	if (strlen(full) > SAMPLE_TYPE_MAX || *full == '\0' ||
	    strspn(full, EVENT_ALNUM "_.-") != strlen(full))
		return false;
	for (i = 0; i < N_SAMPLES; i++) {
		if (!is_of(full, i))
			continue;
		make_github(full, i, sample, out);
		return true;
	}
	if (!event_type_is_valid(full))
		return false;
	(void)snprintf(sample->type, sizeof(sample->type), "%s", full);
	sample->is_github = false;
	js_writer_init(&w, out);
	js_open_object(&w, NULL);
	js_str(&w, "type", full);
	js_bool(&w, "test", true);
	js_str(&w, "message",
	    "A test event of hls: nothing happened and nothing needs doing.");
	js_time(&w, "sent_at", now_ms);
	js_close_object(&w);
	return true;
}

const char *
sample_type_for(const struct strlist *patterns, char *out, size_t max)
{
	const char *pattern = patterns->n > 0 ? patterns->v[0] : "*";
	size_t n = strlen(pattern);

	if (n > 2 && strcmp(pattern + n - 2, ".*") == 0)
		n -= 2;
	if (strcmp(pattern, "*") == 0 || n >= max)
		return TYPE_OF_ALL;
	memcpy(out, pattern, n);
	out[n] = '\0';
	return out;
}
