/* What one process counts, as families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/counted.h"

/* In the place of the C library's: what is older than ten minutes is a matter of this variable. */
static time_t now;
time_t time(time_t *out)
{
	if (out != NULL)
		*out = now;
	return now;
}

static int set_up(void **state)
{
	now = 1800000000;
	return counters_set_up(state);
}

#define DROPPED_HEAD                                                                                                   \
	"# HELP pgw_scrape_dropped_series_total Series left out of scrapes because escaping gave them a name that "    \
	"another one has.\n"                                                                                           \
	"# TYPE pgw_scrape_dropped_series_total counter\n"

/* What there is before the first request, with all its comments. */
static void test_nothing_yet(void **state)
{
	char *text = text_of(counters, true);
	assert_string_equal(text, DROPPED_HEAD NOT_DROPPED
		"# HELP pgw_sync_seconds How long the disk let batches of changes wait.\n"
		"# TYPE pgw_sync_seconds summary\n"
		"pgw_sync_seconds_sum 0\n"
		"pgw_sync_seconds_count 0\n"
		"# HELP promhttp_metric_handler_requests_total Scrapes answered, by HTTP status.\n"
		"# TYPE promhttp_metric_handler_requests_total counter\n" NO_SCRAPES);
	free(text);
}

/* The lines are the upstream's, for the same requests. */
static void test_families(void **state)
{
	counters_add_push(counters, "put", 0.000768233, 134);
	counters_add_push(counters, "post", 0.25, 1000000);
	counters_add_request(counters, "push", "put", 200);
	counters_add_request(counters, "status", "get", 200);
	counters_add_request(counters, "status", "get", 200);
	counters_add_request(counters, "delete", "delete", 202);
	counters_add_request(counters, "push", "post", 400);
	counters_add_scrape(counters, 200);
	counters_add_sync(counters, 0.5);
	counters_add_sync(counters, 0.25);
	char *text = text_of(counters, true);
	assert_string_equal(text, DROPPED_HEAD NOT_DROPPED
		"# HELP pgw_sync_seconds How long the disk let batches of changes wait.\n"
		"# TYPE pgw_sync_seconds summary\n"
		"pgw_sync_seconds_sum 0.75\n"
		"pgw_sync_seconds_count 2\n"
		"# HELP promhttp_metric_handler_requests_total Scrapes answered, by HTTP status.\n"
		"# TYPE promhttp_metric_handler_requests_total counter\n"
		"promhttp_metric_handler_requests_total{code=\"200\"} 1\n"
		"promhttp_metric_handler_requests_total{code=\"500\"} 0\n"
		"promhttp_metric_handler_requests_total{code=\"503\"} 0\n"
		"# HELP pushgateway_http_push_duration_seconds How long pushes took until their answer.\n"
		"# TYPE pushgateway_http_push_duration_seconds summary\n"
		"pushgateway_http_push_duration_seconds{method=\"post\",quantile=\"0.1\"} 0.25\n"
		"pushgateway_http_push_duration_seconds{method=\"post\",quantile=\"0.5\"} 0.25\n"
		"pushgateway_http_push_duration_seconds{method=\"post\",quantile=\"0.9\"} 0.25\n"
		"pushgateway_http_push_duration_seconds_sum{method=\"post\"} 0.25\n"
		"pushgateway_http_push_duration_seconds_count{method=\"post\"} 1\n"
		"pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.1\"} 0.0007682\n"
		"pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.5\"} 0.0007682\n"
		"pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.9\"} 0.0007682\n"
		"pushgateway_http_push_duration_seconds_sum{method=\"put\"} 0.000768233\n"
		"pushgateway_http_push_duration_seconds_count{method=\"put\"} 1\n"
		"# HELP pushgateway_http_push_size_bytes Size of pushes, header and body as they came.\n"
		"# TYPE pushgateway_http_push_size_bytes summary\n"
		"pushgateway_http_push_size_bytes{method=\"post\",quantile=\"0.1\"} 1e+06\n"
		"pushgateway_http_push_size_bytes{method=\"post\",quantile=\"0.5\"} 1e+06\n"
		"pushgateway_http_push_size_bytes{method=\"post\",quantile=\"0.9\"} 1e+06\n"
		"pushgateway_http_push_size_bytes_sum{method=\"post\"} 1e+06\n"
		"pushgateway_http_push_size_bytes_count{method=\"post\"} 1\n"
		"pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.1\"} 134\n"
		"pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.5\"} 134\n"
		"pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.9\"} 134\n"
		"pushgateway_http_push_size_bytes_sum{method=\"put\"} 134\n"
		"pushgateway_http_push_size_bytes_count{method=\"put\"} 1\n"
		"# HELP pushgateway_http_requests_total Requests answered, by HTTP status, handler and method; scrapes "
		"are "
		"not among them.\n"
		"# TYPE pushgateway_http_requests_total counter\n" REQUESTS
		"{code=\"200\",handler=\"push\",method=\"put\"} 1\n" REQUESTS
		"{code=\"200\",handler=\"status\",method=\"get\"} 2\n" REQUESTS
		"{code=\"202\",handler=\"delete\",method=\"delete\"} 1\n" REQUESTS
		"{code=\"400\",handler=\"push\",method=\"post\"} 1\n");
	free(text);
}

static void test_handlers_and_methods(void **state)
{
	static const char *const handlers[] = {"wipe", "static", "ready", "healthy", "api/v1/status", "api/v1/options",
		"api/v1/metrics", "quit", "", "pus", "pushx"};
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		counters_add_request(counters, handlers[i], "GET", 200);
	static const char *const methods[] = {"TRACE", "PUT", "POST", "PATCH", "OPTIONS", "NOTIFY", "HEAD", "DELETE",
		"CONNECT", "BREW", "", "unknown"};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		counters_add_request(counters, "push", methods[i], 200);
	counters_add_push(counters, "get", 1, 1);
	counters_add_push(counters, "", 1, 1);
	assert_samples(
		NO_SYNC NO_SCRAPES REQUESTS "{code=\"200\",handler=\"api/v1/metrics\",method=\"get\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"api/v1/options\",method=\"get\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"api/v1/status\",method=\"get\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"healthy\",method=\"get\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"connect\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"delete\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"head\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"notify\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"options\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"patch\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"post\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"put\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"trace\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"push\",method=\"unknown\"} 3\n" REQUESTS
					    "{code=\"200\",handler=\"ready\",method=\"get\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"static\",method=\"get\"} 1\n" REQUESTS
					    "{code=\"200\",handler=\"wipe\",method=\"get\"} 1\n");
}

/* A code of no line of its own goes to its class; nothing between 100 and 599 is lost. */
static void test_codes(void **state)
{
	static const unsigned odd[] = {0, 1, 99, 600, 700, 1000, UINT_MAX};
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		counters_add_scrape(counters, odd[i]);
		counters_add_request(counters, "push", "put", odd[i]);
	}
	assert_samples(NO_SYNC NO_SCRAPES);
	counters_add_scrape(counters, 418);
	counters_add_scrape(counters, 413);
	counters_add_scrape(counters, 599);
	counters_add_scrape(counters, 503);
	assert_samples(NO_SYNC "promhttp_metric_handler_requests_total{code=\"200\"} 0\n"
			       "promhttp_metric_handler_requests_total{code=\"400\"} 1\n"
			       "promhttp_metric_handler_requests_total{code=\"413\"} 1\n"
			       "promhttp_metric_handler_requests_total{code=\"500\"} 1\n"
			       "promhttp_metric_handler_requests_total{code=\"503\"} 1\n");
	for (unsigned code = 100; code < 600; code++)
		counters_add_request(counters, "push", "put", code);
	char *text = text_of(counters, false);
	unsigned sum = 0, code, count;
	for (const char *line = text; (line = strstr(line, REQUESTS)) != NULL; line++) {
		assert_int_equal(
			sscanf(line, REQUESTS "{code=\"%u\",handler=\"push\",method=\"put\"} %u\n", &code, &count), 2);
		sum += count;
	}
	free(text);
	assert_int_equal(sum, 500);
}

static void test_quantiles_of_ten_minutes(void **state)
{
	counters_add_push(counters, "PUT", 0.5, 100);
	now += 600;
	assert_samples(
		NO_SYNC NO_SCRAPES "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.1\"} NaN\n"
				   "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.5\"} NaN\n"
				   "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.9\"} NaN\n"
				   "pushgateway_http_push_duration_seconds_sum{method=\"put\"} 0.5\n"
				   "pushgateway_http_push_duration_seconds_count{method=\"put\"} 1\n"
				   "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.1\"} NaN\n"
				   "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.5\"} NaN\n"
				   "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.9\"} NaN\n"
				   "pushgateway_http_push_size_bytes_sum{method=\"put\"} 100\n"
				   "pushgateway_http_push_size_bytes_count{method=\"put\"} 1\n");
	for (unsigned i = 1; i <= 10; i++)
		counters_add_push(counters, "put", i * 0.125, i * 10);
	assert_samples(
		NO_SYNC NO_SCRAPES "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.1\"} 0.125\n"
				   "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.5\"} 0.625\n"
				   "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.9\"} 1.125\n"
				   "pushgateway_http_push_duration_seconds_sum{method=\"put\"} 7.375\n"
				   "pushgateway_http_push_duration_seconds_count{method=\"put\"} 11\n"
				   "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.1\"} 10\n"
				   "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.5\"} 50\n"
				   "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.9\"} 90\n"
				   "pushgateway_http_push_size_bytes_sum{method=\"put\"} 650\n"
				   "pushgateway_http_push_size_bytes_count{method=\"put\"} 11\n");
}

/* Who read before reads what is new; who has just begun reads all. */
static void test_what_others_pushed_since(void **state)
{
	static const unsigned pushes[] = {0, 1, 100, 5000, 0, 8191, 8192, 8193, 20000, 3};
	struct counters *other = open_counters();
	unsigned size = 0;
	for (size_t i = 0; i < sizeof(pushes) / sizeof(pushes[0]); i++) {
		struct error error;
		for (unsigned k = 0; k < pushes[i]; k++, size++)
			counters_add_push(other, "put", size / 128.0, size);
		assert_int_equal(counters_flush(other, &error), 0);
		struct counters *fresh = open_counters();
		char *text = text_of(counters, false), *expected = text_of(fresh, false);
		assert_string_equal(text, expected);
		free(text);
		free(expected);
		counters_close(fresh);
	}
	counters_close(other);
}

static void test_no_room_for_the_text(void **state)
{
	struct buffer text;
	struct error error = {0};
	for (size_t max = 5; max < 500; max += 100) {
		buffer_init(&text, max);
		assert_int_equal(buffer_append_string(&text, "kept\n"), 0);
		assert_int_equal(counters_append(counters, &text, &error), -1);
		assert_int_equal(error.kind, ERROR_MEMORY);
		assert_true(slice_is(buffer_slice(&text), "kept\n"));
		buffer_release(&text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, counters_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_yet),
		TEST(test_families),
		TEST(test_handlers_and_methods),
		TEST(test_codes),
		TEST(test_quantiles_of_ten_minutes),
		TEST(test_what_others_pushed_since),
		TEST(test_no_room_for_the_text),
	};
	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
