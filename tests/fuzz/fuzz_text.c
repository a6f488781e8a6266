#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/xalloc.h"

char *
fuzz_text(const uint8_t *data, size_t size)
{
	return xmemdup0(data, size);
}
