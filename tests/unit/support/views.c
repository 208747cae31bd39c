#include "views.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "files.h"

static int set_up(void **state, enum view_mode mode)
{
	const struct spool_options options = {.create = true, .lock_timeout = 10000};
	struct view_fixture *fixture = calloc(1, sizeof(*fixture));
	struct error error;
	if (fixture == NULL)
		return -1;
	fixture->limits = (struct limits)LIMITS_DEFAULT;
	fixture->mode = mode;
	*state = fixture;
	return scratch_make(fixture->path) == -1 ? -1 : spool_open(&fixture->spool, fixture->path, &options, &error);
}

int view_set_up_scan(void **state)
{
	return set_up(state, VIEW_SCAN);
}

int view_set_up_follow(void **state)
{
	return set_up(state, VIEW_FOLLOW);
}

int view_tear_down(void **state)
{
	struct view_fixture *fixture = *state;
	spool_close(&fixture->spool);
	int result = scratch_remove(fixture->path);
	free(fixture);
	return result;
}

struct view *make_view(struct view_fixture *fixture)
{
	struct error error;
	struct view *view = view_new(&fixture->spool, fixture->mode, &fixture->limits, &error);
	assert_non_null(view);
	return view;
}

void refresh_view(struct view *view)
{
	struct error error;
	if (view_refresh(view, &error) == -1)
		fail_msg("%s", error.message);
}

void group_file_path(const struct view_fixture *fixture, const char *name, char path[VIEW_PATH_SIZE])
{
	assert_true(snprintf(path, VIEW_PATH_SIZE, "%s/groups/%s", fixture->path, name) < VIEW_PATH_SIZE);
}

void put_group_file(const struct view_fixture *fixture, const char *name, const char *text)
{
	char path[VIEW_PATH_SIZE];
	group_file_path(fixture, name, path);
	write_file(path, text);
}

void remove_group_file(const struct view_fixture *fixture, const char *name)
{
	char path[VIEW_PATH_SIZE];
	group_file_path(fixture, name, path);
	assert_int_equal(unlink(path), 0);
}
