#include "lint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* What is looked at: a family of an exposition. */
struct linter {
	const struct exposition *exposition;
	const struct metric_family *family;
	lint_found *found;
	void *context;
	struct error *error;
};

/* Units, and the ones to use instead. */
static const struct {
	const char *name, *base;
} units[] = {
	{"amperes", "amperes"},
	{"bytes", "bytes"},
	{"celsius", "celsius"},
	{"grams", "grams"},
	{"joules", "joules"},
	{"kelvin", "kelvin"},
	{"meters", "meters"},
	{"metres", "metres"},
	{"seconds", "seconds"},
	{"volts", "volts"},
	{"minutes", "seconds"},
	{"hours", "seconds"},
	{"days", "seconds"},
	{"weeks", "seconds"},
	{"kelvins", "kelvin"},
	{"fahrenheit", "celsius"},
	{"rankine", "celsius"},
	{"inches", "meters"},
	{"yards", "meters"},
	{"miles", "meters"},
	{"bits", "bytes"},
	{"calories", "joules"},
	{"pounds", "grams"},
	{"ounces", "grams"},
};

/* mibi and gibi are the rules' own spelling. */
static const char *const unit_prefixes[] = {"", "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto",
	"kilo", "kibi", "mega", "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi"};

static const char *const abbreviations[] = {
	"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void advise(const struct linter *linter, const char *advice)
{
	linter->found(linter->context, linter->family, advice);
}

static bool ends_in(struct slice name, const char *suffix)
{
	return slice_has_suffix(name, slice_of(suffix));
}

static bool is_camel_case(struct slice name)
{
	for (size_t i = 1; i < name.len; i++) {
		if (islower((unsigned char)name.data[i - 1]) && isupper((unsigned char)name.data[i]))
			return true;
	}
	return false;
}

/* Takes the next of the words between underscores; false behind the last. */
static bool take_word(struct slice *rest, struct slice *word)
{
	if (rest->data == NULL)
		return false;
	const char *end = memchr(rest->data, '_', rest->len);
	*word = slice_make(rest->data, end == NULL ? rest->len : (size_t)(end - rest->data));
	*rest = end == NULL ? (struct slice){0} : slice_make(end + 1, rest->len - word->len - 1);
	return true;
}

/* Whether one of the words of a name, but the first, is that one in any case. */
static bool has_word(struct slice name, const char *wanted)
{
	struct slice word;
	size_t len = strlen(wanted);
	take_word(&name, &word);
	while (take_word(&name, &word)) {
		if (word.len == len && strncasecmp(word.data, wanted, len) == 0)
			return true;
	}
	return false;
}

/* The unit to use instead of a word; NULL where the word is no unit. */
static const char *base_unit(struct slice word)
{
	for (size_t p = 0; p < COUNT(unit_prefixes); p++) {
		struct slice prefix = slice_of(unit_prefixes[p]);
		if (!slice_has_prefix(word, prefix))
			continue;
		struct slice unit = slice_make(word.data + prefix.len, word.len - prefix.len);
		for (size_t u = 0; u < COUNT(units); u++) {
			if (slice_is(unit, units[u].name))
				return units[u].base;
		}
	}
	return NULL;
}

static void check_help(const struct linter *linter)
{
	if (linter->family->help.data == NULL)
		advise(linter, "no help text");
}

static void check_unit(const struct linter *linter)
{
	struct slice rest = linter->family->name, word;
	const char *base = NULL;
	while (base == NULL && take_word(&rest, &word))
		base = base_unit(word);
	if (base == NULL || slice_is(word, base))
		return;
	char advice[64];
	snprintf(advice, sizeof(advice), "use base unit \"%s\" instead of \"%.*s\"", base, SLICE_PRINTF(word));
	advise(linter, advice);
}

static void check_counter(const struct linter *linter)
{
	const struct metric_family *family = linter->family;
	bool total = ends_in(family->name, "_total");
	if (family->type == METRIC_COUNTER && !total)
		advise(linter, "counter metrics should have \"_total\" suffix");
	if (family->type != METRIC_COUNTER && family->type != METRIC_UNTYPED && total)
		advise(linter, "non-counter metrics should not have \"_total\" suffix");
}

static void check_suffix(const struct linter *linter)
{
	const struct metric_family *family = linter->family;
	bool histogram = family->type == METRIC_HISTOGRAM, distribution = metric_type_is_distribution(family->type);
	if (family->type == METRIC_UNTYPED)
		return;
	if (!histogram && ends_in(family->name, "_bucket"))
		advise(linter, "non-histogram metrics should not have \"_bucket\" suffix");
	if (!distribution && ends_in(family->name, "_count"))
		advise(linter, "non-histogram and non-summary metrics should not have \"_count\" suffix");
	if (!distribution && ends_in(family->name, "_sum"))
		advise(linter, "non-histogram and non-summary metrics should not have \"_sum\" suffix");
}

static void check_type_in_name(const struct linter *linter)
{
	const struct metric_family *family = linter->family;
	char advice[64];
	if (family->type == METRIC_UNTYPED || !has_word(family->name, metric_type_names[family->type]))
		return;
	snprintf(advice, sizeof(advice), "metric name should not include type '%s'", metric_type_names[family->type]);
	advise(linter, advice);
}

static void check_characters(const struct linter *linter)
{
	struct slice name = linter->family->name;
	if (memchr(name.data, ':', name.len) != NULL)
		advise(linter, "metric names should not contain ':'");
	if (is_camel_case(name))
		advise(linter, "metric names should be written in 'snake_case' not 'camelCase'");
}

static void check_abbreviations(const struct linter *linter)
{
	for (size_t i = 0; i < COUNT(abbreviations); i++) {
		if (has_word(linter->family->name, abbreviations[i])) {
			advise(linter, "metric names should not contain abbreviated units");
			return;
		}
	}
}

static void check_labels(const struct linter *linter)
{
	const struct exposition *exposition = linter->exposition;
	const struct metric_family *family = linter->family;
	bool camel_case = false, le = false, quantile = false;
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next) {
		const struct metric *metric = &exposition->metrics[m];
		const struct label *labels = metric_labels(exposition, metric);
		for (uint32_t i = 0; i < metric->label_count; i++) {
			camel_case |= is_camel_case(labels[i].name);
			le |= slice_is(labels[i].name, "le");
			quantile |= slice_is(labels[i].name, "quantile");
		}
	}
	if (le && family->type != METRIC_HISTOGRAM && family->type != METRIC_UNTYPED)
		advise(linter, "non-histogram metrics should not have \"le\" label");
	if (quantile && family->type != METRIC_SUMMARY && family->type != METRIC_UNTYPED)
		advise(linter, "non-summary metrics should not have \"quantile\" label");
	if (camel_case)
		advise(linter, "label names should be written in 'snake_case' not 'camelCase'");
}

/* The labels of a metric, for sorting. */
struct series {
	const struct label *labels;
	uint32_t count;
};

static int compare_series(const void *a, const void *b)
{
	const struct series *left = a, *right = b;
	if (left->count != right->count)
		return left->count < right->count ? -1 : 1;
	for (uint32_t i = 0; i < left->count; i++) {
		int order = slice_compare(left->labels[i].name, right->labels[i].name);
		if (order == 0)
			order = slice_compare(left->labels[i].value, right->labels[i].value);
		if (order != 0)
			return order;
	}
	return 0;
}

static int check_unique(const struct linter *linter)
{
	const struct exposition *exposition = linter->exposition;
	struct series *all = calloc(linter->family->metric_count, sizeof(*all));
	size_t count = 0;
	if (all == NULL)
		return error_set_memory(linter->error);
	for (uint32_t m = linter->family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next) {
		const struct metric *metric = &exposition->metrics[m];
		all[count++] = (struct series){metric_labels(exposition, metric), metric->label_count};
	}
	qsort(all, count, sizeof(*all), compare_series);
	for (size_t i = 1; i < count; i++) {
		if (compare_series(&all[i - 1], &all[i]) == 0) {
			advise(linter, "metric not unique");
			break;
		}
	}
	free(all);
	return 0;
}

int lint(const struct exposition *exposition, lint_found *found, void *context, struct error *error)
{
	static void (*const checks[])(const struct linter *linter) = {check_help, check_unit, check_counter,
		check_suffix, check_type_in_name, check_characters, check_abbreviations, check_labels};
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct linter linter = {exposition, &exposition->families[i], found, context, error};
		for (size_t c = 0; c < COUNT(checks); c++)
			checks[c](&linter);
		if (check_unique(&linter) == -1)
			return -1;
	}
	return 0;
}
