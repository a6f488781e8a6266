#include "config.h"

#include <stdlib.h>

#include "unit.h"

#include "base/clock.h"
#include "base/loop.h"
#include "tests/unit/own_loop.h"

static struct loop *loop;

static void
end(void)
{
	loop_free(loop);
}

struct loop *
own_loop(void)
{
	struct err e;

	if (loop != NULL)
		return loop;
	assert_int_equal(loop_new(clock_system(), LOOP_BEST, &loop, &e), RC_OK);
	assert_int_equal(atexit(end), 0);

	return loop;
}
