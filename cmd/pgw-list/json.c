/* The list as JSON, for programs. */
#include <stdio.h>

#include "buffer.h"
#include "clock.h"
#include "json.h"
#include "list.h"
#include "number.h"

#define OUTPUT_MAX ((size_t)4 << 30)

static void add_number(struct json *json, const char *name, size_t number)
{
	if (number == GROUP_LIST_UNKNOWN)
		return;
	json_key(json, name);
	json_integer(json, (int64_t)number);
}

static void add_group(struct json *json, const struct group_row *group)
{
	json_begin_object(json);
	json_key(json, "labels");
	json_begin_object(json);
	for (size_t i = 0; i < group->key.count; i++) {
		json_key_slice(json, group->key.labels[i].name);
		json_string(json, group->key.labels[i].value);
	}
	json_end_object(json);
	json_key(json, "push_time_seconds");
	json_number(json, number_seconds(group->push_time));
	json_key(json, "push_failure_time_seconds");
	json_number(json, number_seconds(group->push_failure_time));
	if (group->ttl != 0)
		add_number(json, "ttl_seconds", (size_t)(group->ttl / CLOCK_SECOND));
	if (group->method != NULL) {
		json_key(json, "method");
		json_string(json, slice_of(group->method));
	}
	add_number(json, "families", group->families);
	add_number(json, "series", group->series);
	add_number(json, "bytes", group->bytes);
	json_key(json, "file");
	json_string(json, group->key.file);
	json_end_object(json);
}

static void add_left_out(struct json *json, const struct group_row *group)
{
	json_begin_object(json);
	json_key(json, "file");
	json_string(json, group->key.file);
	json_key(json, "reason");
	json_string(json, slice_of(group->reason));
	json_end_object(json);
}

int list_print_json(const struct list *list, struct error *error)
{
	struct buffer text;
	struct json json;
	buffer_init(&text, OUTPUT_MAX);
	json_init(&json, &text);
	json_begin_object(&json);
	json_key(&json, "groups");
	json_begin_array(&json);
	for (size_t i = 0; i < list->shown; i++)
		add_group(&json, &list->groups.rows[i]);
	json_end_array(&json);
	json_key(&json, "rejected");
	json_begin_array(&json);
	for (size_t i = list->shown; i < list->groups.count; i++)
		add_left_out(&json, &list->groups.rows[i]);
	json_end_array(&json);
	json_end_object(&json);
	int result = json_finish(&json) == 0 && buffer_append_byte(&text, '\n') == 0 ? 0 : error_set_memory(error);
	if (result == 0)
		fwrite(text.data, 1, text.len, stdout);
	buffer_release(&text);
	return result;
}
