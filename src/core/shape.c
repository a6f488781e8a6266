#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/shape.h"

/* The members of bodies, in the order of keys[]. */
enum {
	HAS_AFTER,
	HAS_ALERT,
	HAS_BRANCH,
	HAS_BUILD,
	HAS_CHECK_RUN,
	HAS_CHECK_SUITE,
	HAS_CLIENT_PAYLOAD,
	HAS_COMMENT,
	HAS_COMMITS,
	HAS_CONTEXT,
	HAS_DEPLOYMENT,
	HAS_DEPLOYMENT_STATUS,
	HAS_DISCUSSION,
	HAS_FORKEE,
	HAS_INPUTS,
	HAS_ISSUE,
	HAS_LABEL,
	HAS_MEMBER,
	HAS_MERGE_GROUP,
	HAS_MILESTONE,
	HAS_PACKAGE,
	HAS_PAGES,
	HAS_PULL_REQUEST,
	HAS_REF,
	HAS_REF_TYPE,
	HAS_REGISTRY_PACKAGE,
	HAS_RELEASE,
	HAS_REPOSITORY,
	HAS_REVIEW,
	HAS_SENDER,
	HAS_SHA,
	HAS_STARRED_AT,
	HAS_STATE,
	HAS_TEAM,
	HAS_THREAD,
	HAS_WORKFLOW,
	HAS_WORKFLOW_JOB,
	HAS_WORKFLOW_RUN,
	HAS_ZEN,
	HAS_HOOK,
	HAS_HOOK_ID,
	HAS_INSTALLATION,
	HAS_ORGANIZATION,
	HAS_MASTER_BRANCH
};

/* is_nullable: null is as good as a value.  Gitea writes null for what an
 * event has not, GitHub for what has no value. */
static const struct {
	const char *name;
	bool is_nullable;
} keys[] = {
	[HAS_AFTER] = { "after", false },
	[HAS_ALERT] = { "alert", false },
	[HAS_BRANCH] = { "branch", false },
	[HAS_BUILD] = { "build", false },
	[HAS_CHECK_RUN] = { "check_run", false },
	[HAS_CHECK_SUITE] = { "check_suite", false },
	[HAS_CLIENT_PAYLOAD] = { "client_payload", true },
	[HAS_COMMENT] = { "comment", false },
	[HAS_COMMITS] = { "commits", false },
	[HAS_CONTEXT] = { "context", false },
	[HAS_DEPLOYMENT] = { "deployment", false },
	[HAS_DEPLOYMENT_STATUS] = { "deployment_status", false },
	[HAS_DISCUSSION] = { "discussion", false },
	[HAS_FORKEE] = { "forkee", false },
	[HAS_INPUTS] = { "inputs", true },
	[HAS_ISSUE] = { "issue", false },
	[HAS_LABEL] = { "label", false },
	[HAS_MEMBER] = { "member", false },
	[HAS_MERGE_GROUP] = { "merge_group", false },
	[HAS_MILESTONE] = { "milestone", false },
	[HAS_PACKAGE] = { "package", false },
	[HAS_PAGES] = { "pages", false },
	[HAS_PULL_REQUEST] = { "pull_request", false },
	[HAS_REF] = { "ref", false },
	[HAS_REF_TYPE] = { "ref_type", false },
	[HAS_REGISTRY_PACKAGE] = { "registry_package", false },
	[HAS_RELEASE] = { "release", false },
	[HAS_REPOSITORY] = { "repository", false },
	[HAS_REVIEW] = { "review", false },
	[HAS_SENDER] = { "sender", false },
	[HAS_SHA] = { "sha", false },
	[HAS_STARRED_AT] = { "starred_at", true },
	[HAS_STATE] = { "state", false },
	[HAS_TEAM] = { "team", false },
	[HAS_THREAD] = { "thread", false },
	[HAS_WORKFLOW] = { "workflow", false },
	[HAS_WORKFLOW_JOB] = { "workflow_job", false },
	[HAS_WORKFLOW_RUN] = { "workflow_run", false },
	[HAS_ZEN] = { "zen", false },
	[HAS_HOOK] = { "hook", false },
	[HAS_HOOK_ID] = { "hook_id", false },
	[HAS_INSTALLATION] = { "installation", false },
	[HAS_ORGANIZATION] = { "organization", false },
	[HAS_MASTER_BRANCH] = { "master_branch", false },
};
_Static_assert(sizeof(keys) / sizeof(keys[0]) == SHAPE_WANTS,
    "each member is looked for");

#define B(k) (UINT64_C(1) << (k))
#define PLACES (B(HAS_REPOSITORY) | B(HAS_ORGANIZATION) | B(HAS_INSTALLATION))

/* What the body of a type has: all of these, one of these, none of these.  A
 * row with neither all nor any is of a type that has no member of its own. */
static const struct row {
	const char *type;
	uint64_t all, any, none;
} rows[] = {
	{ "check_run", B(HAS_CHECK_RUN), 0, B(HAS_DEPLOYMENT_STATUS) },
	{ "check_suite", B(HAS_CHECK_SUITE), 0, 0 },
	{ "code_scanning_alert", B(HAS_ALERT), 0, 0 },
	{ "commit_comment", B(HAS_COMMENT), 0,
	    B(HAS_ISSUE) | B(HAS_PULL_REQUEST) | B(HAS_DISCUSSION) },
	{ "create", B(HAS_REF) | B(HAS_REF_TYPE), 0, 0 },
	{ "delete", B(HAS_REF) | B(HAS_REF_TYPE), 0,
	    B(HAS_MASTER_BRANCH) | B(HAS_SHA) },
	{ "dependabot_alert", B(HAS_ALERT), 0, 0 },
	{ "deployment", B(HAS_DEPLOYMENT), 0,
	    B(HAS_DEPLOYMENT_STATUS) | B(HAS_WORKFLOW_JOB) },
	{ "deployment_status", B(HAS_DEPLOYMENT_STATUS), 0, 0 },
	{ "discussion", B(HAS_DISCUSSION), 0, B(HAS_COMMENT) },
	{ "discussion_comment", B(HAS_DISCUSSION) | B(HAS_COMMENT), 0, 0 },
	{ "fork", B(HAS_FORKEE), 0, 0 },
	{ "gollum", B(HAS_PAGES), 0, 0 },
	{ "issue_comment", B(HAS_ISSUE) | B(HAS_COMMENT), 0, 0 },
	{ "issues", B(HAS_ISSUE), 0, B(HAS_COMMENT) },
	{ "label", B(HAS_LABEL), 0,
	    B(HAS_ISSUE) | B(HAS_PULL_REQUEST) | B(HAS_DISCUSSION) },
	{ "member", B(HAS_MEMBER), 0, B(HAS_TEAM) },
	{ "membership", B(HAS_MEMBER) | B(HAS_TEAM), 0, 0 },
	{ "merge_group", B(HAS_MERGE_GROUP), 0, 0 },
	{ "milestone", B(HAS_MILESTONE), 0,
	    B(HAS_ISSUE) | B(HAS_PULL_REQUEST) },
	{ "package", B(HAS_PACKAGE), 0, 0 },
	{ "page_build", B(HAS_BUILD), 0, 0 },
	{ "ping", 0, B(HAS_ZEN) | B(HAS_HOOK) | B(HAS_HOOK_ID), 0 },
	{ "public", 0, 0, 0 },
	{ "pull_request", B(HAS_PULL_REQUEST), 0,
	    B(HAS_REVIEW) | B(HAS_THREAD) | B(HAS_COMMENT) },
	{ "pull_request_review", B(HAS_PULL_REQUEST) | B(HAS_REVIEW), 0, 0 },
	{ "pull_request_review_comment", B(HAS_PULL_REQUEST) | B(HAS_COMMENT),
	    0, 0 },
	{ "pull_request_review_thread", B(HAS_PULL_REQUEST) | B(HAS_THREAD), 0,
	    0 },
	{ "push", B(HAS_REF), B(HAS_COMMITS) | B(HAS_AFTER), 0 },
	{ "registry_package", B(HAS_REGISTRY_PACKAGE), 0, 0 },
	{ "release", B(HAS_RELEASE), 0, 0 },
	{ "repository", 0, 0, 0 },
	{ "repository_dispatch", 0, B(HAS_CLIENT_PAYLOAD) | B(HAS_BRANCH), 0 },
	{ "secret_scanning_alert", B(HAS_ALERT), 0, 0 },
	{ "star", B(HAS_STARRED_AT), 0, 0 },
	{ "status", B(HAS_SHA) | B(HAS_STATE) | B(HAS_CONTEXT), 0, 0 },
	{ "team", B(HAS_TEAM), 0, B(HAS_MEMBER) },
	{ "team_add", B(HAS_TEAM), 0, B(HAS_MEMBER) },
	{ "watch", 0, 0, 0 },
	{ "workflow_dispatch", B(HAS_REF), B(HAS_INPUTS) | B(HAS_WORKFLOW),
	    B(HAS_COMMITS) | B(HAS_AFTER) | B(HAS_REF_TYPE) |
		B(HAS_WORKFLOW_RUN) },
	{ "workflow_job", B(HAS_WORKFLOW_JOB), 0, 0 },
	{ "workflow_run", B(HAS_WORKFLOW_RUN), 0,
	    B(HAS_DEPLOYMENT) | B(HAS_WORKFLOW_JOB) },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The actions of types that have no member of their own; "" is none at all. */
static const struct {
	const char *type, *actions;
} acts[] = {
	{ "public", "" },
	{ "repository",
	    "archived created deleted edited privatized publicized renamed "
	    "transferred unarchived" },
	{ "watch", "started" },
};

void
shape_want(struct jsscan_want wants[SHAPE_WANTS])
{
	size_t i;

	memset(wants, 0, SHAPE_WANTS * sizeof(*wants));
	for (i = 0; i < SHAPE_WANTS; i++)
		wants[i].key = keys[i].name;
}

static const struct row *
find(const char *type)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (strcmp(rows[i].type, type) == 0)
			return &rows[i];
	return NULL;
}

bool
shape_is_known(const char *type)
{
	return find(type) != NULL;
}

static bool
has_marks(const struct row *r)
{
	return (r->all | r->any) != 0;
}

static bool
fits(const struct row *r, uint64_t bits)
{
	return has_marks(r) && (bits & r->all) == r->all &&
	    (r->any == 0 || (bits & r->any) != 0) && (bits & r->none) == 0;
}

static bool
is_one_of(const char *words, const char *text, size_t n)
{
	size_t size;

	for (; *words != '\0'; words += size + strspn(words + size, " ")) {
		size = strcspn(words, " ");
		if (size == n && memcmp(words, text, n) == 0)
			return true;
	}
	return false;
}

static bool
may_have_action(const struct row *r, const struct jsscan_want *action)
{
	size_t i;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(acts[i].type, r->type) == 0)
			return action->type == JSSCAN_STRING
			    ? is_one_of(acts[i].actions, action->text,
				  action->n)
			    : action->type == JSSCAN_ABSENT &&
				*acts[i].actions == '\0';
	return true;
}

/* Is the body of some type that has members of its own? */
static bool
fits_any(uint64_t bits)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (fits(&rows[i], bits))
			return true;
	return false;
}

static uint64_t
read_bits(const struct jsscan_want *wants)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < SHAPE_WANTS; i++)
		if (wants[i].type != JSSCAN_ABSENT &&
		    (wants[i].type != JSSCAN_NULL || keys[i].is_nullable))
			bits |= B(i);
	return bits;
}

enum shape
shape_judge(const char *type, const struct jsscan_want *action,
    const struct jsscan_want wants[SHAPE_WANTS])
{
	const struct row *r = find(type);
	uint64_t bits = read_bits(wants);
	bool is_framed = (bits & B(HAS_SENDER)) != 0 && (bits & PLACES) != 0;

	if (r == NULL)
		return fits_any(bits) ? SHAPE_FOREIGN : SHAPE_UNKNOWN;
	if (fits(r, bits))
		return SHAPE_FITS;
	if (fits_any(bits) ||
	    (is_framed && (has_marks(r) || !may_have_action(r, action))))
		return SHAPE_ODD;
	return SHAPE_LOOSE;
}
