#include "scrape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "exposition.h"
#include "hash.h"
#include "input_limits.h"
#include "log.h"
#include "own.h"

#define OWN_SIZE_MAX 65536

static int append_own_family(struct buffer *out, const char *name, const char *labels, size_t value)
{
	const struct own_family *family = own_family(slice_of(name));
	return canonical_append_head(out, slice_of(name), slice_of(family->help), family->type) == -1 ||
			       buffer_printf(out, "%s%s %zu\n", name, labels, value) == -1
		       ? -1
		       : 0;
}

static int append_own(const struct view *view, struct buffer *out)
{
	struct view_counts counts = view_counts(view);
	const struct {
		const char *name;
		const char *labels;
		size_t value;
	} families[] = {
		{"pgw_build_info", "{version=\"" PGW_VERSION "\"}", 1},
		{"pgw_spool_bytes", "", counts.bytes},
		{"pgw_spool_groups", "", counts.groups},
		{"pgw_spool_rejected_groups", "", counts.rejected},
		{"pgw_spool_series", "", counts.series},
	};
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (append_own_family(out, families[i].name, families[i].labels, families[i].value) == -1)
			return -1;
	return 0;
}

/* Ours, not a stranger's: the flags don't count. */
static const struct limits own_limits = LIMITS_DEFAULT;

int scrape_append(const struct view *view, struct buffer *out, struct error *error)
{
	struct buffer text;
	struct exposition own;
	int result = -1;
	buffer_init(&text, OWN_SIZE_MAX);
	exposition_init(&own);
	if (append_own(view, &text) == -1)
		error_set_memory(error);
	else if (exposition_parse(&own, buffer_slice(&text), &own_limits, error) == 0)
		result = view_append_exposition(view, &own, out, error);
	exposition_release(&own);
	buffer_release(&text);
	return result;
}

void rejected_files_init(struct rejected_files *rejected)
{
	*rejected = (struct rejected_files){0};
}

void rejected_files_release(struct rejected_files *rejected)
{
	free(rejected->hashes);
	rejected_files_init(rejected);
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
	return (first > second) - (first < second);
}

static bool was_logged(const struct rejected_files *rejected, uint64_t hash)
{
	return rejected->count > 0 &&
	       bsearch(&hash, rejected->hashes, rejected->count, sizeof(hash), compare_hashes) != NULL;
}

void rejected_files_log(struct rejected_files *rejected, const struct view *view)
{
	size_t count = view_counts(view).rejected;
	struct rejected_files now = {.hashes = count == 0 ? NULL : calloc(count, sizeof(*now.hashes))};
	const void *cursor = NULL;
	const char *file, *reason;
	while (now.hashes != NULL && now.count < count && view_next_rejected(view, &cursor, &file, &reason)) {
		uint64_t hash = hash_slice(slice_of(file)) * 31 + hash_slice(slice_of(reason));
		if (!was_logged(rejected, hash))
			log_warn("group file left out", "file", file, "reason", reason, NULL);
		now.hashes[now.count++] = hash;
	}
	if (now.count > 0)
		qsort(now.hashes, now.count, sizeof(*now.hashes), compare_hashes);
	rejected_files_release(rejected);
	*rejected = now;
}
