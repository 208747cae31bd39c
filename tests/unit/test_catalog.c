/* The catalog: what it takes, what it is unsure of, and that no damage to it does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog.h"
#include "catalog_file.h"
#include "clock.h"
#include "support/files.h"
#include "support/scratch.h"

static const struct limits default_limits = LIMITS_DEFAULT;

struct fixture {
	char path[SCRATCH_PATH_SIZE];
	struct spool spool;
	struct limits limits;
	int64_t now;
};

static void open_spool(struct fixture *fixture)
{
	struct error error;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.sync = false;
	if (spool_open(&fixture->spool, fixture->path, &options, &error) == -1 ||
		spool_lock(&fixture->spool, &error) == -1)
		fail_msg("%s", error.message);
}

/* The tests hold the lock all the time, and change files beside it as by hand. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_int_equal(scratch_make(fixture->path), 0);
	fixture->limits = default_limits;
	open_spool(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	spool_close(&fixture->spool);
	scratch_remove(fixture->path);
	free(fixture);
	return 0;
}

static struct group *make_group(struct fixture *fixture, const char *path, const char *text)
{
	struct error error;
	struct grouping_key key;
	struct exposition exposition;
	grouping_key_init(&key);
	exposition_init(&exposition);
	fixture->now += CLOCK_SECOND;
	if (grouping_key_from_path(&key, slice_of(path), &default_limits, &error) == -1 ||
		exposition_parse(&exposition, slice_of(text), &default_limits, &error) == -1)
		fail_msg("%s", error.message);
	struct group *group = group_push(NULL, &key, &exposition, PUSH_PUT, fixture->now, 0, &default_limits, &error);
	if (group == NULL)
		fail_msg("%s", error.message);
	exposition_release(&exposition);
	grouping_key_release(&key);
	return group;
}

static struct file_id write_group(struct fixture *fixture, const struct group *group)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX);
	assert_int_equal(group_append_text(group, &text), 0);
	struct spool_change change = {.file = group->key.file, .text = buffer_slice(&text)};
	spool_apply(&fixture->spool, &change, 1);
	if (change.failed)
		fail_msg("%s", change.error.message);
	buffer_release(&text);
	return change.id;
}

/* Writes a group that the catalog hears nothing of. */
static void write_beside(struct fixture *fixture, const char *path, const char *text)
{
	struct group *group = make_group(fixture, path, text);
	write_group(fixture, group);
	group_free(group);
}

/* Writes a file in place of another of that name, as cp and mv would. */
static void replace_file(struct fixture *fixture, const char *file, const char *text)
{
	char path[256], temporary[256];
	snprintf(path, sizeof(path), "%s/groups/%s", fixture->path, file);
	snprintf(temporary, sizeof(temporary), "%s/groups/.new", fixture->path);
	write_file(temporary, text);
	assert_int_equal(rename(temporary, path), 0);
}

static void remove_file(struct fixture *fixture, const char *file)
{
	assert_int_equal(unlinkat(fixture->spool.groups, file, 0), 0);
}

/* Makes a catalog in the place of the one that is there. Whether one could be made. */
static bool build(struct fixture *fixture)
{
	struct catalog *catalog = catalog_make(&fixture->spool, &fixture->limits);
	bool made = catalog != NULL && catalog_catch_up(catalog) == CATALOG_FITS;
	if (made)
		catalog_save(catalog);
	catalog_close(catalog);
	return made;
}

/* One push as store.c makes it. */
static enum catalog_answer push(struct fixture *fixture, const char *path, const char *text)
{
	enum catalog_answer answer = CATALOG_BROKEN;
	struct group *group = make_group(fixture, path, text);
	struct catalog *catalog = catalog_open(&fixture->spool, &fixture->limits);
	if (catalog != NULL)
		answer = catalog_catch_up(catalog);
	if (answer == CATALOG_FITS)
		answer = catalog_put(catalog, group);
	if (answer == CATALOG_FITS) {
		struct file_id id = write_group(fixture, group);
		catalog_set_file_id(catalog, group->key.file, &id);
		catalog_save(catalog);
	}
	catalog_close(catalog);
	group_free(group);
	return answer;
}

static void assert_agrees(struct fixture *fixture)
{
	struct error error = {.message = "there is none"};
	if (catalog_compare(&fixture->spool, &fixture->limits, &error) != 1)
		fail_msg("%s", error.message);
}

static void test_without_a_catalog(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	assert_null(catalog_open(&fixture->spool, &fixture->limits));
	assert_int_equal(catalog_compare(&fixture->spool, &fixture->limits, &error), 0);
	build(fixture);
	assert_agrees(fixture);
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* The rules of consistency.h, and what looks like a clash and is none. */
static void test_clashes(void **state)
{
	struct fixture *fixture = *state;
	build(fixture);
	assert_int_equal(
		push(fixture, "/job/a/instance/i", "# TYPE m gauge\nm{x=\"1\"} 1\n# TYPE s summary\ns_count 1\n"),
		CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/b", "# TYPE m counter\nm 1\n"), CATALOG_UNSURE);
	assert_int_equal(
		push(fixture, "/job/b", "# TYPE process_open_fds counter\nprocess_open_fds 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/b", "s_count 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/b", "# TYPE s_sum gauge\ns_sum 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/b", "s_bucket 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/c", "# TYPE s histogram\ns_count 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/c", "# TYPE h_count gauge\nh_count 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/d", "# TYPE h histogram\nh_count 1\n"), CATALOG_UNSURE);
	/* The series of another group: an instance that is empty is none. */
	assert_int_equal(push(fixture, "/job/a", "# TYPE m gauge\nm{x=\"1\",instance=\"i\"} 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/b/instance@base64/=", "o 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/a", "# TYPE m gauge\nm{x=\"1\"} 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* A group makes room when it changes or goes; the type of a family only when a catalog is made. */
static void test_making_room(void **state)
{
	struct fixture *fixture = *state;
	build(fixture);
	const char *both = "m{x=\"1\",instance=\"i\"} 1\nm 2\n";
	assert_int_equal(push(fixture, "/job/a", both), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/a", both), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/a/instance/i", "m{x=\"1\"} 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/a", "m 2\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/a/instance/i", "m{x=\"1\"} 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/a", both), CATALOG_UNSURE);
	assert_agrees(fixture);

	struct catalog *catalog = catalog_open(&fixture->spool, &fixture->limits);
	assert_int_equal(catalog_catch_up(catalog), CATALOG_FITS);
	remove_file(fixture, "job=a,instance=i.prom");
	catalog_remove(catalog, slice_of("job=a,instance=i.prom"));
	catalog_remove(catalog, slice_of("job=none.prom"));
	catalog_save(catalog);
	catalog_close(catalog);
	assert_agrees(fixture);
	assert_int_equal(push(fixture, "/job/a", both), CATALOG_FITS);

	remove_file(fixture, "job=a.prom");
	assert_int_equal(push(fixture, "/job/b", "# TYPE m gauge\nm 1\n"), CATALOG_UNSURE);
	build(fixture);
	assert_int_equal(push(fixture, "/job/b", "# TYPE m gauge\nm 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

static void test_limits(void **state)
{
	struct fixture *fixture = *state;
	fixture->limits.groups = 2;
	fixture->limits.series = 8;
	build(fixture);
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/b", "m 1\nn 1\no 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/c", "m 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/b", "m 1\nn 1\no 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/b", "m 1\nn 1\no 1\np 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/b", "m 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/a", "m 1\nn 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* Files that came, changed and went without the catalog: as by hand. */
static void test_changes_of_others(void **state)
{
	struct fixture *fixture = *state;
	write_beside(fixture, "/job/old", "o 1\n");
	build(fixture);
	write_beside(fixture, "/job/new", "# TYPE m gauge\nm{x=\"1\"} 1\n");
	assert_int_equal(push(fixture, "/job/b", "# TYPE m counter\nm 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/b", "# TYPE m gauge\nm{x=\"1\",job=\"c\"} 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	/* The same size at almost the same time. */
	replace_file(fixture, "job=c.prom", "# TYPE p gauge\np{instance=\"x\"} 1\n");
	assert_int_equal(push(fixture, "/job/b", "n 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=c.prom", "# TYPE p gauge\np{instance=\"y\"} 1\n");
	assert_int_equal(push(fixture, "/job/c/instance/y", "# TYPE p gauge\np 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/c/instance/x", "# TYPE p gauge\np 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	/* Two that change places. */
	replace_file(fixture, "job=s.prom", "# TYPE p gauge\np{instance=\"1\"} 1\np{instance=\"2\"} 1\n");
	assert_int_equal(push(fixture, "/job/b", "n 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=s,instance=2.prom", "# TYPE p gauge\np 1\n");
	replace_file(fixture, "job=s.prom", "# TYPE p gauge\np{instance=\"1\"} 1\n");
	assert_int_equal(push(fixture, "/job/b", "n 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	remove_file(fixture, "job=s.prom");
	remove_file(fixture, "job=old.prom");
	assert_int_equal(push(fixture, "/job/s/instance/1", "# TYPE p gauge\np 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* What was left by a writer that was killed goes when the directory is looked through. */
static void test_debris(void **state)
{
	struct fixture *fixture = *state;
	build(fixture);
	replace_file(fixture, ".pgw-1-2.tmp", "half");
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_int_equal(faccessat(fixture->spool.groups, ".pgw-1-2.tmp", F_OK, 0), -1);
}

/* Files that are left out: what can't be a group disturbs nobody, what clashes is for the view. */
static void test_files_left_out(void **state)
{
	struct fixture *fixture = *state;
	replace_file(fixture, "job=bad.prom", "m 1 2 3\n");
	build(fixture);
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	replace_file(fixture, "job=worse.prom", "{");
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	replace_file(fixture, "job=worse.prom", "n 1\n");
	assert_int_equal(push(fixture, "/job/worse/instance@base64/=", "n 1\n"), CATALOG_UNSURE);
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=worse.prom", "# TYPE m gauge\nm 1\n");
	assert_int_equal(push(fixture, "/job/b", "m 1\n"), CATALOG_UNSURE);
	/* No catalog is made of files that clash. */
	assert_int_equal(unlinkat(fixture->spool.directory, CATALOG_FILE, 0), 0);
	build(fixture);
	assert_int_equal(push(fixture, "/job/b", "m 1\n"), CATALOG_BROKEN);
	remove_file(fixture, "job=worse.prom");
	build(fixture);
	assert_int_equal(push(fixture, "/job/b", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* A file that this process can't take for its limits may be taken by another. */
static void test_file_over_a_limit(void **state)
{
	struct fixture *fixture = *state;
	write_beside(fixture, "/job/long", "m{label=\"a value that is longer than the others\"} 1\n");
	build(fixture);
	fixture->limits.body = 20;
	write_beside(fixture, "/job/long", "m{label=\"a value that is longer than others\"} 1\n");
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_UNSURE);
	fixture->limits = default_limits;
	assert_int_equal(push(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* More than a catalog has room for: it is given up, and the next one is larger. */
static void test_growth(void **state)
{
	struct fixture *fixture = *state;
	size_t fits = 0, broken = 0;
	build(fixture);
	for (unsigned i = 0; i < 1500; i++) {
		char path[32], text[512] = "";
		snprintf(path, sizeof(path), "/job/a/i/%u", i);
		for (unsigned j = 0; j < 12; j++)
			sprintf(text + strlen(text), "m{x=\"%u\"} 1\n", j);
		enum catalog_answer answer = push(fixture, path, text);
		if (answer == CATALOG_BROKEN) {
			broken++;
			assert_null(catalog_open(&fixture->spool, &fixture->limits));
			write_beside(fixture, path, text);
			build(fixture);
		}
		fits += answer == CATALOG_FITS;
	}
	assert_int_equal(fits + broken, 1500);
	assert_in_range(broken, 1, 4);
	assert_agrees(fixture);
}

/* Series that come and go with each push don't fill it up. */
static void test_series_that_go(void **state)
{
	struct fixture *fixture = *state;
	build(fixture);
	for (unsigned i = 0; i < 3000; i++) {
		char text[512] = "";
		for (unsigned j = 0; j < 12; j++)
			sprintf(text + strlen(text), "m{x=\"%u\"} 1\n", i * 12 + j);
		assert_int_equal(push(fixture, "/job/a", text), CATALOG_FITS);
	}
	assert_agrees(fixture);
}

static int open_catalog_file(struct fixture *fixture)
{
	int fd = openat(fixture->spool.directory, CATALOG_FILE, O_RDWR);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* Whatever is done to the file: a push that clashes is never taken, one that fits is, if not by the catalog, and the
 * next catalog is in order. */
static void assert_harmless(struct fixture *fixture)
{
	assert_int_not_equal(push(fixture, "/job/clash", "# TYPE m gauge\nm 1\n"), CATALOG_FITS);
	assert_int_not_equal(
		push(fixture, "/job/a", "m{job=\"x\",y=\"7\"} 1\nm{y=\"7\",instance=\"b\"} 1\n"), CATALOG_FITS);
	if (push(fixture, "/job/b", "n 1\n") != CATALOG_FITS)
		build(fixture);
	/* In a page that nobody asked for yet. */
	struct error error;
	if (catalog_compare(&fixture->spool, &fixture->limits, &error) == 0)
		build(fixture);
	assert_agrees(fixture);
}

static void prepare_damage(struct fixture *fixture)
{
	char text[2048] = "";
	for (unsigned i = 0; i < 60; i++)
		sprintf(text + strlen(text), "m{y=\"%u\"} 1\n", i);
	write_beside(fixture, "/job/a/instance/b", text);
	build(fixture);
}

static void test_damage(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;
	unsigned char garbage[4096];
	prepare_damage(fixture);
	uint64_t random = 88172645463325252u;
	for (unsigned i = 0; i < 300; i++) {
		int fd = open_catalog_file(fixture);
		assert_int_equal(fstat(fd, &status), 0);
		for (size_t j = 0; j < sizeof(garbage); j++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			garbage[j] = (unsigned char)(i % 3 == 0 ? 0 : random);
		}
		/* From one byte to several pages, at the start or anywhere. */
		size_t size = i % 2 == 0 ? 1 : sizeof(garbage);
		off_t at = i % 5 == 0 ? (off_t)(random % 256) : (off_t)(random % (uint64_t)status.st_size);
		assert_int_equal(pwrite(fd, garbage, size, at), size);
		close(fd);
		assert_harmless(fixture);
	}
}

static void test_truncation(void **state)
{
	struct fixture *fixture = *state;
	static const off_t sizes[] = {0, 1, 100, 4095, 4096, 4097, 8192, 100000, 10000000};
	prepare_damage(fixture);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = open_catalog_file(fixture);
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		close(fd);
		assert_harmless(fixture);
	}
}

/* Something else of that name. */
static void test_foreign_files(void **state)
{
	struct fixture *fixture = *state;
	int directory = fixture->spool.directory;
	prepare_damage(fixture);
	assert_int_equal(unlinkat(directory, CATALOG_FILE, 0), 0);
	assert_int_equal(mkfifoat(directory, CATALOG_FILE, 0600), 0);
	assert_harmless(fixture);
	assert_int_equal(unlinkat(directory, CATALOG_FILE, 0), 0);
	assert_int_equal(symlinkat("version", directory, CATALOG_FILE), 0);
	assert_harmless(fixture);
	/* A folder stays, and there is no catalog. */
	assert_int_equal(unlinkat(directory, CATALOG_FILE, 0), 0);
	assert_int_equal(mkdirat(directory, CATALOG_FILE, 0700), 0);
	assert_int_equal(push(fixture, "/job/b", "n 1\n"), CATALOG_BROKEN);
	build(fixture);
	assert_int_equal(push(fixture, "/job/b", "n 1\n"), CATALOG_BROKEN);
	assert_int_equal(faccessat(directory, ".catalog.tmp", F_OK, 0), -1);
}

static void read_header(struct fixture *fixture, struct catalog_header *header)
{
	int fd = open_catalog_file(fixture);
	assert_int_equal(pread(fd, header, sizeof(*header), 0), sizeof(*header));
	close(fd);
}

static void write_header(struct fixture *fixture, struct catalog_header *header)
{
	int fd = open_catalog_file(fixture);
	header->checksum = catalog_file_header_checksum(header);
	assert_int_equal(pwrite(fd, header, sizeof(*header), 0), sizeof(*header));
	close(fd);
}

static void set_age(struct fixture *fixture, const char *file, int seconds)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds}};
	assert_int_equal(utimensat(fixture->spool.groups, file, times, 0), 0);
}

/* A file that came a moment ago is looked at again: it may be one that is being copied. */
static void test_half_written(void **state)
{
	struct fixture *fixture = *state;
	struct catalog_header header;
	build(fixture);
	assert_int_equal(push(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=a.prom", "");
	assert_int_equal(push(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	int fd = openat(fixture->spool.groups, "job=a.prom", O_WRONLY);
	assert_int_equal(pwrite(fd, "# TYPE n gauge\nn 1\n", 19, 0), 19);
	close(fd);
	assert_int_equal(push(fixture, "/job/b", "# TYPE n counter\nn 1\n"), CATALOG_UNSURE);
	set_age(fixture, "job=a.prom", 10);
	assert_int_equal(push(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	read_header(fixture, &header);
	assert_int_equal(header.position.unsettled, 0);
}

/* A file that is written in place is seen when all are looked at, which comes by itself in time. */
static void test_change_in_place(void **state)
{
	struct fixture *fixture = *state;
	struct catalog_header header;
	build(fixture);
	replace_file(fixture, "job=a.prom", "# TYPE m gauge\nm 1\n");
	set_age(fixture, "job=a.prom", 10);
	/* The first makes the journal. */
	assert_int_equal(push(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	int fd = openat(fixture->spool.groups, "job=a.prom", O_WRONLY);
	assert_int_equal(pwrite(fd, "# TYPE n gauge\nn 1\n", 19, 0), 19);
	close(fd);
	assert_int_equal(push(fixture, "/job/b", "# TYPE n counter\nn 1\n"), CATALOG_FITS);
	assert_int_equal(push(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	read_header(fixture, &header);
	header.position.compared -= 601 * CLOCK_SECOND;
	write_header(fixture, &header);
	/* The catalog still knows n as a counter, which a view would not. */
	assert_int_equal(push(fixture, "/job/b", "o 1\n"), CATALOG_UNSURE);
}

/* A catalog is for one boot, one directory and one seed; and a killed writer leaves none. */
static void test_wrong_headers(void **state)
{
	struct fixture *fixture = *state;
	static const size_t offsets[] = {offsetof(struct catalog_header, boot), offsetof(struct catalog_header, inode),
		offsetof(struct catalog_header, device), offsetof(struct catalog_header, seed),
		offsetof(struct catalog_header, whole), offsetof(struct catalog_header, record_pages)};
	prepare_damage(fixture);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct catalog_header header;
		read_header(fixture, &header);
		((unsigned char *)&header)[offsets[i]] ^= 1;
		write_header(fixture, &header);
		assert_null(catalog_open(&fixture->spool, &fixture->limits));
		build(fixture);
		assert_agrees(fixture);
	}
}

/* The seed lives on in the next catalog, so that processes which run already can use it. */
static void test_seed(void **state)
{
	struct fixture *fixture = *state;
	uint64_t seed = 0;
	assert_false(catalog_file_seed(fixture->spool.directory, &seed));
	build(fixture);
	assert_true(catalog_file_seed(fixture->spool.directory, &seed));
	assert_true(seed == hash_series_seed());
	assert_true(hash_adopt_series_seed(seed));
	assert_false(hash_adopt_series_seed(seed + 1));
	assert_true(seed == hash_series_seed());
}

/* A copy of the spool brings its catalog along. */
static void test_copied_spool(void **state)
{
	struct fixture *fixture = *state;
	char command[256];
	prepare_damage(fixture);
	snprintf(command, sizeof(command), "cd %s && cp -a groups other && rm -r groups && mv other groups",
		fixture->path);
	assert_int_equal(system(command), 0);
	spool_close(&fixture->spool);
	open_spool(fixture);
	assert_null(catalog_open(&fixture->spool, &fixture->limits));
	assert_harmless(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_a_catalog, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clashes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_making_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_debris, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_over_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_growth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_series_that_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copied_spool, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
