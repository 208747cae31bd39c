#include "rejected.h"

#include <stdbool.h>
#include <stdlib.h>

#include "hash.h"
#include "log.h"

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
	const void *cursor = NULL;
	const char *file, *reason;
	/* The walk is over all groups. */
	if (rejected->serial == view_rejected_serial(view))
		return;
	struct rejected_files now = {
		.hashes = count == 0 ? NULL : calloc(count, sizeof(*now.hashes)), .serial = view_rejected_serial(view)};
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
