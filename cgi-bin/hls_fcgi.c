/*
 * hls.fcgi - takes posts in, answers questions
 *
 * The options; app_front.c does the rest.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include "app/app_front.h"

#define USAGE 2

static const char usage[] =
    "usage: hls.fcgi [-c FILE] [--listen unix:PATH | HOST:PORT] [--check]\n"
    "  -c, --config FILE   settings file; default: $HLS_CONFIG, else\n"
    "                      " SYSCONFDIR "/hls/hls.yaml\n"
    "  --listen WHERE      open this FastCGI socket; default: the socket from\n"
    "                      systemd, else descriptor 0\n"
    "  --check             read the settings, open the store, report errors\n"
    "  --help, --version\n";

enum {
	OPTION_LISTEN = 256,
	OPTION_CHECK,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
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

int
main(int argc, char **argv)
{
	struct app_front_options opt = { .config = NULL };
	const char **into;
	int c;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		switch (c) {
		case 'c':
		case OPTION_LISTEN:
			into = c == 'c' ? &opt.config : &opt.listen;
			if (*into != NULL || *optarg == '\0')
				return say(stderr, usage, USAGE);
			*into = optarg;
			break;
		case OPTION_CHECK:
			opt.check = true;
			break;
		case OPTION_HELP:
			return say(stdout, usage, 0);
		case OPTION_VERSION:
			return say(stdout, "hls.fcgi " PACKAGE_VERSION "\n", 0);
		default:
			return say(stderr, usage, USAGE);
		}
	}
	if (optind < argc)
		return say(stderr, usage, USAGE);
	return app_front(&opt);
}
