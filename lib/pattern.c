#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <dlfcn.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "text.h"

#define LIBRARY "libpcre2-8.so.0"

/* Steps of a match: some ten milliseconds. A plain expression takes one for each byte of a text, and a label value may
 * have 64 KiB. */
#define MATCH_MAX 1000000
#define HEAP_MAX  32768 /* KiB, for backtracking */

/* A dot matches a newline, as in Prometheus; \C would tear characters apart. */
#define OPTIONS                                                                                                        \
	(PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C)

/* What is used of PCRE2, without the prefix pcre2_ and the suffix _8. */
#define FUNCTIONS(F)                                                                                                   \
	F(compile)                                                                                                     \
	F(code_free)                                                                                                   \
	F(get_error_message)                                                                                           \
	F(match)                                                                                                       \
	F(match_context_create)                                                                                        \
	F(match_context_free)                                                                                          \
	F(match_data_create)                                                                                           \
	F(match_data_free)                                                                                             \
	F(set_depth_limit)                                                                                             \
	F(set_heap_limit)                                                                                              \
	F(set_match_limit)

struct pcre2 {
#define MEMBER(name) __typeof__(pcre2_##name##_8) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

static const struct {
	const char *symbol;
	size_t offset;
} symbols[] = {
#define SYMBOL(name) {"pcre2_" #name "_8", offsetof(struct pcre2, name)},
	FUNCTIONS(SYMBOL)
#undef SYMBOL
};

struct pattern {
	struct pcre2 pcre2;
	char *expression;
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
};

static int load(struct pcre2 *pcre2, struct error *error)
{
	/* Never closed again, like libcurl: another pattern finds it loaded. */
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return error_set(error, ERROR_UNAVAILABLE, "libpcre2 can't be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *function = dlsym(library, symbols[i].symbol);
		if (function == NULL)
			return error_set(error, ERROR_UNAVAILABLE, "libpcre2 is too old: %s", dlerror());
		memcpy((char *)pcre2 + symbols[i].offset, &function, sizeof(function));
	}
	return 0;
}

static struct pattern *fail_memory(struct pattern *pattern, struct error *error)
{
	pattern_free(pattern);
	error_set_memory(error);
	return NULL;
}

static pcre2_code *compile(const struct pcre2 *pcre2, const char *expression, struct error *error)
{
	size_t len = strlen(expression), offset = 0;
	PCRE2_UCHAR reason[ERROR_MESSAGE_SIZE / 2];
	int number;
	if (len > PATTERN_MAX) {
		error_set(error, ERROR_USAGE, "the regular expression %s is over the limit of %d bytes",
			quote(slice_of(expression)).text, PATTERN_MAX);
		return NULL;
	}
	pcre2_code *code = pcre2->compile((PCRE2_SPTR)expression, len, OPTIONS, &number, &offset, NULL);
	if (code != NULL)
		return code;
	if (number == PCRE2_ERROR_HEAP_FAILED || number == PCRE2_ERROR_NOMEMORY) {
		error_set_memory(error);
		return NULL;
	}
	pcre2->get_error_message(number, reason, sizeof(reason));
	error_set(error, ERROR_USAGE, "%s is no regular expression: byte %zu: %s", quote(slice_of(expression)).text,
		offset + 1, (const char *)reason);
	return NULL;
}

struct pattern *pattern_new(const char *expression, struct error *error)
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	if (pattern == NULL)
		return fail_memory(NULL, error);
	const struct pcre2 *pcre2 = &pattern->pcre2;
	if (load(&pattern->pcre2, error) == -1 || (pattern->code = compile(pcre2, expression, error)) == NULL) {
		pattern_free(pattern);
		return NULL;
	}
	pattern->expression = strdup(expression);
	pattern->context = pcre2->match_context_create(NULL);
	pattern->data = pcre2->match_data_create(1, NULL);
	if (pattern->expression == NULL || pattern->context == NULL || pattern->data == NULL)
		return fail_memory(pattern, error);
	pcre2->set_match_limit(pattern->context, MATCH_MAX);
	pcre2->set_depth_limit(pattern->context, MATCH_MAX);
	pcre2->set_heap_limit(pattern->context, HEAP_MAX);
	return pattern;
}

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	if (pattern->data != NULL)
		pattern->pcre2.match_data_free(pattern->data);
	if (pattern->context != NULL)
		pattern->pcre2.match_context_free(pattern->context);
	if (pattern->code != NULL)
		pattern->pcre2.code_free(pattern->code);
	free(pattern->expression);
	free(pattern);
}

int pattern_match(const struct pattern *pattern, struct slice text, struct error *error)
{
	PCRE2_UCHAR reason[ERROR_MESSAGE_SIZE / 2];
	PCRE2_SPTR subject = (PCRE2_SPTR)(text.len > 0 ? text.data : "");
	int result = pattern->pcre2.match(pattern->code, subject, text.len, 0, 0, pattern->data, pattern->context);
	if (result >= 0)
		return 1;
	if (result == PCRE2_ERROR_NOMATCH)
		return 0;
	if (result == PCRE2_ERROR_NOMEMORY)
		return error_set_memory(error);
	if (result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT || result == PCRE2_ERROR_HEAPLIMIT)
		return error_set(error, ERROR_USAGE, "the regular expression %s takes too long to match %s",
			quote(slice_of(pattern->expression)).text, quote(text).text);
	pattern->pcre2.get_error_message(result, reason, sizeof(reason));
	return error_set(error, ERROR_USAGE, "the regular expression %s can't match %s: %s",
		quote(slice_of(pattern->expression)).text, quote(text).text, (const char *)reason);
}
