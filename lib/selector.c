#include "selector.h"

#include "pattern.h"
#include "selector_scan.h"
#include "text.h"

struct matcher {
	struct matcher *next;
	struct slice name;
	struct slice value;
	struct pattern *pattern; /* NULL where the value itself is compared */
	bool negated;
};

struct selector_part {
	struct selector_part *next;
	struct matcher *matchers;
};

void selector_init(struct selector *selector)
{
	arena_init(&selector->arena);
	selector->parts = NULL;
}

static void release_matchers(struct matcher *matcher)
{
	for (; matcher != NULL; matcher = matcher->next)
		pattern_free(matcher->pattern);
}

void selector_release(struct selector *selector)
{
	for (struct selector_part *part = selector->parts; part != NULL; part = part->next)
		release_matchers(part->matchers);
	arena_release(&selector->arena);
	selector_init(selector);
}

static int compile(struct matcher *matcher, const struct scanned_matcher *scanned, struct error *error)
{
	if (memchr(scanned->value.data, '\0', scanned->value.len) != NULL)
		return error_set(error, ERROR_USAGE,
			"column %zu: a NUL byte in a regular expression is written \\\\x00", scanned->value_column);
	matcher->pattern = pattern_new(scanned->value.data, error);
	if (matcher->pattern != NULL)
		return 0;
	return error->kind == ERROR_USAGE ? error_prefix(error, "column %zu: ", scanned->value_column) : -1;
}

/* The matchers of a text, whose memory is the arena's; their patterns are to be freed even on failure. */
static int parse_matchers(struct selector *selector, struct slice text, struct matcher **first, struct error *error)
{
	struct selector_scan scan = {.text = text, .arena = &selector->arena};
	struct scanned_matcher scanned;
	int more;
	while ((more = selector_scan_next(&scan, &scanned, error)) == 1) {
		struct matcher *matcher = arena_alloc(&selector->arena, sizeof(*matcher));
		if (matcher == NULL)
			return error_set_memory(error);
		*matcher = (struct matcher){
			.next = *first, .name = scanned.name, .value = scanned.value, .negated = scanned.negated};
		*first = matcher;
		if (scanned.is_regex && compile(matcher, &scanned, error) == -1)
			return -1;
	}
	return more;
}

int selector_add(struct selector *selector, const char *text, struct error *error)
{
	struct matcher *matchers = NULL;
	if (strlen(text) > SELECTOR_MAX)
		return error_set(error, ERROR_USAGE, "a selector is at most %d bytes long", SELECTOR_MAX);
	struct selector_part *part = arena_alloc(&selector->arena, sizeof(*part));
	int result =
		part == NULL ? error_set_memory(error) : parse_matchers(selector, slice_of(text), &matchers, error);
	if (result == 0 && matchers == NULL)
		result = error_set(error, ERROR_USAGE, "a selector without a matcher would select every group");
	if (result == 0) {
		*part = (struct selector_part){selector->parts, matchers};
		selector->parts = part;
		return 0;
	}
	release_matchers(matchers);
	return error->kind == ERROR_USAGE ? error_prefix(error, "%s: ", quote(slice_of(text)).text) : -1;
}

static struct slice value_of(const struct grouping_key *key, struct slice name)
{
	for (size_t i = 0; i < key->count; i++)
		if (slice_equal(key->labels[i].name, name))
			return key->labels[i].value;
	return (struct slice){0};
}

/* 1, 0 or -1. */
static int match_all(const struct matcher *matcher, const struct grouping_key *key, struct error *error)
{
	for (; matcher != NULL; matcher = matcher->next) {
		struct slice value = value_of(key, matcher->name);
		int equal = matcher->pattern != NULL ? pattern_match(matcher->pattern, value, error)
						     : slice_equal(matcher->value, value);
		if (equal == -1)
			return -1;
		if ((equal == 1) == matcher->negated)
			return 0;
	}
	return 1;
}

int selector_match(const struct selector *selector, const struct grouping_key *key, struct error *error)
{
	for (const struct selector_part *part = selector->parts; part != NULL; part = part->next) {
		int matches = match_all(part->matchers, key, error);
		if (matches != 0)
			return matches;
	}
	return 0;
}

int selector_append_key(struct buffer *out, const struct grouping_key *key)
{
	const size_t before = out->len;
	const struct slice text = key->text;
	size_t control_end = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (i >= control_end)
			control_end = i + control_length(slice_make(text.data + i, text.len - i));
		if ((i < control_end ? buffer_printf(out, "\\x%02x", (unsigned char)text.data[i])
				     : buffer_append_byte(out, text.data[i])) == -1) {
			out->len = before;
			return -1;
		}
	}
	return 0;
}

static int read_labels(
	struct grouping_key *key, struct selector_scan *scan, const struct limits *limits, struct error *error)
{
	struct scanned_matcher scanned;
	int more;
	while ((more = selector_scan_next(scan, &scanned, error)) == 1) {
		size_t before = key->count;
		if (scanned.is_regex || scanned.negated)
			return error_set(error, ERROR_SYNTAX,
				"column %zu: the labels of one group are given with =", scanned.name_column);
		if (before == limits->labels)
			return error_set(error, ERROR_TOO_LARGE, "more than %zu labels", limits->labels);
		if (grouping_key_set(key, scanned.name, scanned.value, error) == -1)
			return -1;
		if (key->count == before)
			return error_set(error, ERROR_SYNTAX, "column %zu: label %s is there twice",
				scanned.name_column, quote(scanned.name).text);
	}
	return more;
}

int selector_read_key(struct grouping_key *key, struct slice text, const struct limits *limits, struct error *error)
{
	struct arena arena;
	arena_init(&arena);
	struct selector_scan scan = {.text = text, .arena = &arena};
	struct limits key_limits = *limits;
	key_limits.utf8_names = key->utf8_names = true;
	int result = read_labels(key, &scan, limits, error);
	if (result == 0)
		result = grouping_key_finish(key, &key_limits, error);
	arena_release(&arena);
	if (result == 0 || error->kind == ERROR_MEMORY)
		return result;
	if (error->kind == ERROR_USAGE)
		error->kind = ERROR_SYNTAX;
	return error_prefix(error, "%s: ", quote(text).text);
}
