/*
 * buffer: bytes that grow, up to a maximum.
 *
 *	struct buffer text;
 *	buffer_init(&text, 64 << 20);
 *	if (buffer_append(&text, data, len) == -1)
 *		...errno is ENOMEM, or EMSGSIZE when the maximum would be passed
 *	buffer_release(&text);
 *
 * The buffer owns its memory. Every pointer into it dies with the next growth.
 */
#ifndef PGW_BUFFER_H
#define PGW_BUFFER_H

#include <stddef.h>

#include "slice.h"

struct buffer {
	char *data;
	size_t len; /* bytes in use */
	size_t capacity;
	size_t max; /* `len` never passes this */
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_release(struct buffer *buffer);

/* Empties it and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Makes room for `extra` more bytes at data + len. 0, or -1 with errno; the contents stay as they were. */
int buffer_reserve(struct buffer *buffer, size_t extra);

/* 0, or -1 with errno and nothing appended. */
int buffer_append(struct buffer *buffer, const void *data, size_t len);
int buffer_append_slice(struct buffer *buffer, struct slice slice);
int buffer_append_string(struct buffer *buffer, const char *string);
int buffer_append_byte(struct buffer *buffer, char byte);
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends what can be read from a file descriptor up to its end. 0, or -1 with errno; EMSGSIZE past the maximum. */
int buffer_read_fd(struct buffer *buffer, int fd);

/* Hands the memory to the caller, who frees it with free(3), cut to its length; the buffer is empty afterwards.
 * NULL where nothing was ever appended. */
char *buffer_detach(struct buffer *buffer);

static inline struct slice buffer_slice(const struct buffer *buffer)
{
	return slice_make(buffer->data, buffer->len);
}

#endif
