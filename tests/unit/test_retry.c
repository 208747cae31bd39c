/* When a request is sent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "retry.h"

#define NOW (1000 * CLOCK_SECOND)

static void waits_double_up_to_a_minute(void **state)
{
	static const int64_t milliseconds[] = {500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	for (unsigned i = 0; i < sizeof(milliseconds) / sizeof(milliseconds[0]); i++)
		assert_int_equal(retry_longest_wait(i + 1), milliseconds[i] * CLOCK_MILLISECOND);
	assert_int_equal(retry_longest_wait(UINT32_MAX), 60 * CLOCK_SECOND);
}

static void tries_share_the_time(void **state)
{
	struct retry retry;
	retry_init(&retry, 0, NOW + 30 * CLOCK_SECOND);
	assert_int_equal(retry_share(&retry, NOW), 30000);
	retry_init(&retry, 2, NOW + 30 * CLOCK_SECOND);
	assert_int_equal(retry_share(&retry, NOW), 10000);
	assert_int_equal(retry_share(&retry, NOW + 27 * CLOCK_SECOND), 1000);
	assert_int_equal(retry_share(&retry, NOW + 31 * CLOCK_SECOND), 1);
}

static void what_is_tried_again(void **state)
{
	static const struct {
		struct http_answer answer;
		bool again;
	} cases[] = {
		{{.status = 500}, true},
		{{.status = 507}, true},
		{{.status = 599}, true},
		{{.status = 408}, true},
		{{.status = 429}, true},
		{{.error.kind = ERROR_UNAVAILABLE}, true},
		{{.status = 400}, false},
		{{.status = 401}, false},
		{{.status = 404}, false},
		{{.status = 301}, false},
		{{.error.kind = ERROR_MEMORY}, false},
		{{.error.kind = ERROR_NO_INPUT}, false},
		{{.error.kind = ERROR_TOO_LARGE}, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct retry retry;
		int64_t start;
		retry_init(&retry, 1, NOW + 60 * CLOCK_SECOND);
		assert_int_equal(retry_again(&retry, &cases[i].answer, NOW, &start), cases[i].again);
		assert_int_equal(retry.done, cases[i].again);
		assert_false(retry_again(&retry, &cases[i].answer, NOW, &start));
	}
}

static void a_wait_is_cut_by_up_to_a_half(void **state)
{
	const struct http_answer answer = {.status = 503};
	int64_t least = INT64_MAX, most = 0;
	for (int i = 0; i < 2000; i++) {
		struct retry retry;
		int64_t start;
		retry_init(&retry, 1, NOW + 60 * CLOCK_SECOND);
		retry.done = 2;
		assert_true(retry_again(&retry, &answer, NOW, &start));
		int64_t wait = start - NOW;
		assert_true(wait > CLOCK_SECOND && wait <= 2 * CLOCK_SECOND);
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	/* 2,000 even throws miss a quarter of the range once in 10^249. */
	assert_true(least < CLOCK_SECOND * 5 / 4);
	assert_true(most > CLOCK_SECOND * 7 / 4);
}

static void retry_after_is_waited_for_before_the_deadline(void **state)
{
	struct http_answer answer = {.status = 429, .retry_after = 20};
	struct retry retry;
	int64_t start;
	retry_init(&retry, 3, NOW + 30 * CLOCK_SECOND);
	assert_true(retry_again(&retry, &answer, NOW, &start));
	assert_int_equal(start, NOW + 20 * CLOCK_SECOND);
	assert_false(retry_again(&retry, &answer, start, &start));
	answer.retry_after = 0;
	assert_true(retry_again(&retry, &answer, NOW + 20 * CLOCK_SECOND, &start));
	assert_false(retry_again(&retry, &answer, NOW + 30 * CLOCK_SECOND, &start));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_a_minute),
		cmocka_unit_test(tries_share_the_time),
		cmocka_unit_test(what_is_tried_again),
		cmocka_unit_test(a_wait_is_cut_by_up_to_a_half),
		cmocka_unit_test(retry_after_is_waited_for_before_the_deadline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
