/* The names of groups, as pgw-list -0 prints them: their keys, written as selectors. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "buffer.h"
#include "deletion.h"
#include "text.h"

#define INPUT_MAX ((size_t)1 << 30)

static int add_name(struct deletion *deletion, struct slice name, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct grouping_key key;
	grouping_key_init(&key);
	int result = selector_read_key(&key, name, &limits, error);
	if (result == 0) {
		struct group_row row = {.key = key};
		result = group_list_add(&deletion->groups, &row, error);
	}
	grouping_key_release(&key);
	return result;
}

/* Each ends with a NUL byte, the last one perhaps without. */
static int add_names(struct deletion *deletion, struct slice rest, struct error *error)
{
	while (rest.len > 0) {
		const char *end = memchr(rest.data, '\0', rest.len);
		size_t len = end == NULL ? rest.len : (size_t)(end - rest.data), used = len + (end != NULL);
		if (add_name(deletion, slice_make(rest.data, len), error) == -1)
			return error->kind == ERROR_MEMORY ? -1 : error_prefix(error, "<stdin>: ");
		rest = slice_make(rest.data + used, rest.len - used);
	}
	return 0;
}

static int read_stdin(struct deletion *deletion, struct error *error)
{
	struct buffer text;
	buffer_init(&text, INPUT_MAX);
	int result = buffer_read_fd(&text, STDIN_FILENO);
	if (result == 0)
		result = add_names(deletion, buffer_slice(&text), error);
	else if (errno == EMSGSIZE)
		result = error_set(error, ERROR_TOO_LARGE, "<stdin>: more than %zu bytes", text.max);
	else
		result = errno == ENOMEM ? error_set_memory(error)
					 : error_set(error, ERROR_NO_INPUT, "<stdin>: %s", strerror(errno));
	buffer_release(&text);
	return result;
}

int deletion_read_names(struct deletion *deletion, char *arguments[], size_t count, struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (add_name(deletion, slice_of(arguments[i]), error) == -1) {
			if (error->kind != ERROR_MEMORY)
				error->kind = ERROR_USAGE;
			return -1;
		}
	}
	return deletion->from_stdin ? read_stdin(deletion, error) : 0;
}
