#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway.h"

static const struct limits limits = LIMITS_DEFAULT;

/* The base and the key that a URL gives. */
static void splits(const char *given, const char *base, const char *key_text)
{
	struct error error;
	struct gateway gateway;
	struct grouping_key key;
	grouping_key_init(&key);
	if (gateway_init(&gateway, given, &key, &error) == -1)
		fail_msg("%s: %s", given, error.message);
	assert_string_equal(gateway.base, base);
	if (key_text == NULL) {
		assert_int_equal(key.count, 0);
	} else {
		assert_int_equal(grouping_key_finish(&key, &limits, &error), 0);
		assert_string_equal(key.text.data, key_text);
	}
	gateway_release(&gateway);
	grouping_key_release(&key);
}

static void a_base_url(void **state)
{
	splits("http://host:9091", "http://host:9091", NULL);
	splits("host:9091", "http://host:9091", NULL);
	splits("host:9091/", "http://host:9091", NULL);
	splits("https://user:pw@host/prefix//", "https://user:pw@host/prefix", NULL);
	splits("http://host/metrics", "http://host/metrics", NULL);
	splits("http://host/metrics/jobs/x", "http://host/metrics/jobs/x", NULL);
	splits("unix:/run/pgw.sock", "unix:/run/pgw.sock:", NULL);
	splits("unix:/run/pgw.sock:", "unix:/run/pgw.sock:", NULL);
	splits("unix:/run/pgw.sock:/", "unix:/run/pgw.sock:", NULL);
	splits("unix:/run/pgw.sock:/prefix/", "unix:/run/pgw.sock:/prefix", NULL);
}

static void the_url_of_a_group(void **state)
{
	splits("http://host:9091/metrics/job/backup/instance/db1", "http://host:9091",
		"{job=\"backup\",instance=\"db1\"}");
	splits("host/p/metrics/job/a", "http://host/p", "{job=\"a\"}");
	splits("host/metrics/job/a/", "http://host", "{job=\"a\"}");
	splits("host/metrics/job@base64/YS9i/x@base64/=", "http://host", "{job=\"a/b\",x=\"\"}");
	splits("host/metrics/job/a%20b/x/%C3%BC", "http://host", "{job=\"a b\",x=\"\xc3\xbc\"}");
	splits("host/metrics/job/a/x/metrics/job2/b", "http://host", "{job=\"a\",job2=\"b\",x=\"metrics\"}");
	splits("unix:/run/pgw.sock:/metrics/job/a", "unix:/run/pgw.sock:", "{job=\"a\"}");
}

static void a_bad_gateway_is_refused(void **state)
{
	static const struct {
		const char *given, *message;
	} cases[] = {
		{"ftp://host", "ftp://host: only http, https and unix URLs are known"},
		{"http://host/?x", "http://host/?x: a gateway's URL has neither a query nor a fragment"},
		{"http://host#x", "http://host#x: a gateway's URL has neither a query nor a fragment"},
		{"u:secret@host/metrics/job/", "host/metrics/job/: job name is required"},
		{"host/metrics/job/a/b", "host/metrics/job/a/b: odd number of components in label string \"/b\""},
		{"host/metrics/job/a/1x/b", "host/metrics/job/a/1x/b: improper label name \"1x\""},
		{"host/metrics/job/a%2", "host/metrics/job/a%2: malformed percent-encoding"},
		{"host/metrics/job/a%zz", "host/metrics/job/a%zz: malformed percent-encoding"},
		{"host/metrics/job/%", "host/metrics/job/%: malformed percent-encoding"},
	};
	struct error error;
	struct gateway gateway;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct grouping_key key;
		grouping_key_init(&key);
		assert_int_equal(gateway_init(&gateway, cases[i].given, &key, &error), -1);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_int_equal(key.count, 0);
		grouping_key_release(&key);
	}
}

static void labels_given_stay(void **state)
{
	struct error error;
	struct gateway gateway;
	struct grouping_key key;
	grouping_key_init(&key);
	assert_int_equal(grouping_key_set(&key, slice_of("x"), slice_of("mine"), &error), 0);
	assert_int_equal(gateway_init(&gateway, "host/metrics/job/a/x/theirs/y/z", &key, &error), 0);
	assert_int_equal(grouping_key_finish(&key, &limits, &error), 0);
	assert_string_equal(key.text.data, "{job=\"a\",x=\"mine\",y=\"z\"}");
	gateway_release(&gateway);

	assert_int_equal(gateway_init(&gateway, "host/metrics/job/b", &key, &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(
		error.message, "host/metrics/job/b: the URL names its group's job already, -j can't name another");
	assert_int_equal(gateway_init(&gateway, "host", &key, &error), 0);
	gateway_release(&gateway);
	grouping_key_release(&key);
}

/* The URL of a group, from a base and the text of a key. */
static void builds(const char *given, const char *key_text, const char *expected)
{
	struct error error;
	struct gateway gateway;
	struct grouping_key none, key;
	grouping_key_init(&none);
	grouping_key_init(&key);
	assert_int_equal(gateway_init(&gateway, given, &none, &error), 0);
	assert_int_equal(grouping_key_from_text(&key, slice_of(key_text), &limits, &error), 0);
	char *url = gateway_group_url(&gateway, &key, &error);
	assert_non_null(url);
	assert_string_equal(url, expected);
	free(url);
	grouping_key_release(&key);
	grouping_key_release(&none);
	gateway_release(&gateway);
}

static void the_url_of_a_group_is_built(void **state)
{
	builds("host:9091", "{job=\"backup\",instance=\"db1\"}", "http://host:9091/metrics/job/backup/instance/db1");
	builds("https://host/prefix/", "{job=\"a\"}", "https://host/prefix/metrics/job/a");
	builds("unix:/run/pgw.sock", "{job=\"a\"}", "unix:/run/pgw.sock:/metrics/job/a");
	builds("host", "{job=\"a?b\"}", "http://host/metrics/job/a%3Fb");
}

/* The URL that is built for a key is one that gives the key again. */
static void a_group_comes_back(void **state)
{
	static const char *const keys[] = {
		"{job=\"a/b\",empty=\"\",dot=\".\",dots=\"..\"}",
		"{job=\" %+?#;\",x=\"\xc3\xbc\"}",
		"{job=\"\\n\\\\\\\"\",x=\"/\"}",
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct error error;
		struct gateway gateway;
		struct grouping_key key, again;
		grouping_key_init(&key);
		grouping_key_init(&again);
		assert_int_equal(grouping_key_from_text(&key, slice_of(keys[i]), &limits, &error), 0);
		assert_int_equal(gateway_init(&gateway, "host", &again, &error), 0);
		char *url = gateway_group_url(&gateway, &key, &error);
		assert_non_null(url);
		gateway_release(&gateway);
		assert_int_equal(gateway_init(&gateway, url, &again, &error), 0);
		assert_int_equal(grouping_key_finish(&again, &limits, &error), 0);
		assert_string_equal(again.text.data, key.text.data);
		assert_string_equal(gateway.base, "http://host");
		free(url);
		gateway_release(&gateway);
		grouping_key_release(&key);
		grouping_key_release(&again);
	}
}

static void a_status_becomes_an_error(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum error_kind kind;
		const char *message;
	} cases[] = {
		{400, "because of this\nand that\n", ERROR_REFUSED, "http://host/x: 400: because of this"},
		{400, "with CR\r\nx", ERROR_REFUSED, "http://host/x: 400: with CR"},
		{404, "", ERROR_REFUSED, "http://host/x: 404"},
		{413, "\n", ERROR_REFUSED, "http://host/x: 413"},
		{401, "who?", ERROR_PERMISSION, "http://host/x: 401: who?"},
		{403, "no\033[31m", ERROR_PERMISSION, "http://host/x: 403: no?[31m"},
		{500, "oops", ERROR_UNAVAILABLE, "http://host/x: 500: oops"},
		{599, "oops", ERROR_UNAVAILABLE, "http://host/x: 599: oops"},
		{301, "<html>", ERROR_REFUSED, "http://host/x: 301: redirected elsewhere, which is not followed"},
	};
	struct error error;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_answer answer = {.status = cases[i].status, .body = slice_of(cases[i].body)};
		assert_int_equal(gateway_result("http://u:secret@host/x", &answer, &error), -1);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.kind, cases[i].kind);
	}
	for (unsigned status = 200; status < 300; status += 33) {
		struct http_answer answer = {.status = status, .body = slice_of("x")};
		assert_int_equal(gateway_result("http://host/x", &answer, &error), 0);
	}
}

static void no_answer_is_an_error(void **state)
{
	struct error error;
	struct http_answer answer = {0};
	error_set(&answer.error, ERROR_UNAVAILABLE, "nobody there");
	assert_int_equal(gateway_result("http://u:secret@host/x", &answer, &error), -1);
	assert_int_equal(error.kind, ERROR_UNAVAILABLE);
	assert_string_equal(error.message, "http://host/x: nobody there");
}

static void a_long_reason_is_cut(void **state)
{
	char body[5000];
	memset(body, 'x', sizeof(body));
	struct error error;
	struct http_answer answer = {.status = 400, .body = slice_make(body, sizeof(body))};
	assert_int_equal(gateway_result("http://host/x", &answer, &error), -1);
	assert_int_equal(strlen(error.message), strlen("http://host/x: 400: ") + 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_base_url),
		cmocka_unit_test(the_url_of_a_group),
		cmocka_unit_test(a_bad_gateway_is_refused),
		cmocka_unit_test(labels_given_stay),
		cmocka_unit_test(the_url_of_a_group_is_built),
		cmocka_unit_test(a_group_comes_back),
		cmocka_unit_test(a_status_becomes_an_error),
		cmocka_unit_test(no_answer_is_an_error),
		cmocka_unit_test(a_long_reason_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
