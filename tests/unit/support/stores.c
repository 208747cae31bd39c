#include "stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

const struct limits default_limits = LIMITS_DEFAULT;

void open_store(struct store *store, const char *path, enum view_mode mode, const struct limits *limits)
{
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	struct error error;
	options.sync = false;
	if (store_open(store, path, &options, mode, limits, &error) == -1)
		fail_msg("%s", error.message);
}

static int set_up(void **state, enum view_mode mode)
{
	struct store_fixture *fixture = calloc(1, sizeof(*fixture));
	assert_int_equal(scratch_make(fixture->path), 0);
	open_store(&fixture->store, fixture->path, mode, &default_limits);
	*state = fixture;
	return 0;
}

int store_set_up_scan(void **state)
{
	return set_up(state, VIEW_SCAN);
}

int store_set_up_follow(void **state)
{
	return set_up(state, VIEW_FOLLOW);
}

int store_tear_down(void **state)
{
	struct store_fixture *fixture = *state;
	store_close(&fixture->store);
	scratch_remove(fixture->path);
	free(fixture);
	return 0;
}

void make_key(struct grouping_key *key, const char *path)
{
	struct error error;
	grouping_key_init(key);
	if (grouping_key_from_path(key, slice_of(path), &default_limits, &error) == -1)
		fail_msg("%s", error.message);
}

const struct error *push_as(struct store *store, enum store_method method, const char *path, const char *text)
{
	static struct error error;
	static int64_t now;
	struct grouping_key key;
	struct exposition exposition;
	make_key(&key, path);
	exposition_init(&exposition);
	if (exposition_parse(&exposition, slice_of(text), &default_limits, &error) == -1)
		fail_msg("%s", error.message);
	now += SECOND;
	struct store_change change = {.method = method, .key = &key, .pushed = &exposition, .time = now};
	struct store_change *batch[] = {&change};
	store_commit(store, batch, 1);
	error = change.error;
	exposition_release(&exposition);
	grouping_key_release(&key);
	return change.failed ? &error : NULL;
}

void push(struct store *store, const char *path, const char *text)
{
	const struct error *error = push_as(store, STORE_POST, path, text);
	if (error != NULL)
		fail_msg("%s: %s", text, error->message);
}

void refuse(struct store *store, const char *path, const char *text, unsigned line, const char *message)
{
	const struct error *error = push_as(store, STORE_POST, path, text);
	if (error == NULL)
		fail_msg("taken: %s", text);
	assert_string_equal(error->message, message);
	assert_int_equal(error->kind, ERROR_INCONSISTENT);
	assert_int_equal(error->line, line);
}

char *expose(struct store *store)
{
	struct error error;
	struct buffer text, kept;
	struct exposition none;
	exposition_init(&none);
	buffer_init(&text, SIZE_MAX / 2);
	buffer_init(&kept, SIZE_MAX / 2);
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_append_exposition(store->view, &none, VIEW_WITHOUT_NATIVES, &text, &error), 0);
	const char *end = text.data + text.len;
	for (const char *line = text.data, *next; line < end; line = next) {
		next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
		if (memmem(line, (size_t)(next - line), "push_", 5) == NULL)
			buffer_append(&kept, line, (size_t)(next - line));
	}
	buffer_append_byte(&kept, '\0');
	buffer_release(&text);
	return buffer_detach(&kept);
}

void assert_exposed(struct store *store, const char *expected)
{
	char *text = expose(store);
	assert_string_equal(text, expected);
	free(text);
}

void assert_fresh_agrees(struct store_fixture *fixture)
{
	struct store other;
	open_store(&other, fixture->path, VIEW_SCAN, &default_limits);
	char *ours = expose(&fixture->store), *fresh = expose(&other);
	assert_string_equal(ours, fresh);
	struct view_counts a = view_counts(fixture->store.view), b = view_counts(other.view);
	assert_memory_equal(&a, &b, sizeof(a));
	free(ours);
	free(fresh);
	store_close(&other);
}

const struct group *find_group(struct store *store, const char *file)
{
	struct error error;
	assert_int_equal(view_refresh(store->view, &error), 0);
	return view_group(store->view, slice_of(file));
}
