#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "options.h"
#include "selector.h"

struct settings {
	struct grouping_key key;
	const char *spool;
	bool flag;
	bool sync;
	unsigned count;
	unsigned timeout;
	unsigned watch;
	int64_t age;
	struct selector selector;
	bool quiet;
	bool verbose;
	struct option_list list;
};

/* Parses a command line, given without the tool's name and ended by NULL. */
static int parse(struct settings *settings, const char *const words[], struct error *error)
{
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&settings->spool),
		OPTIONS_KEY(&settings->key),
		{'f', "flag", NULL, OPTION_FLAG, &settings->flag, "a flag"},
		{0, "no-sync", NULL, OPTION_UNFLAG, &settings->sync, "a flag that is off"},
		{'P', "parallel", "N", OPTION_COUNT, &settings->count, "a number"},
		{0, "timeout", "SECONDS", OPTION_DURATION, &settings->timeout, "a duration"},
		{'i', "item", "TEXT", OPTION_LIST, &settings->list, "an argument of a list"},
		{0, "note", "TEXT", OPTION_LIST, &settings->list, "another one"},
		{'w', "watch", "[=SECONDS]", OPTION_DURATION, &settings->watch, "a duration or none"},
		{0, "older-than", "AGE", OPTION_AGE, &settings->age, "an age"},
		{'s', "select", "SELECTOR", OPTION_SELECTOR, &settings->selector, "a selector"},
		OPTIONS_COMMON(&settings->quiet, &settings->verbose),
	};
	const struct command_line line = {.tool = "tool", .specs = specs, .count = OPTIONS_COUNT(specs)};
	char storage[32][64] = {"tool"};
	char *argv[32] = {storage[0]};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++) {
		assert_true(strlen(words[argc - 1]) < sizeof(storage[0]));
		strcpy(storage[argc], words[argc - 1]);
		argv[argc] = storage[argc];
	}
	int first = options_parse(&line, argc, argv, error);
	/* What points into the command line is compared while that is there. */
	static const struct {
		int letter;
		const char *name, *argument;
	} items[] = {{'i', "item", "b"}, {0, "note", "a"}, {'i', "item", "b"}};
	assert_true(settings->list.count <= sizeof(items) / sizeof(items[0]));
	for (size_t i = 0; i < settings->list.count; i++) {
		const struct option_given *given = &settings->list.given[i];
		assert_int_equal(given->spec->letter, items[i].letter);
		assert_string_equal(given->spec->name, items[i].name);
		assert_string_equal(given->argument, items[i].argument);
	}
	if (settings->spool != NULL)
		settings->spool = strcmp(settings->spool, "dir") == 0 ? "dir" : "another";
	return first;
}

#define WORDS(...)                                                                                                     \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}

static void every_option_is_read(void **state)
{
	struct settings settings = {.sync = true};
	struct error error;
	const struct limits limits = LIMITS_DEFAULT;
	assert_int_equal(parse(&settings,
				 WORDS("-d", "dir", "-fq", "--no-sync", "-P7", "--timeout=1.5", "-j", "backup",
					 "operand", "-l", "x=a=b", "--label", "empty=", "--verbose", "--", "-n"),
				 &error),
		15);
	assert_string_equal(settings.spool, "dir");
	assert_true(settings.flag);
	assert_true(settings.quiet);
	assert_true(settings.verbose);
	assert_false(settings.sync);
	assert_int_equal(settings.count, 7);
	assert_int_equal(settings.timeout, 1500);
	assert_int_equal(grouping_key_finish(&settings.key, &limits, &error), 0);
	assert_string_equal(settings.key.text.data, "{job=\"backup\",empty=\"\",x=\"a=b\"}");
	grouping_key_release(&settings.key);
}

static void what_is_not_given_stays(void **state)
{
	struct settings settings = {.sync = true, .count = 8, .timeout = 30000};
	struct error error;
	assert_int_equal(parse(&settings, WORDS("operand"), &error), 1);
	assert_null(settings.spool);
	assert_false(settings.flag);
	assert_true(settings.sync);
	assert_int_equal(settings.count, 8);
	assert_int_equal(settings.timeout, 30000);
	assert_int_equal(settings.key.count, 0);
}

static void selectors_and_ages_are_read(void **state)
{
	struct settings settings = {0};
	struct error error;
	const struct limits limits = LIMITS_DEFAULT;
	selector_init(&settings.selector);
	assert_int_equal(
		parse(&settings, WORDS("--older-than", "90d", "-s", "{job='a'}", "-s", "job=~'b.*'", "-j", "b1"),
			&error),
		9);
	assert_int_equal(settings.age, 90 * 86400 * CLOCK_SECOND);
	assert_int_equal(grouping_key_finish(&settings.key, &limits, &error), 0);
	assert_int_equal(selector_match(&settings.selector, &settings.key, &error), 1);
	selector_release(&settings.selector);
	grouping_key_release(&settings.key);
}

static void an_argument_in_brackets_is_optional(void **state)
{
	struct settings settings = {0};
	struct error error;
	assert_int_equal(parse(&settings, WORDS("--watch=3", "operand"), &error), 2);
	assert_int_equal(settings.watch, 3000);
	assert_int_equal(parse(&settings, WORDS("-w7", "operand"), &error), 2);
	assert_int_equal(settings.watch, 7000);
	assert_int_equal(parse(&settings, WORDS("--watch", "3"), &error), 2);
	assert_int_equal(settings.watch, UINT_MAX);
}

static void the_last_one_counts(void **state)
{
	struct settings settings = {0};
	struct error error;
	assert_int_equal(parse(&settings, WORDS("-d", "x", "-d", "dir", "-P1", "-P2"), &error), 7);
	assert_string_equal(settings.spool, "dir");
	assert_int_equal(settings.count, 2);
}

static void a_list_keeps_the_order(void **state)
{
	struct settings settings = {.sync = true};
	struct error error;
	grouping_key_init(&settings.key);
	assert_int_equal(parse(&settings, WORDS("-i", "b", "-f", "--note", "a", "--item=b"), &error), 7);
	assert_int_equal(settings.list.count, 3);
	option_list_release(&settings.list);
	assert_int_equal(settings.list.count, 0);
	assert_int_equal(parse(&settings, WORDS("-f"), &error), 2);
	assert_int_equal(settings.list.count, 0);
	grouping_key_release(&settings.key);
}

static void a_bad_option_is_named(void **state)
{
	static const struct {
		const char *words[4];
		const char *message;
	} cases[] = {
		{{"--nonsense"}, "unrecognized option \"--nonsense\""},
		{{"--nonsense=x"}, "unrecognized option \"--nonsense=x\""},
		{{"-x"}, "invalid option -- \"x\""},
		{{"-fx"}, "invalid option -- \"x\""},
		{{"-f\033"}, "invalid option -- \"\\x1b\""},
		{{"-d"}, "option '--spool' requires an argument"},
		{{"--spool"}, "option '--spool' requires an argument"},
		{{"--flag=x"}, "option '--flag' doesn't allow an argument"},
		{{"--no-sync=x"}, "option '--no-sync' doesn't allow an argument"},
		{{"--timeout"}, "option '--timeout' requires an argument"},
		{{"--older-than", "x"}, "--older-than: \"x\": not an age, such as 30, 90s, 15m, 24h or 7d"},
		{{"-s", "{job}"}, "--select: \"{job}\": column 5: expected =, !=, =~ or !~ after the name of a label"},
		{{"-j", ""}, "--job: job name is required"},
		{{"-l", "nonsense"}, "--label: \"nonsense\": a label is given as NAME=VALUE"},
		{{"-l", "job=x"}, "--label: \"job=x\": the label job is given with -j"},
		{{"-l", "1x=y"}, "--label: improper label name \"1x\""},
		{{"-l", "=y"}, "--label: improper label name \"\""},
		{{"-l", "__x=y"}, "--label: improper label name \"__x\""},
		{{"-P", "0"}, "--parallel: \"0\": not a number from 1 to 1000"},
		{{"-P", "1001"}, "--parallel: \"1001\": not a number from 1 to 1000"},
		{{"-P", "1x"}, "--parallel: \"1x\": not a number from 1 to 1000"},
		{{"-P", ""}, "--parallel: \"\": not a number from 1 to 1000"},
		{{"--timeout", "x"}, "--timeout: \"x\": not a duration, such as 30, 0.5, 90s, 15m, 24h or 7d"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings settings = {0};
		struct error error;
		assert_int_equal(parse(&settings, cases[i].words, &error), -1);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.kind, ERROR_USAGE);
		grouping_key_release(&settings.key);
		selector_release(&settings.selector);
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		unsigned milliseconds;
	} cases[] = {{"2", 2000}, {"0.5", 500}, {".001", 1}, {"90s", 90000}, {"15m", 900000}, {"24h", 86400000},
		{"7d", 604800000}, {"1.5h", 5400000}, {"2147483.647", 2147483647}};
	static const char *const bad[] = {"", "x", "s", "-1", "+1", "1 s", "1w", "1ss", "1.2.3", "1e3", "nan", "inf",
		"0", "0.0001", "25d", "2147483.648", "1e99", "99999999999999999999999999"};
	struct error error;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned milliseconds = 0;
		assert_int_equal(options_duration(cases[i].text, &milliseconds, &error), 0);
		assert_int_equal(milliseconds, cases[i].milliseconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned milliseconds = 42;
		assert_int_equal(options_duration(bad[i], &milliseconds, &error), -1);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_int_equal(milliseconds, 42);
	}
	assert_int_equal(options_duration("25d", &(unsigned){0}, &error), -1);
	assert_string_equal(error.message, "\"25d\": a duration must be from 0.001 seconds to 24 days");
}

static void set_environment(const char *spool, const char *url)
{
	unsetenv("PGW_SPOOL");
	unsetenv("PGW_URL");
	if (spool != NULL)
		setenv("PGW_SPOOL", spool, 1);
	if (url != NULL)
		setenv("PGW_URL", url, 1);
}

static void assert_same_string(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void where_a_tool_works(void **state)
{
	static const struct {
		const char *spool_given, *url_given, *spool_variable, *url_variable;
		const char *spool, *url, *message;
	} cases[] = {
		{NULL, NULL, NULL, NULL, "/var/spool/pgw", NULL, NULL},
		{NULL, NULL, "", "", "/var/spool/pgw", NULL, NULL},
		{NULL, NULL, "/s", NULL, "/s", NULL, NULL},
		{NULL, NULL, "/s", "", "/s", NULL, NULL},
		{NULL, NULL, NULL, "host", NULL, "host", NULL},
		{"/d", NULL, "/s", "host", "/d", NULL, NULL},
		{NULL, "gateway", "/s", "host", NULL, "gateway", NULL},
		{NULL, NULL, "/s", "host", NULL, NULL, "PGW_SPOOL and PGW_URL are both set, choose with -d or -u"},
		{"/d", "gateway", NULL, NULL, NULL, NULL, "a spool (-d) and a gateway (-u) can't be given together"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error = {0};
		struct options_target target = {.spool = cases[i].spool_given};
		if (cases[i].url_given != NULL)
			assert_int_equal(options_add_url(&target.urls, cases[i].url_given, &error), 0);
		set_environment(cases[i].spool_variable, cases[i].url_variable);
		if (cases[i].message == NULL) {
			assert_int_equal(options_choose_target(&target, &error), 0);
			assert_same_string(target.spool, cases[i].spool);
			assert_int_equal(target.urls.count, cases[i].url != NULL);
			if (cases[i].url != NULL)
				assert_string_equal(target.urls.urls[0], cases[i].url);
			options_target_release(&target);
			continue;
		}
		assert_int_equal(options_choose_target(&target, &error), -1);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.message, cases[i].message);
		options_target_release(&target);
	}
}

static void urls_lose_their_passwords_in_argv(void **state)
{
	struct error error;
	struct options_target target = {0};
	const struct option_spec specs[] = {OPTIONS_URL(&target.urls)};
	const struct command_line line = {.tool = "tool", .synopsis = "", .purpose = "", .specs = specs, .count = 1};
	char tool[] = "tool", first[] = "--url=http://me:secret@host/x", letter[] = "-u", second[] = "you:secret@other";
	char *argv[] = {tool, first, letter, second, NULL};
	assert_int_equal(options_parse(&line, 4, argv, &error), 4);
	assert_int_equal(target.urls.count, 2);
	assert_string_equal(target.urls.urls[0], "http://me:secret@host/x");
	assert_string_equal(target.urls.urls[1], "you:secret@other");
	assert_memory_equal(first, "--url=http://host/x\0\0\0\0\0\0\0\0\0\0", sizeof(first));
	assert_memory_equal(second, "other\0\0\0\0\0\0\0\0\0\0\0", sizeof(second));
	options_target_release(&target);
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		size_t bytes; /* 0 for an error */
		const char *message;
	} cases[] = {
		{"1", 1, NULL},
		{"4096", 4096, NULL},
		{"64k", 65536, NULL},
		{"16m", 16 << 20, NULL},
		{"2g", (size_t)2 << 30, NULL},
		{"0", 0, "--size: \"0\": a size must be from 1 byte to 8 EiB"},
		{"99999999999999999999", 0, "--size: \"99999999999999999999\": a size must be from 1 byte to 8 EiB"},
		{"9999999999999g", 0, "--size: \"9999999999999g\": a size must be from 1 byte to 8 EiB"},
		{"-1", 0, "--size: \"-1\": not a size, such as 4096, 64k or 16m"},
		{"", 0, "--size: \"\": not a size, such as 4096, 64k or 16m"},
		{"1kk", 0, "--size: \"1kk\": not a size, such as 4096, 64k or 16m"},
		{"1K", 0, "--size: \"1K\": not a size, such as 4096, 64k or 16m"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error;
		size_t size = 0;
		const struct option_spec specs[] = {{0, "size", "SIZE", OPTION_SIZE, &size, ""}};
		const struct command_line line = {
			.tool = "tool", .synopsis = "", .purpose = "", .specs = specs, .count = 1};
		char tool[] = "tool", option[] = "--size", text[32];
		char *argv[] = {tool, option, text, NULL};
		strcpy(text, cases[i].text);
		assert_int_equal(options_parse(&line, 3, argv, &error), cases[i].message == NULL ? 3 : -1);
		assert_int_equal(size, cases[i].bytes);
		if (cases[i].message != NULL)
			assert_string_equal(error.message, cases[i].message);
	}
}

static void a_tool_without_urls(void **state)
{
	set_environment("/s", "host");
	assert_string_equal(options_choose_spool(NULL), "/s");
	assert_string_equal(options_choose_spool("/d"), "/d");
	set_environment("", "host");
	assert_string_equal(options_choose_spool(NULL), "/var/spool/pgw");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_read),
		cmocka_unit_test(what_is_not_given_stays),
		cmocka_unit_test(selectors_and_ages_are_read),
		cmocka_unit_test(an_argument_in_brackets_is_optional),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(a_list_keeps_the_order),
		cmocka_unit_test(a_bad_option_is_named),
		cmocka_unit_test(durations),
		cmocka_unit_test(where_a_tool_works),
		cmocka_unit_test(urls_lose_their_passwords_in_argv),
		cmocka_unit_test(sizes),
		cmocka_unit_test(a_tool_without_urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
