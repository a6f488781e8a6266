#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "front/http_head.h"
#include "tests/unit/unit.h"

#define BEGIN "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
#define NO_PARAMS "\1\4\0\1\0\0\0\0"

struct text {
	const char *p;
	size_t n;
};
#define TEXT(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}

static const struct {
	const char *what;
	struct text text;
	enum http_head_state state;
	int status;
} heads[] = {
	{ "nothing yet", TEXT(""), HTTP_HEAD_PART, 0 },
	{ "one byte", TEXT("\1"), HTTP_HEAD_PART, 0 },
	{ "another version", TEXT("\2"), HTTP_HEAD_BAD, 0 },
	{ "half a begin", TEXT("\1\1\0\1\0\10\0\0\0\1"), HTTP_HEAD_PART, 0 },
	{ "a begin", TEXT(BEGIN), HTTP_HEAD_PART, 0 },
	{ "a begin with keep-alive",
	    TEXT("\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0" NO_PARAMS),
	    HTTP_HEAD_WHOLE, 0 },
	{ "no parameters", TEXT(BEGIN NO_PARAMS), HTTP_HEAD_WHOLE, 0 },
	{ "a parameter", TEXT(BEGIN "\1\4\0\1\0\5\0\0\1\2abc" NO_PARAMS),
	    HTTP_HEAD_WHOLE, 0 },
	{ "padding", TEXT(BEGIN "\1\4\0\1\0\5\3\0\1\2abc\0\0\0" NO_PARAMS),
	    HTTP_HEAD_WHOLE, 0 },
	{ "padding behind the begin",
	    TEXT("\1\1\0\1\0\10\10\0\0\1\0\0\0\0\0\0"
		 "\1\4\0\1\352\140\0\0" NO_PARAMS),
	    HTTP_HEAD_BAD, 0 },
	{ "padding behind the last parameters",
	    TEXT(BEGIN "\1\4\0\1\0\5\0\0\1\2abc"
		       "\1\4\0\1\0\0\1\0\0"),
	    HTTP_HEAD_BAD, 0 },
	{ "a pair over two records",
	    TEXT(BEGIN "\1\4\0\1\0\1\0\0\1"
		       "\1\4\0\1\0\4\0\0\2abc" NO_PARAMS),
	    HTTP_HEAD_WHOLE, 0 },
	{ "a long length",
	    TEXT(BEGIN "\1\4\0\1\0\10\0\0\1\200\0\0\2abc" NO_PARAMS),
	    HTTP_HEAD_WHOLE, 0 },
	{ "an unfinished pair", TEXT(BEGIN "\1\4\0\1\0\4\0\0\1\2ab" NO_PARAMS),
	    HTTP_HEAD_BAD, 0 },
	{ "a length alone", TEXT(BEGIN "\1\4\0\1\0\1\0\0\1" NO_PARAMS),
	    HTTP_HEAD_BAD, 0 },
	{ "a NUL in a value", TEXT(BEGIN "\1\4\0\1\0\5\0\0\1\2a\0c" NO_PARAMS),
	    HTTP_HEAD_BAD, 400 },
	{ "a name of 2^31 - 16 bytes",
	    TEXT(BEGIN "\1\4\0\1\0\10\0\0\377\377\377\360\1abc"), HTTP_HEAD_BAD,
	    431 },
	{ "a value of 64 MiB", TEXT(BEGIN "\1\4\0\1\0\10\0\0\1\204\0\0\0abc"),
	    HTTP_HEAD_BAD, 431 },
	{ "role 9", TEXT("\1\1\0\1\0\10\0\0\0\11\0\0\0\0\0\0"), HTTP_HEAD_BAD,
	    0 },
	{ "request 0", TEXT("\1\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0"), HTTP_HEAD_BAD,
	    0 },
	{ "an unknown record", TEXT("\1\115\0\1\0\0\0\0"), HTTP_HEAD_BAD, 0 },
	{ "input before parameters", TEXT(BEGIN "\1\5\0\1\0\0\0\0"),
	    HTTP_HEAD_BAD, 0 },
	{ "an abort", TEXT(BEGIN "\1\2\0\1\0\0\0\0"), HTTP_HEAD_BAD, 0 },
	{ "parameters of another request", TEXT(BEGIN "\1\4\0\2\0\0\0\0"),
	    HTTP_HEAD_BAD, 0 },
};

static void
heads_are_judged_by_their_records(void **state)
{
	struct http_head head;
	enum http_head_state got;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(heads); i++) {
		got = http_head_scan((const uint8_t *)heads[i].text.p,
		    heads[i].text.n, &head);
		if (got != heads[i].state || head.status != heads[i].status)
			fail_msg("%s: state %d, status %d", heads[i].what,
			    (int)got, head.status);
	}
}

/* Whole heads are parts up to their last byte. */
static void
every_cut_of_a_head_is_a_part(void **state)
{
	struct http_head head;
	uint8_t *copy;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(heads); i++) {
		if (heads[i].state != HTTP_HEAD_WHOLE)
			continue;
		for (n = 0; n < heads[i].text.n; n++) {
			/* A copy of its own size, for the sanitizer. */
			copy = malloc(n + 1);
			assert_non_null(copy);
			memcpy(copy, heads[i].text.p, n);
			if (http_head_scan(copy, n, &head) != HTTP_HEAD_PART)
				fail_msg("%s, cut at %zu", heads[i].what, n);
			free(copy);
		}
	}
}

static void
parameters_may_have_256_kib(void **state)
{
	static uint8_t text[HTTP_HEAD_PARAMS_MAX + 4096];
	const size_t part = 32768;
	struct http_head head;
	size_t n, total;

	(void)state;
	memcpy(text, BEGIN, 16);
	n = 16;
	for (total = 0; total < HTTP_HEAD_PARAMS_MAX; total += part) {
		memcpy(text + n, "\1\4\0\1\200\0\0\0", 8);
		memset(text + n + 8, 'x', part);
		/* One pair that fills the record. */
		memcpy(text + n + 8, "\1\200\0\177\372", 5);
		n += 8 + part;
	}
	memcpy(text + n, NO_PARAMS, 8);
	assert_int_equal(http_head_scan(text, n + 8, &head), HTTP_HEAD_WHOLE);
	memcpy(text + n, "\1\4\0\1\0\1\0\0\1", 9);
	assert_int_equal(http_head_scan(text, n + 9, &head), HTTP_HEAD_BAD);
	assert_int_equal(head.status, 431);
}

static void
an_answer_ends_with_end_request(void **state)
{
	static const char wanted[] = "\1\6\1\2\0\2\0\0hi"
				     "\1\6\1\2\0\0\0\0"
				     "\1\3\1\2\0\10\0\0\0\0\0\0\0\0\0\0";
	const struct http_head head = { .request_id = 0x102 };
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	http_head_answer(&head, "hi", &out);
	assert_int_equal(out.len, sizeof(wanted) - 1);
	assert_memory_equal(out.data, wanted, out.len);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_judged_by_their_records),
		cmocka_unit_test(every_cut_of_a_head_is_a_part),
		cmocka_unit_test(parameters_may_have_256_kib),
		cmocka_unit_test(an_answer_ends_with_end_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
