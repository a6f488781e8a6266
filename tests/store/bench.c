#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "tests/store/bench.h"

static char dir[128];

struct store *
bench_open(void)
{
	char url[160], key[160];
	struct store_options opt = { .url = url,
		.key_file = key,
		.queue_bytes = 64 << 20,
		.clock = clock_system(),
		.readers = 4 };
	struct store *s;
	struct err e;
	char *says;
	bool made;

	(void)snprintf(dir, sizeof(dir), "%s/hls-bench-XXXXXX",
	    getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(dir) == NULL)
		fatal("no scratch folder");
	(void)snprintf(url, sizeof(url), "sqlite:%s/hls.db", dir);
	(void)snprintf(key, sizeof(key), "%s/hls.key", dir);
	if (store_init(&opt, &made, &says, &e) != RC_OK ||
	    store_open(&opt, &s, &e) != RC_OK)
		fatal("%s", e.text);
	free(says);
	return s;
}

void
bench_close(struct store *s)
{
	struct dirent *entry;
	char path[600];
	DIR *d;

	store_close(s);
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(dir);
}
