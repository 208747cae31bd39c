/*
 * Fuzz target: a file of a queue, as pgw-push --flush takes it. What it takes is written back as what it was, and its
 * URL names a group or is refused.
 */
#include "gateway.h"
#include "queue_file.h"
#include "require.h"

static void read_file(struct queue_entry *entry, struct slice bytes)
{
	*entry = (struct queue_entry){0};
	buffer_init(&entry->file, bytes.len + 1);
	require(buffer_append_slice(&entry->file, bytes) == 0, "there is room");
}

static void check_written(const struct queue_entry *entry)
{
	struct queue_entry again;
	struct error error;
	struct buffer file;
	buffer_init(&file, SIZE_MAX);
	require(queue_file_write(&file, entry) == 0, "an entry is written");
	read_file(&again, buffer_slice(&file));
	require(queue_file_parse(&again, &error) == 0, "what is written is read");
	require(again.method == entry->method && again.ttl == entry->ttl && strcmp(again.url, entry->url) == 0 &&
			slice_equal(again.text, entry->text),
		"it is the same");
	queue_entry_release(&again);
	buffer_release(&file);
}

static void check_url(const char *url)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct grouping_key key;
	struct gateway gateway;
	struct error error;
	grouping_key_init(&key);
	if (gateway_init(&gateway, url, &key, &error) == 0) {
		if (grouping_key_finish(&key, &limits, &error) == 0)
			require(grouping_key_value(&key, "job").len > 0, "a group has a job");
		gateway_release(&gateway);
	}
	grouping_key_release(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue_entry entry;
	struct error error;
	read_file(&entry, slice_make((const char *)data, size));
	if (queue_file_parse(&entry, &error) == 0) {
		check_written(&entry);
		check_url(entry.url);
	}
	queue_entry_release(&entry);
	return 0;
}
