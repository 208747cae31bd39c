/* Catalogs that are damaged, of another time or place, or were not told: no push is taken for them. */
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
#include <time.h>
#include <unistd.h>

#include "catalog_file.h"
#include "clock.h"
#include "support/catalogs.h"
#include "support/files.h"

static int open_catalog_file(struct catalog_fixture *fixture)
{
	int fd = openat(fixture->spool.directory, CATALOG_FILE, O_RDWR);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* Whatever is done to the file: a push that clashes is never taken, one that fits is, if not by the catalog, and the
 * next catalog is in order. */
static void assert_harmless(struct catalog_fixture *fixture)
{
	assert_int_not_equal(push_through_catalog(fixture, "/job/clash", "# TYPE m gauge\nm 1\n"), CATALOG_FITS);
	assert_int_not_equal(
		push_through_catalog(fixture, "/job/a", "m{job=\"x\",y=\"7\"} 1\nm{y=\"7\",instance=\"b\"} 1\n"),
		CATALOG_FITS);
	if (push_through_catalog(fixture, "/job/b", "n 1\n") != CATALOG_FITS)
		build_catalog(fixture);
	/* In a page that nobody asked for yet. */
	struct error error;
	if (catalog_compare(&fixture->spool, &fixture->limits, &error) == 0)
		build_catalog(fixture);
	assert_agrees(fixture);
}

static void prepare_damage(struct catalog_fixture *fixture)
{
	char text[2048] = "";
	for (unsigned i = 0; i < 60; i++)
		sprintf(text + strlen(text), "m{y=\"%u\"} 1\n", i);
	write_beside(fixture, "/job/a/instance/b", text);
	build_catalog(fixture);
}

static void test_damage(void **state)
{
	struct catalog_fixture *fixture = *state;
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
	struct catalog_fixture *fixture = *state;
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
	struct catalog_fixture *fixture = *state;
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
	assert_int_equal(push_through_catalog(fixture, "/job/b", "n 1\n"), CATALOG_BROKEN);
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "n 1\n"), CATALOG_BROKEN);
	assert_int_equal(faccessat(directory, ".catalog.tmp", F_OK, 0), -1);
}

static void read_header(struct catalog_fixture *fixture, struct catalog_header *header)
{
	int fd = open_catalog_file(fixture);
	assert_int_equal(pread(fd, header, sizeof(*header), 0), sizeof(*header));
	close(fd);
}

static void write_header(struct catalog_fixture *fixture, struct catalog_header *header)
{
	int fd = open_catalog_file(fixture);
	header->checksum = catalog_file_header_checksum(header);
	assert_int_equal(pwrite(fd, header, sizeof(*header), 0), sizeof(*header));
	close(fd);
}

static void set_age(struct catalog_fixture *fixture, const char *file, int seconds)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds}};
	assert_int_equal(utimensat(fixture->spool.groups, file, times, 0), 0);
}

/* A file that came a moment ago is looked at again: it may be one that is being copied. */
static void test_half_written(void **state)
{
	struct catalog_fixture *fixture = *state;
	struct catalog_header header;
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=a.prom", "");
	assert_int_equal(push_through_catalog(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	int fd = openat(fixture->spool.groups, "job=a.prom", O_WRONLY);
	assert_int_equal(pwrite(fd, "# TYPE n gauge\nn 1\n", 19, 0), 19);
	close(fd);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "# TYPE n counter\nn 1\n"), CATALOG_UNSURE);
	set_age(fixture, "job=a.prom", 10);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	read_header(fixture, &header);
	assert_int_equal(header.position.unsettled, 0);
}

/* A file that is written in place is seen when all are looked at, which comes by itself in time. */
static void test_change_in_place(void **state)
{
	struct catalog_fixture *fixture = *state;
	struct catalog_header header;
	build_catalog(fixture);
	replace_file(fixture, "job=a.prom", "# TYPE m gauge\nm 1\n");
	set_age(fixture, "job=a.prom", 10);
	/* The first makes the journal. */
	assert_int_equal(push_through_catalog(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	int fd = openat(fixture->spool.groups, "job=a.prom", O_WRONLY);
	assert_int_equal(pwrite(fd, "# TYPE n gauge\nn 1\n", 19, 0), 19);
	close(fd);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "# TYPE n counter\nn 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "o 1\n"), CATALOG_FITS);
	read_header(fixture, &header);
	header.position.compared -= 601 * CLOCK_SECOND;
	write_header(fixture, &header);
	/* The catalog still knows n as a counter, which a view would not. */
	assert_int_equal(push_through_catalog(fixture, "/job/b", "o 1\n"), CATALOG_UNSURE);
}

/* A catalog is for one boot, one directory and one seed; and a killed writer leaves none. */
static void test_wrong_headers(void **state)
{
	struct catalog_fixture *fixture = *state;
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
		build_catalog(fixture);
		assert_agrees(fixture);
	}
}

/* The seed lives on in the next catalog, so that processes which run already can use it. */
static void test_seed(void **state)
{
	struct catalog_fixture *fixture = *state;
	uint64_t seed = 0;
	assert_false(catalog_file_seed(fixture->spool.directory, &seed));
	build_catalog(fixture);
	assert_true(catalog_file_seed(fixture->spool.directory, &seed));
	assert_true(seed == hash_series_seed());
	assert_true(hash_adopt_series_seed(seed));
	assert_false(hash_adopt_series_seed(seed + 1));
	assert_true(seed == hash_series_seed());
}

/* A copy of the spool brings its catalog along. */
static void test_copied_spool(void **state)
{
	struct catalog_fixture *fixture = *state;
	char command[256];
	prepare_damage(fixture);
	snprintf(command, sizeof(command), "cd %s && cp -a groups other && rm -r groups && mv other groups",
		fixture->path);
	assert_int_equal(system(command), 0);
	spool_close(&fixture->spool);
	open_locked_spool(fixture);
	assert_null(catalog_open(&fixture->spool, &fixture->limits));
	assert_harmless(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_damage, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_truncation, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_files, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_half_written, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_change_in_place, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_headers, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_seed, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_copied_spool, catalog_set_up, catalog_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
