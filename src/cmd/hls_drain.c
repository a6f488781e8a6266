/*
 * hls-drain - works what events owe
 *
 * The options; app_drain.c does the rest.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include "app/app_drain.h"
#include "base/units.h"
#include "store/store_work.h"

#define USAGE 2

static const char usage[] =
    "usage: hls-drain [-c FILE] [--once] [--max-seconds N] [--worker-id ID]\n"
    "                 [--kind KIND]... [--check]\n"
    "  -c, --config FILE   settings file; default: $HLS_CONFIG, else\n"
    "                      " SYSCONFDIR "/hls/hls.yaml\n"
    "  --once              work until no job is due, then end\n"
    "  --max-seconds N     lease no more jobs after N seconds, then end\n"
    "  --worker-id ID      name of this worker; default: $WORKER_ID, else\n"
    "                      host:pid\n"
    "  --kind KIND         lease only jobs of this kind; may be repeated\n"
    "  --check             read the settings, open the store, report errors\n"
    "  --help, --version\n";

enum {
	OPTION_ONCE = 256,
	OPTION_MAX_SECONDS,
	OPTION_WORKER_ID,
	OPTION_KIND,
	OPTION_CHECK,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "max-seconds", required_argument, NULL, OPTION_MAX_SECONDS },
	{ "worker-id", required_argument, NULL, OPTION_WORKER_ID },
	{ "kind", required_argument, NULL, OPTION_KIND },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int
say(FILE *out, const char *text, int status)
{
	return fputs(text, out) < 0 || fflush(out) != 0 ? 1 : status;
}

static bool
take_text(const char **into)
{
	if (*into != NULL || *optarg == '\0')
		return false;
	*into = optarg;

	return true;
}

/* One option; false: wrong usage. */
static bool
take(int c, struct app_drain_options *opt)
{
	enum store_kind kind;

	switch (c) {
	case 'c':
		return take_text(&opt->config);
	case OPTION_WORKER_ID:
		return take_text(&opt->worker_id);
	case OPTION_ONCE:
		opt->once = true;
		return true;
	case OPTION_CHECK:
		opt->check = true;
		return true;
	case OPTION_MAX_SECONDS:
		return units_int_parse(optarg, &opt->max_seconds) &&
		    opt->max_seconds > 0 && opt->max_seconds <= 31536000;
	case OPTION_KIND:
		if (!store_kind_parse(optarg, &kind))
			return false;
		opt->kinds |= 1u << kind;
		return true;
	default:
		return false;
	}
}

int
main(int argc, char **argv)
{
	struct app_drain_options opt = { .config = NULL };
	int c;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (c == OPTION_HELP)
			return say(stdout, usage, 0);
		if (c == OPTION_VERSION)
			return say(stdout, "hls-drain " PACKAGE_VERSION "\n",
			    0);
		if (!take(c, &opt))
			return say(stderr, usage, USAGE);
	}
	if (optind < argc)
		return say(stderr, usage, USAGE);

	return app_drain(&opt);
}
