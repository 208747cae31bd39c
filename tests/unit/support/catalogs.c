#include "catalogs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"

static const struct limits default_limits = LIMITS_DEFAULT;

void open_locked_spool(struct catalog_fixture *fixture)
{
	struct error error;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.sync = false;
	if (spool_open(&fixture->spool, fixture->path, &options, &error) == -1 ||
		spool_lock(&fixture->spool, &error) == -1)
		fail_msg("%s", error.message);
}

int catalog_set_up(void **state)
{
	struct catalog_fixture *fixture = calloc(1, sizeof(*fixture));
	assert_int_equal(scratch_make(fixture->path), 0);
	fixture->limits = default_limits;
	open_locked_spool(fixture);
	*state = fixture;
	return 0;
}

int catalog_tear_down(void **state)
{
	struct catalog_fixture *fixture = *state;
	spool_close(&fixture->spool);
	scratch_remove(fixture->path);
	free(fixture);
	return 0;
}

static struct group *make_group(struct catalog_fixture *fixture, const char *path, const char *text)
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

static struct file_id write_group(struct catalog_fixture *fixture, const struct group *group)
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

void write_beside(struct catalog_fixture *fixture, const char *path, const char *text)
{
	struct group *group = make_group(fixture, path, text);
	write_group(fixture, group);
	group_free(group);
}

void replace_file(struct catalog_fixture *fixture, const char *file, const char *text)
{
	char path[SCRATCH_PATH_SIZE + 256], temporary[SCRATCH_PATH_SIZE + 256];
	snprintf(path, sizeof(path), "%s/groups/%s", fixture->path, file);
	snprintf(temporary, sizeof(temporary), "%s/groups/.new", fixture->path);
	write_file(temporary, text);
	assert_int_equal(rename(temporary, path), 0);
}

void remove_file(struct catalog_fixture *fixture, const char *file)
{
	assert_int_equal(unlinkat(fixture->spool.groups, file, 0), 0);
}

bool build_catalog(struct catalog_fixture *fixture)
{
	struct catalog *catalog = catalog_make(&fixture->spool, &fixture->limits);
	bool made = catalog != NULL && catalog_catch_up(catalog) == CATALOG_FITS;
	if (made)
		catalog_save(catalog);
	catalog_close(catalog);
	return made;
}

enum catalog_answer push_through_catalog(struct catalog_fixture *fixture, const char *path, const char *text)
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

void assert_agrees(struct catalog_fixture *fixture)
{
	struct error error = {.message = "there is none"};
	if (catalog_compare(&fixture->spool, &fixture->limits, &error) != 1)
		fail_msg("%s", error.message);
}
