/*
 * post_ten - the driver of test_sync_eio.sh
 *
 *	post_ten FOLDER init | post | count
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store.h"
#include "store/store_read.h"

static struct event *
make_event(int number)
{
	struct event *ev = event_new();

	ev->source = xstrdup("github");
	ev->provider = xstrdup("github");
	ev->delivery_id = xasprintf("d-%d", number);
	ev->type = xstrdup("issues");
	ev->action = xstrdup("");
	ev->repository = xstrdup("octo/repo");
	ev->content_type = xstrdup("application/json");
	ev->received_ms = clock_wall_ms(clock_system());
	ev->body = xstrdup("{}");
	ev->bodysz = 2;
	return ev;
}

static void
post(struct store *s)
{
	struct store_receipt r;
	struct err e;
	int i;

	for (i = 0; i < 10; i++)
		puts(store_accept(s, make_event(i), 5000, &r, &e) == RC_OK
			? "ok"
			: "refused");
}

int
main(int argc, char **argv)
{
	struct store_options opt = { .queue_bytes = 1 << 20,
		.clock = clock_system(),
		.readers = 1 };
	struct store_stats st;
	struct store *s;
	struct err e;
	char *url, *says = NULL;
	bool made;

	if (argc != 3)
		return 2;
	url = xasprintf("sqlite:%s/hls.db", argv[1]);
	opt.url = url;
	if (strcmp(argv[2], "init") == 0 &&
	    store_init(&opt, &made, &says, &e) != RC_OK)
		fatal("%s", e.text);
	free(says);
	if (store_open(&opt, &s, &e) != RC_OK)
		fatal("%s", e.text);
	if (strcmp(argv[2], "post") == 0)
		post(s);
	if (strcmp(argv[2], "count") == 0) {
		if (store_stats(s, 0, 0, &st, &e) != RC_OK)
			fatal("%s", e.text);
		printf("%lld\n", (long long)st.accepted);
	}
	store_close(s);
	free(url);
	return 0;
}
