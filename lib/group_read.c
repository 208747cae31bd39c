/*
 * Reading group files. What this process or another one wrote comes back as it was; what somebody made by hand is put
 * in order as a push would be.
 */
#include <errno.h>
#include <stdlib.h>

#include "age.h"
#include "clock.h"
#include "group.h"
#include "group_make.h"
#include "text.h"

/* The header of a group file. */
struct header {
	bool present;
	struct slice key; /* data is NULL where there is none */
	int64_t push_time;
	int64_t push_failure_time;
	int64_t ttl;
	enum push_method method;
	struct family_time *times;
	size_t time_count, time_capacity;
	struct arena arena; /* names that are escaped in the text */
};

static struct slice next_word(struct slice *rest)
{
	const char *space = memchr(rest->data, ' ', rest->len);
	size_t len = space == NULL ? rest->len : (size_t)(space - rest->data);
	struct slice word = slice_make(rest->data, len);
	len += space != NULL;
	*rest = slice_make(rest->data + len, rest->len - len);
	return word;
}

/* SECONDS.NANOSECONDS with nine digits behind the point. */
static int parse_time(struct slice text, int64_t *time)
{
	int64_t value = 0;
	if (text.len < 11 || text.len > 20 || text.data[text.len - 10] != '.')
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (i == text.len - 10)
			continue;
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, text.data[i] - '0', &value))
			return -1;
	}
	*time = value;
	return 0;
}

static int read_group(struct header *header, struct slice rest)
{
	header->present = true;
	return slice_is(rest, "1") ? 0 : -1;
}

static int read_key(struct header *header, struct slice rest)
{
	header->key = rest;
	return 0;
}

static int read_push(struct header *header, struct slice rest)
{
	if (parse_time(next_word(&rest), &header->push_time) == -1)
		return -1;
	for (enum push_method method = PUSH_NONE; method <= PUSH_PUT; method++) {
		if (slice_is(rest, push_method_names[method])) {
			header->method = method;
			return 0;
		}
	}
	return -1;
}

static int read_failure(struct header *header, struct slice rest)
{
	return parse_time(rest, &header->push_failure_time);
}

static int read_ttl(struct header *header, struct slice rest)
{
	int64_t seconds = 0;
	if (rest.len == 0 || rest.len > 10)
		return -1;
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.data[i] < '0' || rest.data[i] > '9')
			return -1;
		seconds = seconds * 10 + (rest.data[i] - '0');
	}
	if (seconds > AGE_MAX / CLOCK_SECOND)
		return -1;
	header->ttl = seconds * CLOCK_SECOND;
	return 0;
}

/* A name as canonical_append_name() writes it. */
static int read_name(struct header *header, struct slice written, struct slice *name)
{
	struct buffer plain;
	*name = written;
	if (written.len < 2 || written.data[0] != '"' || written.data[written.len - 1] != '"')
		return written.len == 0 ? -1 : 0;
	buffer_init(&plain, SIZE_MAX / 2);
	int status = text_unescape(&plain, slice_make(written.data + 1, written.len - 2));
	if (status == 0)
		*name = arena_copy(&header->arena, buffer_slice(&plain));
	buffer_release(&plain);
	return status == -1 || name->data == NULL ? -1 : 0;
}

static int read_family(struct header *header, struct slice rest)
{
	struct family_time time;
	if (parse_time(next_word(&rest), &time.pushed) == -1 || read_name(header, rest, &time.name) == -1)
		return -1;
	if (header->time_count == header->time_capacity) {
		size_t capacity = header->time_capacity == 0 ? 16 : header->time_capacity * 2;
		struct family_time *times = reallocarray(header->times, capacity, sizeof(*times));
		if (times == NULL)
			return -1;
		header->times = times;
		header->time_capacity = capacity;
	}
	header->times[header->time_count++] = time;
	return 0;
}

/* `read` returns 0, or -1 for a malformed line; with ENOMEM when out of memory. */
static const struct {
	const char *keyword;
	int (*read)(struct header *header, struct slice rest);
} keywords[] = {
	{"group", read_group},
	{"key", read_key},
	{"push", read_push},
	{"failure", read_failure},
	{"ttl", read_ttl},
	{"family", read_family},
};

static int compare_times(const void *a, const void *b)
{
	return slice_compare(((const struct family_time *)a)->name, ((const struct family_time *)b)->name);
}

/* Reads the "# pgw KEYWORD ..." lines at the start. Unknown keywords belong to later versions of the format 1. */
static int read_header(struct header *header, struct slice text, struct error *error)
{
	const struct slice prefix = SLICE_LITERAL("# pgw ");
	for (unsigned line = 1; slice_has_prefix(text, prefix); line++) {
		const char *end = memchr(text.data, '\n', text.len);
		if (end == NULL)
			break;
		struct slice whole = slice_make(text.data, (size_t)(end - text.data));
		struct slice rest = slice_make(whole.data + prefix.len, whole.len - prefix.len);
		struct slice keyword = next_word(&rest);
		for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
			errno = EINVAL;
			if (slice_is(keyword, keywords[i].keyword) && keywords[i].read(header, rest) == -1)
				return errno == ENOMEM ? error_set_memory(error)
						       : error_set_at(error, ERROR_SYNTAX, line, 0,
								 "malformed header line %s", quote(whole).text);
		}
		text = slice_make(end + 1, text.len - (size_t)(end + 1 - text.data));
	}
	if (header->time_count > 0)
		qsort(header->times, header->time_count, sizeof(*header->times), compare_times);
	return 0;
}

/* The key stands in the header; a file made by hand has it in its name alone. */
static int read_grouping_key(struct grouping_key *key, struct slice file, const struct header *header,
	const struct limits *limits, struct error *error)
{
	if (header->key.data == NULL)
		return grouping_key_from_file(key, file, limits, error);
	if (grouping_key_from_text(key, header->key, limits, error) == -1)
		return -1;
	if (!slice_equal(key->file, file))
		return error_set(error, ERROR_SYNTAX, "its header has the key of the file %s", key->file.data);
	return 0;
}

struct group *group_read(
	struct slice file, struct slice text, int64_t modified, const struct limits *limits, struct error *error)
{
	struct limits file_limits = group_file_limits(limits), key_limits = *limits;
	struct header header = {0};
	struct grouping_key key;
	struct exposition exposition;
	struct group *group = NULL;
	key_limits.utf8_names = true;
	grouping_key_init(&key);
	exposition_init(&exposition);
	arena_init(&header.arena);
	if (read_header(&header, text, error) == -1 ||
		read_grouping_key(&key, file, &header, &key_limits, error) == -1 ||
		exposition_parse(&exposition, text, &file_limits, error) == -1 ||
		canonical_attach_natives(&exposition, text, error) == -1 || exposition_check(&exposition, error) == -1)
		goto out;
	struct parts parts = {
		.key = &key,
		.pushed = &exposition,
		.pushed_at = header.present ? header.push_time : modified,
		.times = header.times,
		.time_count = header.time_count,
		.push_time = header.present ? header.push_time : modified,
		.push_failure_time = header.push_failure_time,
		.ttl = header.ttl,
		.method = header.method,
	};
	group = group_make(&parts, limits, error);
	if (group != NULL) {
		group->by_hand = !header.present;
		group_forget_lines(group);
	}
out:
	free(header.times);
	arena_release(&header.arena);
	grouping_key_release(&key);
	exposition_release(&exposition);
	return group;
}

bool group_is_malformed(enum error_kind kind)
{
	return kind == ERROR_SYNTAX || kind == ERROR_INCONSISTENT;
}
