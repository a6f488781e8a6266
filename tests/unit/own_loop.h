/*
 * own_loop - the loop of a test program
 */
#ifndef TESTS_UNIT_OWN_LOOP_H
#define TESTS_UNIT_OWN_LOOP_H

struct loop;

/* Made at the first call, by the machine's clock; gone at the end of the
 * program. */
struct loop *own_loop(void);

#endif
