#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/heap.h"
#include "base/xalloc.h"

#define BRIEF_SIZE (640 * 1024) /* a post of 11 KB needs 620 KB */

#if defined __GLIBC__ && defined MADV_POPULATE_WRITE

void
heap_begin_brief(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin, end;

	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, BRIEF_SIZE);
	begin = (uintptr_t)sbrk(0);
	free(xmalloc(1));
	end = (uintptr_t)sbrk(0);
	begin = (begin + page - 1) / page * page;
	if (end > begin)
		(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
}

#else

void
heap_begin_brief(void)
{
}

#endif
