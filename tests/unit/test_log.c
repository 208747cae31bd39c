#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define TIME_LENGTH strlen("ts=2024-05-01T12:00:00.123Z")

static char captured[65536];
static int saved_stderr;
static FILE *file;

static void capture_begin(void)
{
	file = tmpfile();
	assert_non_null(file);
	saved_stderr = dup(STDERR_FILENO);
	assert_int_not_equal(saved_stderr, -1);
	assert_int_not_equal(dup2(fileno(file), STDERR_FILENO), -1);
}

/* What was written to stderr since capture_begin(). */
static const char *capture_end(void)
{
	assert_int_not_equal(dup2(saved_stderr, STDERR_FILENO), -1);
	close(saved_stderr);
	rewind(file);
	size_t len = fread(captured, 1, sizeof(captured) - 1, file);
	captured[len] = '\0';
	fclose(file);
	return captured;
}

static const char *without_time(const char *line)
{
	assert_true(strlen(line) > TIME_LENGTH);
	return line + TIME_LENGTH;
}

static void test_line(void **state)
{
	regex_t time_format;
	log_open(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false);
	capture_begin();
	log_info("listening", "address", "http://127.0.0.1:9091", NULL);
	const char *line = capture_end();
	assert_string_equal(without_time(line), " level=info msg=listening address=http://127.0.0.1:9091\n");
	assert_int_equal(regcomp(&time_format,
				 "^ts=20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\."
				 "[0-9]{3}Z ",
				 REG_EXTENDED | REG_NOSUB),
		0);
	assert_int_equal(regexec(&time_format, line, 0, NULL, 0), 0);
	regfree(&time_format);
}

/* A value as it came and as it is written. */
static const struct {
	const char *value;
	const char *written;
} values[] = {
	{"plain", "plain"},
	{"", "\"\""},
	{"two words", "\"two words\""},
	{"a=b", "\"a=b\""},
	{"say \"hi\"", "\"say \\\"hi\\\"\""},
	{"back\\slash", "\"back\\\\slash\""},
	{"line\nts=forged", "\"line\\nts=forged\""},
	{"\r\t\x1b[31m", "\"\\r\\t\\x1b[31m\""},
	{"\x7f", "\"\\x7f\""},
	{"caf\xc3\xa9", "\"caf\xc3\xa9\""},
	{"\xff\xfe", "\"\\xff\\xfe\""},
	{"cut \xc3", "\"cut \\xc3\""},
	{"\xc2\x9b"
	 "31m",
		"\"\\u009b31m\""},
	{"a\xe2\x80\xae"
	 "b",
		"\"a\\u202eb\""},
	{"\xf3\xa0\x80\x81", "\"\\U000e0001\""},
	{"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
	{"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},
};

static void test_values(void **state)
{
	log_open(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char expected[256];
		snprintf(expected, sizeof(expected), " level=warn msg=m key=%s\n", values[i].written);
		capture_begin();
		log_warn("m", "key", values[i].value, NULL);
		assert_string_equal(without_time(capture_end()), expected);
	}
}

static void test_levels(void **state)
{
	log_open(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT, false);
	capture_begin();
	log_debug("one", NULL);
	log_info("two", NULL);
	assert_string_equal(capture_end(), "");
	capture_begin();
	log_error("three words here", "a", "1", "b", "2", NULL);
	assert_string_equal(without_time(capture_end()), " level=error msg=\"three words here\" a=1 b=2\n");
	log_open(LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT, false);
	capture_begin();
	log_debug("one", NULL);
	assert_string_equal(without_time(capture_end()), " level=debug msg=one\n");
}

/* A long line is cut, once, not inside an escape, and stays one line. */
static void test_long_line(void **state)
{
	static char value[20000];
	memset(value, '\n', sizeof(value) - 1);
	log_open(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false);
	capture_begin();
	log_info("m", "key", value, "next", "lost", NULL);
	const char *line = capture_end();
	size_t len = strlen(line);
	assert_in_range(len, 4000, 4096);
	assert_string_equal(line + len - strlen("\\n...\n"), "\\n...\n");
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	assert_null(strstr(line, "lost"));
}

static const char *after_time(const char *line)
{
	assert_memory_equal(line, "{\"ts\":\"20", strlen("{\"ts\":\"20"));
	assert_true(strlen(line) > strlen("{\"ts\":\"2024-05-01T12:00:00.123Z\","));
	return line + strlen("{\"ts\":\"2024-05-01T12:00:00.123Z\",");
}

static void test_json(void **state)
{
	static char value[1500], expected[4096];
	log_open(LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
	capture_begin();
	log_warn("push refused", "source", "127.0.0.1:1", "reason", "say \"hi\"\n\x01\xff", NULL);
	assert_string_equal(after_time(capture_end()),
		"\"level\":\"warn\",\"msg\":\"push refused\",\"source\":\"127.0.0.1:1\","
		"\"reason\":\"say \\\"hi\\\"\\n\\u0001\xef\xbf\xbd\"}\n");
	/* What drives a terminal by other bytes than those of ASCII, or hides text. */
	capture_begin();
	log_warn("m", "a",
		"\x7f\xc2\x9b"
		"31m\x9b\xe2\x80\xae\xef\xbb\xbf\xf3\xa0\x80\x81\xc3\xa9\xc3",
		NULL);
	assert_string_equal(after_time(capture_end()),
		"\"level\":\"warn\",\"msg\":\"m\",\"a\":"
		"\"\\u007f\\u009b31m\xef\xbf\xbd\\u202e\\ufeff\\udb40\\udc01\xc3\xa9"
		"\xef\xbf\xbd\"}\n");
	/* A value of 1024 bytes is whole. */
	memset(value, 'x', 1024);
	snprintf(expected, sizeof(expected), "\"level\":\"info\",\"msg\":\"m\",\"a\":\"%s\",\"b\":\"2\"}\n", value);
	capture_begin();
	log_info("m", "a", value, "b", "2", NULL);
	assert_string_equal(after_time(capture_end()), expected);
	/* A longer one is cut, not inside a character, and the line goes on. */
	memset(value, 'x', 1023);
	strcpy(value + 1023, "\xc3\xa9y");
	snprintf(expected, sizeof(expected), "\"level\":\"info\",\"msg\":\"m\",\"a\":\"%.1023s...\",\"b\":\"2\"}\n",
		value);
	capture_begin();
	log_info("m", "a", value, "b", "2", NULL);
	assert_string_equal(after_time(capture_end()), expected);
	log_open(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false);
}

/* syslog(3) may have nobody who listens; what counts is that nothing reaches the client's connection. */
static void test_syslog(void **state)
{
	log_open(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, true);
	capture_begin();
	log_warn("m", NULL);
	assert_string_equal(capture_end(), "");
	log_open(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false);
	capture_begin();
	log_warn("m", NULL);
	assert_string_equal(without_time(capture_end()), " level=warn msg=m\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_syslog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
