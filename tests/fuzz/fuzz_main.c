/*
 * Replays a corpus as a TAP test: each input as it is, cut off at every
 * byte, and with every byte changed.  The corpus is the folder of the
 * program's name without "fuzz_", under tests/fuzz/corpus of $srcdir.
 */
#include "config.h"

#include <dirent.h>
#include <string.h>

#include "fuzz.h"

#include "base/xalloc.h"

#define INPUT_MAX (1u << 20)
/* Longer inputs are damaged at fewer places. */
#define PLACES_MAX 512

static uint8_t *
read_input(const char *path, size_t *size)
{
	uint8_t *p;
	FILE *f;

	f = fopen(path, "rb");
	if (f == NULL)
		fatal("%s cannot be read", path);
	p = xmalloc(INPUT_MAX);
	*size = fread(p, 1, INPUT_MAX, f);
	(void)fclose(f);
	return p;
}

/* A copy of exactly that size: what is read behind it is not ours. */
static void
run(const uint8_t *p, size_t n)
{
	uint8_t *copy;

	copy = xmalloc(n + 1);
	memcpy(copy, p, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static size_t
run_damaged(uint8_t *p, size_t n)
{
	static const uint8_t changes[] = { 0x01, 0x20, 0x80, 0xff };
	size_t i, k, step, runs;
	uint8_t was;

	step = n / PLACES_MAX + 1;
	runs = 0;
	for (i = 0; i < n; i += step) {
		run(p, i);
		was = p[i];
		for (k = 0; k < sizeof(changes); k++) {
			p[i] = was ^ changes[k];
			run(p, n);
		}
		p[i] = was;
		runs += 1 + sizeof(changes);
	}
	return runs;
}

int
main(int argc, char **argv)
{
	const char *name, *top;
	struct dirent *d;
	size_t n, inputs, runs;
	uint8_t *p;
	char *folder, *path;
	DIR *dir;

	(void)argc;
	name = strstr(argv[0], "fuzz_");
	while (name != NULL && strstr(name + 1, "fuzz_") != NULL)
		name = strstr(name + 1, "fuzz_");
	top = getenv("srcdir");
	if (name == NULL)
		fatal("%s is no fuzz_NAME", argv[0]);
	folder = xasprintf("%s/tests/fuzz/corpus/%s", top == NULL ? "." : top,
	    name + strlen("fuzz_"));
	dir = opendir(folder);
	if (dir == NULL)
		fatal("%s is not there", folder);
	inputs = runs = 0;
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		path = xasprintf("%s/%s", folder, d->d_name);
		p = read_input(path, &n);
		run(p, n);
		runs += 1 + run_damaged(p, n);
		inputs++;
		free(p);
		free(path);
	}
	(void)closedir(dir);
	printf("1..1\n%sok 1 - %s: %zu inputs, %zu runs\n",
	    inputs == 0 ? "not " : "", name, inputs, runs);
	free(folder);
	return inputs == 0;
}
