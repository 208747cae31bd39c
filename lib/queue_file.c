#include "queue_file.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "ttl.h"

#define MAGIC	  "pgw-queue 1"
#define TEMPORARY ".new-"
#define DIGITS	  20
#define URL_MAX	  (1u << 20)

bool queue_is_name(const char *name)
{
	return strspn(name, "0123456789") == DIGITS && name[DIGITS] == '\0';
}

bool queue_is_temporary(const char *name)
{
	return strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0;
}

static const char *method_name(enum store_method method)
{
	return method == STORE_PUT ? "PUT" : "POST";
}

int queue_file_write(struct buffer *file, const struct queue_entry *entry)
{
	char ttl[TTL_TEXT_SIZE];
	ttl_format(entry->ttl, ttl);
	if (buffer_printf(file, MAGIC "\n%s %s\n", method_name(entry->method), entry->url) == -1 ||
		(entry->ttl != 0 && buffer_printf(file, "ttl %s\n", ttl) == -1) ||
		buffer_printf(file, "length %zu\n\n", entry->text.len) == -1)
		return -1;
	return buffer_append_slice(file, entry->text);
}

int queue_file_save(int directory, struct slice bytes, char temporary[QUEUE_NAME_SIZE])
{
	snprintf(temporary, QUEUE_NAME_SIZE, TEMPORARY "%08x%08x", arc4random(), arc4random());
	int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, QUEUE_FILE_MODE);
	if (fd == -1)
		return -1;
	int result = file_write_all(fd, bytes);
	if (result == 0)
		result = file_sync(fd);
	if (result == 0)
		result = close(fd);
	else
		file_close(fd);
	if (result == -1) {
		int number = errno;
		unlinkat(directory, temporary, 0);
		errno = number;
	}
	return result;
}

/* The next line without its newline; data is NULL where none ends. */
static struct slice next_line(struct slice *rest)
{
	const char *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
	if (end == NULL)
		return slice_make(NULL, 0);
	struct slice line = slice_make(rest->data, (size_t)(end - rest->data));
	*rest = slice_make(end + 1, rest->len - line.len - 1);
	return line;
}

/* Cuts a word and a blank off a line. */
static bool skip_word(struct slice *line, const char *word)
{
	size_t length = strlen(word);
	if (line->len <= length + 1 || memcmp(line->data, word, length) != 0 || line->data[length] != ' ')
		return false;
	*line = slice_make(line->data + length + 1, line->len - length - 1);
	return true;
}

static bool is_number(struct slice text, size_t number)
{
	char digits[DIGITS + 4];
	snprintf(digits, sizeof(digits), "%zu", number);
	return slice_is(text, digits);
}

/* Takes the line of the TTL, if there is one, before the line that comes next in any case. */
static int take_ttl(struct slice *line, struct slice *rest, int64_t *ttl)
{
	struct error unused;
	struct slice text = *line;
	*ttl = 0;
	if (line->data == NULL || !skip_word(&text, "ttl"))
		return 0;
	*line = next_line(rest);
	return ttl_parse(text, ttl, &unused);
}

int queue_file_parse(struct queue_entry *entry, struct error *error)
{
	struct slice rest = buffer_slice(&entry->file);
	struct slice magic = next_line(&rest), request = next_line(&rest);
	struct slice length = next_line(&rest);
	bool has_ttl = take_ttl(&length, &rest, &entry->ttl) == 0;
	struct slice empty = next_line(&rest);
	bool is_put = false;
	if (!has_ttl || length.data == NULL || empty.data == NULL || empty.len != 0 || !slice_is(magic, MAGIC) ||
		!((is_put = skip_word(&request, "PUT")) || skip_word(&request, "POST")) ||
		!skip_word(&length, "length") || request.len > URL_MAX ||
		memchr(request.data, '\0', request.len) != NULL)
		return error_set(error, ERROR_SYNTAX, "not a file of a queue");
	if (!is_number(length, rest.len))
		return error_set(
			error, ERROR_SYNTAX, "has %zu bytes of metrics, not the length that it says", rest.len);
	entry->method = is_put ? STORE_PUT : STORE_POST;
	entry->text = rest;
	if (asprintf(&entry->url, "%.*s", SLICE_PRINTF(request)) == -1) {
		entry->url = NULL;
		return error_set_memory(error);
	}
	return 0;
}
