/* What others do to the files of a spool that a store has open, and which files it leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/files.h"
#include "support/stores.h"

static void put_file(struct store_fixture *fixture, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/groups/%s", fixture->path, name);
	write_file(path, text);
}

static void remove_file(struct store_fixture *fixture, const char *name)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/groups/%s", fixture->path, name);
	assert_int_equal(unlink(path), 0);
}

/* The only file left out, and why. */
static void assert_rejected(struct store *store, const char *file, const char *reason)
{
	struct error error;
	const void *cursor = NULL;
	const char *name, *why;
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_counts(store->view).rejected, 1);
	assert_true(view_next_rejected(store->view, &cursor, &name, &why));
	assert_string_equal(name, file);
	assert_string_equal(why, reason);
	assert_false(view_next_rejected(store->view, &cursor, &name, &why));
}

static void test_others(void **state)
{
	struct store_fixture *fixture = *state;
	struct store other;
	open_store(&other, fixture->path, VIEW_SCAN, &default_limits);
	push(&fixture->store, "/job/a", "m 1\n");
	assert_exposed(&other, "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 1\n");
	push(&other, "/job/a", "m 2\n");
	push(&other, "/job/b", "m 3\n");
	const char *both = "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 2\nm{instance=\"\",job=\"b\"} 3\n";
	assert_exposed(&fixture->store, both);
	/* In place, by hand, with the same length. */
	put_file(fixture, "job=c.prom", "m 4\n");
	assert_exposed(&fixture->store, "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 2\nm{instance=\"\",job=\"b\"} 3\n"
					"m{instance=\"\",job=\"c\"} 4\n");
	put_file(fixture, "job=c.prom", "m 5\n");
	assert_exposed(&fixture->store, "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 2\nm{instance=\"\",job=\"b\"} 3\n"
					"m{instance=\"\",job=\"c\"} 5\n");
	remove_file(fixture, "job=c.prom");
	assert_exposed(&fixture->store, both);
	assert_exposed(&other, both);
	store_close(&other);
	assert_fresh_agrees(fixture);
}

static void test_rejected(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	push(store, "/job/m", "# TYPE a gauge\na 1\n");
	put_file(fixture, "job=a.prom", "x 1\ny\n");
	assert_rejected(store, "job=a.prom", "line 2: expected float as value, got \"\"");
	/* What pgw wrote wins over what was made by hand, though its name comes later. */
	put_file(fixture, "job=a.prom", "# TYPE a counter\na 1\n");
	assert_rejected(store, "job=a.prom", "collected metric \"a\" is not a GAUGE, which it is in group {job=\"m\"}");
	assert_exposed(store, "# TYPE a gauge\na{instance=\"\",job=\"m\"} 1\n");
	assert_fresh_agrees(fixture);
	/* Once the other is gone it counts. */
	remove_file(fixture, "job=m.prom");
	assert_exposed(store, "# TYPE a counter\na{instance=\"\",job=\"a\"} 1\n");
	assert_int_equal(view_counts(store->view).rejected, 0);
	/* Of two made by hand the lower name wins, whichever came first. */
	put_file(fixture, "job=b.prom", "# TYPE b counter\nb 1\n");
	assert_exposed(store, "# TYPE a counter\na{instance=\"\",job=\"a\"} 1\n"
			      "# TYPE b counter\nb{instance=\"\",job=\"b\"} 1\n");
	put_file(fixture, "job=a.prom", "# TYPE b gauge\nb 1\n");
	assert_exposed(store, "# TYPE b gauge\nb{instance=\"\",job=\"a\"} 1\n");
	assert_rejected(store, "job=b.prom", "collected metric \"b\" is not a GAUGE, which it is in group {job=\"a\"}");
	assert_fresh_agrees(fixture);
	/* A push replaces a file that was left out. */
	push(store, "/job/b", "c 1\n");
	assert_int_equal(view_counts(store->view).rejected, 0);
	assert_exposed(store, "# TYPE b gauge\nb{instance=\"\",job=\"a\"} 1\n"
			      "# TYPE c untyped\nc{instance=\"\",job=\"b\"} 1\n");
	assert_fresh_agrees(fixture);
}

/* What a push may replace, a refused one may not touch. */
static void test_refused_beside_rejected(void **state)
{
	struct store_fixture *fixture = *state;
	struct error error;
	put_file(fixture, "job=a.prom", "important 5\nbroken\n");
	assert_non_null(push_as(&fixture->store, STORE_POST, "/job/a", "m 1 2\n"));
	struct buffer text;
	struct file_id id;
	buffer_init(&text, 1000);
	assert_int_equal(spool_read(&fixture->store.spool, "job=a.prom", &text, &id, &error), 1);
	assert_true(slice_is(buffer_slice(&text), "important 5\nbroken\n"));
	buffer_release(&text);
	assert_fresh_agrees(fixture);
}

/* When the winner goes, all that it kept out come in together. */
static void test_many_rejected(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	struct buffer text;
	char name[32];
	push(store, "/job/aa", "# TYPE x counter\nx 1\n");
	for (unsigned file = 0; file < 5; file++) {
		buffer_init(&text, SIZE_MAX / 2);
		buffer_append_string(&text, "# TYPE x gauge\n");
		for (unsigned i = 0; i < 1000; i++)
			buffer_printf(&text, "x{i=\"%u\"} 1\n", i);
		buffer_append_byte(&text, '\0');
		snprintf(name, sizeof(name), "job=b%u.prom", file);
		put_file(fixture, name, text.data);
		buffer_release(&text);
	}
	struct error error;
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_counts(store->view).rejected, 5);
	remove_file(fixture, "job=aa.prom");
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_counts(store->view).rejected, 0);
	assert_int_equal(view_counts(store->view).series, 5 * 1002);
	assert_fresh_agrees(fixture);
}

/* Families that only left-out groups have are not exposed, nor do they harm. */
static void test_family_of_rejected_only(void **state)
{
	struct store_fixture *fixture = *state;
	push(&fixture->store, "/job/a", "# TYPE x counter\nx 1\n");
	put_file(fixture, "job=b.prom", "# TYPE x gauge\nx 1\nuniq 1\n");
	assert_exposed(&fixture->store, "# TYPE x counter\nx{instance=\"\",job=\"a\"} 1\n");
	assert_int_equal(view_counts(fixture->store.view).rejected, 1);
	assert_fresh_agrees(fixture);
}

/* Random pushes, deletions and files by hand against a view made afresh. */
static void test_random(void **state)
{
	struct store_fixture *fixture = *state;
	unsigned seed = 7;
	for (int step = 0; step < 400; step++) {
		char name[64], path[64], text[128];
		unsigned group = (unsigned)rand_r(&seed) % 6, action = (unsigned)rand_r(&seed) % 8;
		snprintf(text, sizeof(text), "# TYPE f%u %s\nf%u{x=\"%u\",instance=\"%u\"} %d\n", rand_r(&seed) % 3,
			rand_r(&seed) % 4 == 0 ? "gauge" : "counter", rand_r(&seed) % 3, rand_r(&seed) % 2,
			rand_r(&seed) % 3, step);
		snprintf(name, sizeof(name), group % 2 == 0 ? "job=j.prom" : "job=j,instance=%u.prom", group);
		snprintf(path, sizeof(path), group % 2 == 0 ? "/job/j" : "/job/j/instance/%u", group);
		char file[200];
		snprintf(file, sizeof(file), "%s/groups/%s", fixture->path, name);
		if (action < 4)
			push_as(&fixture->store, action == 0 ? STORE_PUT : STORE_POST, path, text);
		else if (action == 4)
			put_file(fixture, name, text);
		else if (action == 5)
			unlink(file);
		else
			push_as(&fixture->store, STORE_PUT, path, "");
		if (step % 5 == 0)
			assert_fresh_agrees(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(test_others),
		WITH_SPOOL(test_rejected),
		WITH_SPOOL(test_refused_beside_rejected),
		WITH_SPOOL(test_many_rejected),
		WITH_SPOOL(test_family_of_rejected_only),
		WITH_SPOOL(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
