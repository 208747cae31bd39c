/*
 * Fuzz target: a gateway's list of groups. Whatever it is, it gives groups with keys, in order, or an error.
 */
#include "remote_groups.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct group_list list;
	struct error error;
	group_list_init(&list);
	int result = remote_groups_parse(slice_make((const char *)data, size), &list, &error);
	for (size_t i = 0; i < list.count && result == 0; i++) {
		const struct group_row *row = &list.rows[i];
		require(grouping_key_value(&row->key, "job").len > 0, "a group has a job");
		require(row->push_time >= 0 && row->push_failure_time >= 0, "times are none or later");
		bool ends = i > 0 && row[-1].reason == NULL && row->reason != NULL;
		require(i == 0 || ends || slice_compare(row[-1].key.file, row->key.file) <= 0, "they are in order");
		require(i == 0 || row[-1].reason == NULL || row->reason != NULL, "what isn't certain comes last");
	}
	group_list_release(&list);
	return 0;
}
