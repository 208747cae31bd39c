/* A spool as a destination; the tests of the tools have gateways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "destination.h"
#include "support/files.h"
#include "support/scratch.h"

static const struct limits limits = LIMITS_DEFAULT;

/* Applies a change to the spool "s", or only checks it. 0, or -1 with the error. */
static int change(enum store_method method, const char *text, bool check_only, bool *existed, struct error *error)
{
	struct options_target target = {.spool = "s"};
	const struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	struct destination destination;
	struct grouping_key key;
	struct exposition exposition;
	grouping_key_init(&key);
	exposition_init(&exposition);
	assert_int_equal(grouping_key_set(&key, slice_of("job"), slice_of("j"), error), 0);
	assert_int_equal(destination_init(&destination, &target, &options, &key, error), 0);
	assert_int_equal(grouping_key_finish(&key, &limits, error), 0);
	if (text != NULL)
		assert_int_equal(exposition_parse(&exposition, slice_of(text), &limits, error), 0);
	struct destination_change made = {.method = method, .key = &key, .pushed = &exposition};
	int result = check_only ? destination_check(&destination, &made, error)
				: destination_apply(&destination, &made, error);
	*existed = made.existed;
	destination_release(&destination);
	exposition_release(&exposition);
	grouping_key_release(&key);
	return result;
}

static void it_changes_the_spool(void **state)
{
	struct error error;
	bool existed;
	assert_int_equal(change(STORE_POST, "a 1\n", false, &existed, &error), 0);
	assert_false(existed);
	assert_int_equal(access("s/groups/job=j.prom", F_OK), 0);
	assert_int_equal(change(STORE_PUT, "b 1\n", false, &existed, &error), 0);
	assert_true(existed);
	assert_int_equal(change(STORE_POST, "# TYPE b counter\nb 1\nb 2\n", false, &existed, &error), -1);
	assert_int_equal(error.kind, ERROR_INCONSISTENT);
	assert_int_equal(change(STORE_DELETE, NULL, false, &existed, &error), 0);
	assert_true(existed);
	assert_no_file("s/groups/job=j.prom");
}

static void a_check_makes_no_spool(void **state)
{
	struct error error;
	bool existed;
	assert_int_equal(change(STORE_POST, "a 1\n", true, &existed, &error), 0);
	assert_no_file("s");
	assert_int_equal(change(STORE_POST, "a 1 1\n", true, &existed, &error), -1);
	assert_string_equal(error.message, "pushed metrics must not have timestamps");
	/* A file system of its own is as new as an empty directory. */
	assert_int_equal(mkdir("s", 0755), 0);
	assert_int_equal(mkdir("s/lost+found", 0755), 0);
	assert_int_equal(change(STORE_POST, "a 1\n", true, &existed, &error), 0);
	assert_no_file("s/version");
	assert_int_equal(mkdir("s/else", 0755), 0);
	assert_int_equal(change(STORE_POST, "a 1\n", true, &existed, &error), -1);
	assert_int_equal(error.kind, ERROR_CREATE);
	assert_string_equal(error.message, "s is not a spool: it has no file named version");
}

static void a_check_asks_the_spool(void **state)
{
	struct error error;
	bool existed;
	assert_int_equal(change(STORE_POST, "a 1\n", false, &existed, &error), 0);
	assert_int_equal(rename("s/groups/job=j.prom", "kept"), 0);
	FILE *other = fopen("s/groups/job=k.prom", "w");
	fputs("# TYPE a gauge\na 1\n", other);
	fclose(other);
	assert_int_equal(change(STORE_POST, "# TYPE a counter\na 1\n", true, &existed, &error), -1);
	assert_int_equal(error.kind, ERROR_INCONSISTENT);
	assert_string_equal(error.message, "collected metric \"a\" is not a GAUGE, which it is in group {job=\"k\"}");
	assert_int_equal(change(STORE_POST, "# TYPE a gauge\na 1\n", true, &existed, &error), 0);
	assert_no_file("s/groups/job=j.prom");
}

static void a_key_needs_a_job(void **state)
{
	struct options_target target = {.spool = "s"};
	const struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	struct destination destination;
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	assert_int_equal(destination_init(&destination, &target, &options, &key, &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(error.message, "the job is missing, give it with -j");
	grouping_key_release(&key);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_changes_the_spool),
		TEST(a_check_makes_no_spool),
		TEST(a_check_asks_the_spool),
		TEST(a_key_needs_a_job),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
