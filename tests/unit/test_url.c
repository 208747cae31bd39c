#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "url.h"

static void a_url_is_taken_apart(void **state)
{
	static const struct {
		const char *given, *text, *host, *path;
		bool is_unix, is_tls;
	} cases[] = {
		{"localhost", "http://localhost", "localhost", "", false, false},
		{"localhost:9091", "http://localhost:9091", "localhost:9091", "", false, false},
		{"localhost:9091/metrics?x=1", "http://localhost:9091/metrics?x=1", "localhost:9091", "/metrics?x=1",
			false, false},
		{"HTTPS://u:p@[::1]:9091/a@b", "HTTPS://u:p@[::1]:9091/a@b", "[::1]:9091", "/a@b", false, true},
		{"host/http://x", "http://host/http://x", "host", "/http://x", false, false},
		{"unix:/run/pgw.sock", "unix:/run/pgw.sock", "/run/pgw.sock", "", true, false},
		{"unix:/run/pgw.sock:", "unix:/run/pgw.sock:", "/run/pgw.sock", "", true, false},
		{"unix:/run/a:b:/metrics:/x", "unix:/run/a:b:/metrics:/x", "/run/a:b", "/metrics:/x", true, false},
	};
	struct error error;
	struct url url;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(url_init(&url, cases[i].given, &error), 0);
		assert_string_equal(url.text, cases[i].text);
		assert_int_equal(url.host.len, strlen(cases[i].host));
		assert_memory_equal(url.host.data, cases[i].host, url.host.len);
		assert_string_equal(url.path.data, cases[i].path);
		assert_int_equal(url.path.len, strlen(cases[i].path));
		assert_int_equal(url.is_unix, cases[i].is_unix);
		assert_int_equal(url.is_tls, cases[i].is_tls);
		url_release(&url);
	}
}

static void a_bad_url_is_refused(void **state)
{
	static const struct {
		const char *given, *message;
	} cases[] = {
		{"", "the URL is empty"},
		{"http://", "http://: the URL has no host"},
		{"http:///metrics", "http:///metrics: the URL has no host"},
		{":9091", ":9091: the URL has no host"},
		{"/metrics", "/metrics: the URL has no host"},
		{"http://u@/x", "http:///x: the URL has no host"},
		{"ftp://u:secret@host/", "ftp://host/: only http, https and unix URLs are known"},
		{"file:///etc/passwd", "file:///etc/passwd: only http, https and unix URLs are known"},
		{"unix:relative", "unix:relative: the path of the socket must start with a slash"},
		{"http://host/a b", "http://host/a b: a URL has neither blanks nor control characters"},
		{"http://host/\033[1m", "http://host/?[1m: a URL has neither blanks nor control characters"},
	};
	struct error error;
	struct url url;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(url_init(&url, cases[i].given, &error), -1);
		assert_null(url.text);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.message, cases[i].message);
	}
}

static void two_urls_of_one_place(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"http://host", "http://host", true},
		{"http://host", "HTTP://HOST/", true},
		{"http://host/", "http://Host//", true},
		{"http://host:80", "http://host", true},
		{"http://host:", "http://host/", true},
		{"http://host:080", "http://host", true},
		{"https://host:443/x", "HTTPS://host/x/", true},
		{"http://me:s3cret@host", "http://host:80", true},
		{"http://[::1]:80", "http://[::1]", true},
		{"http://[FE80::1]", "http://[fe80::1]/", true},
		{"unix:/run/pgw.sock", "UNIX:/run/pgw.sock:/", true},
		{"unix:/run/pgw.sock:/x", "unix:/run/pgw.sock:/x/", true},
		{"http://host", "https://host", false},
		{"http://host:443", "https://host:443", false},
		{"http://host:443", "http://host", false},
		{"https://host:80", "https://host", false},
		{"http://host:9091", "http://host", false},
		{"http://host:9091", "http://host:9092", false},
		{"http://host:4294967376", "http://host", false},
		{"http://host:18446744073709551696", "http://host", false},
		{"http://host:x80", "http://host:80", false},
		{"http://host80", "http://host", false},
		{"http://[::1]", "http://[::1]:1", false},
		{"http://[::80]", "http://[::]", false},
		{"http://host", "http://hos", false},
		{"http://host/x", "http://host", false},
		{"http://host/x", "http://host/X", false},
		{"unix:/run/pgw.sock", "unix:/run/PGW.sock", false},
		{"unix:/run/pgw.sock:80", "unix:/run/pgw.sock", false},
		{"unix:/host", "http://host", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (url_is_same_place(cases[i].a, cases[i].b) != cases[i].same ||
			url_is_same_place(cases[i].b, cases[i].a) != cases[i].same)
			fail_msg("%s, %s", cases[i].a, cases[i].b);
}

static void a_url_in_a_message_has_no_password(void **state)
{
	assert_string_equal(url_text("http://user:secret@host:1/x").text, "http://host:1/x");
	assert_string_equal(url_text("user:secret@host:1/x@y").text, "host:1/x@y");
	assert_string_equal(url_text("http://a@b@host").text, "http://host");
	assert_string_equal(url_text("unix:/a@b:/x").text, "unix:/a@b:/x");
	assert_string_equal(url_text("http://host/\xc2\x85").text, "http://host/??");
	assert_string_equal(url_text("http://host/\xff").text, "http://host/?");
	assert_string_equal(url_text("http://host/\xc3\xbc").text, "http://host/\xc3\xbc");

	char url[2 * URL_TEXT_SIZE] = "http://user:secret@";
	size_t prefix = strlen(url);
	memset(url + prefix, 'x', sizeof(url) - prefix - 1);
	struct url_text text = url_text(url);
	assert_int_equal(strlen(text.text), URL_TEXT_SIZE - 1);
	assert_memory_equal(text.text, "http://xxx", 10);
	assert_string_equal(text.text + URL_TEXT_SIZE - 5, "x...");
}

static void a_line_becomes_printable(void **state)
{
	static const struct {
		const char *line, *printable;
	} cases[] = {
		{"", ""},
		{"plain ~", "plain ~"},
		{"a\tb\r\n\x1b[1m\x7f", "a?b???[1m?"},
		{"\xc2\x80\xc2\x9b\xc2\x9f|\xc2\xa0\xc3\x80", "??????|\xc2\xa0\xc3\x80"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		/* What is not UTF-8 has no other characters than ASCII's. */
		{"\xe2\x82\xac\xff", "????"},
		{"a\xc2", "a?"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64];
		strcpy(line, cases[i].line);
		url_make_printable(line);
		assert_string_equal(line, cases[i].printable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(a_bad_url_is_refused),
		cmocka_unit_test(two_urls_of_one_place),
		cmocka_unit_test(a_url_in_a_message_has_no_password),
		cmocka_unit_test(a_line_becomes_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
