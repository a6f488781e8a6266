/*
 * fuzz - what the fuzz targets share
 *
 * A target is one function over one input, and aborts when a promise is
 * broken.  libFuzzer calls it under --enable-fuzzing; make check calls it
 * through fuzz_main.c, which replays the corpus and simple damage to it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_HOLDS(what)                                                       \
	do {                                                                   \
		if (!(what)) {                                                 \
			(void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, \
			    __LINE__, #what);                                  \
			abort();                                               \
		}                                                              \
	} while (0)

/* The bytes with a NUL behind them, in memory of exactly that size, so that
 * a sanitizer sees a read past the end.  free(3) them. */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
