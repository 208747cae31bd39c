#include "selection.h"

void selection_init(struct selection *selection)
{
	*selection = (struct selection){.older_than = -1};
	grouping_key_init(&selection->labels);
	selector_init(&selection->selector);
}

void selection_release(struct selection *selection)
{
	grouping_key_release(&selection->labels);
	selector_release(&selection->selector);
}

static bool has_labels(const struct grouping_key *key, const struct grouping_key *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		struct slice value = {0};
		for (size_t j = 0; j < key->count; j++)
			if (slice_equal(key->labels[j].name, wanted->labels[i].name))
				value = key->labels[j].value;
		if (!slice_equal(value, wanted->labels[i].value))
			return false;
	}
	return true;
}

static bool is_old(const struct group_row *row, int64_t older_than, int64_t now)
{
	int64_t last = group_row_last_push(row);
	return older_than < 0 || (last != 0 && last <= now - older_than);
}

int selection_matches(const struct selection *selection, const struct group_row *row, int64_t now, struct error *error)
{
	bool by_labels = selection->labels.count > 0 || !selector_is_empty(&selection->selector);
	/* Whatever the labels of such a file may be, nobody has named them. */
	if (by_labels && row->key.count == 0)
		return 0;
	if (!has_labels(&row->key, &selection->labels) || !is_old(row, selection->older_than, now) ||
		(selection->expired && !row->expired) ||
		(selection->failed && row->push_failure_time <= row->push_time))
		return 0;
	return selector_is_empty(&selection->selector) ? 1 : selector_match(&selection->selector, &row->key, error);
}

int selection_apply(const struct selection *selection, struct group_list *list, int64_t now, struct error *error)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		int matches = selection_matches(selection, &list->rows[i], now, error);
		if (matches == -1)
			return -1;
		if (matches == 1)
			list->rows[kept++] = list->rows[i];
	}
	list->count = kept;
	return 0;
}
