/*
 * Fuzz target: selectors. Whatever they are, they match a key or not, or say why neither; and a key that one gives is
 * written as a selector that gives the same key and selects it.
 */
#include "require.h"
#include "selector.h"

static const struct limits limits = LIMITS_DEFAULT;

/* Both of an input in that form. */
static void check_matching(const char *text, const struct grouping_key *key)
{
	struct selector selector;
	struct error error;
	selector_init(&selector);
	if (selector_add(&selector, text, &error) == 0) {
		require(!selector_is_empty(&selector), "what was added is there");
		int result = selector_match(&selector, key, &error);
		require(result >= -1 && result <= 1, "it matches or not");
	} else {
		require(selector_is_empty(&selector), "what was refused is not there");
	}
	selector_release(&selector);
}

static void check_key(const struct grouping_key *key)
{
	struct buffer text;
	struct grouping_key again;
	struct selector selector;
	struct error error;
	buffer_init(&text, SIZE_MAX / 2);
	grouping_key_init(&again);
	selector_init(&selector);
	require(selector_append_key(&text, key) == 0 && buffer_append_byte(&text, '\0') == 0, "there is memory");
	struct slice written = slice_make(text.data, text.len - 1);
	require(strlen(text.data) == written.len, "a written key has no NUL byte");
	require(selector_read_key(&again, written, &limits, &error) == 0, "a written key can be read");
	require(slice_equal(again.text, key->text) && slice_equal(again.file, key->file), "it is the same one");
	if (written.len <= SELECTOR_MAX) {
		require(selector_add(&selector, text.data, &error) == 0, "it is a selector");
		require(selector_match(&selector, key, &error) == 1, "which selects it");
	}
	selector_release(&selector);
	grouping_key_release(&again);
	buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error;
	struct grouping_key key, fixed;
	struct buffer text;
	grouping_key_init(&key);
	grouping_key_init(&fixed);
	buffer_init(&text, SIZE_MAX / 2);
	require(buffer_append(&text, data, size) == 0 && buffer_append_byte(&text, '\0') == 0, "there is memory");
	require(grouping_key_set(&fixed, slice_of("job"), slice_of("backup"), &error) == 0 &&
			grouping_key_finish(&fixed, &limits, &error) == 0,
		"the key is one");
	check_matching(text.data, &fixed);
	if (selector_read_key(&key, slice_make(text.data, size), &limits, &error) == 0)
		check_key(&key);
	buffer_release(&text);
	grouping_key_release(&key);
	grouping_key_release(&fixed);
	return 0;
}
