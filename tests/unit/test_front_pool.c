#include "config.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/loop.h"
#include "front/front_inbox.h"
#include "front/front_pool.h"
#include "tests/unit/unit.h"

#define TASKS 500

struct task {
	struct front_item item; /* first */
	int runs;
};

static atomic_int at_once, most;
static atomic_bool may_end;

static void
run(struct front_item *item)
{
	struct task *t = (struct task *)item;
	int now = atomic_fetch_add(&at_once, 1) + 1;
	int was = atomic_load(&most);

	while (now > was && !atomic_compare_exchange_weak(&most, &was, now))
		;
	t->runs++;
	atomic_fetch_sub(&at_once, 1);
}

static void
every_task_runs_once_and_comes_back(void **state)
{
	static struct task tasks[TASKS];
	struct front_pool_options opt = { .threads = 3, .run = run };
	struct front_inbox done;
	struct front_item *item;
	struct front_pool *p;
	struct loop *l;
	struct err e;
	int i, back = 0;

	(void)state;
	assert_int_equal(loop_new(clock_system(), LOOP_BEST, &l, &e), RC_OK);
	front_inbox_init(&done, l);
	opt.done = &done;
	assert_int_equal(front_pool_new(&opt, &p, &e), RC_OK);
	for (i = 0; i < TASKS; i++)
		front_pool_put(p, &tasks[i].item);
	while (back < TASKS) {
		for (item = front_inbox_take(&done); item != NULL;
		     item = item->next)
			back++;
		/* Each one that comes into an empty box wakes the loop. */
		if (back < TASKS)
			loop_turn(l, -1);
	}
	for (i = 0; i < TASKS; i++)
		assert_int_equal(tasks[i].runs, 1);
	assert_true(atomic_load(&most) <= 3);
	assert_int_equal(front_pool_free(p, 60000, &e), RC_OK);
	front_inbox_fini(&done);
	loop_free(l);
}

static void
hang(struct front_item *item)
{
	(void)item;
	while (!atomic_load(&may_end))
		;
}

static void
a_pool_with_a_task_that_hangs_cannot_end(void **state)
{
	static struct task one;
	struct front_pool_options opt = { .threads = 2, .run = hang };
	struct front_inbox done;
	struct front_pool *p;
	struct loop *l;
	struct err e;

	(void)state;
	assert_int_equal(loop_new(clock_system(), LOOP_BEST, &l, &e), RC_OK);
	front_inbox_init(&done, l);
	opt.done = &done;
	assert_int_equal(front_pool_new(&opt, &p, &e), RC_OK);
	front_pool_put(p, &one.item);
	assert_int_equal(front_pool_free(p, 20, &e), RC_BUSY);
	atomic_store(&may_end, true);
	assert_int_equal(front_pool_free(p, 60000, &e), RC_OK);
	assert_ptr_equal(front_inbox_take(&done), &one.item);
	front_inbox_fini(&done);
	loop_free(l);
}

static void
what_is_put_stays_in_order(void **state)
{
	struct front_items list;
	struct front_item v[3];
	int i;

	(void)state;
	front_items_init(&list);
	for (i = 0; i < 3; i++)
		front_items_put(&list, &v[i]);
	for (i = 0; i < 3; i++)
		assert_ptr_equal(front_items_take(&list), &v[i]);
	assert_null(list.first);
	front_items_put(&list, &v[1]);
	assert_ptr_equal(front_items_take(&list), &v[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_runs_once_and_comes_back),
		cmocka_unit_test(a_pool_with_a_task_that_hangs_cannot_end),
		cmocka_unit_test(what_is_put_stays_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
