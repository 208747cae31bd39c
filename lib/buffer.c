#include "buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAPACITY_FIRST 256
#define READ_SIZE      65536

void buffer_init(struct buffer *buffer, size_t max)
{
	*buffer = (struct buffer){.max = max};
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->data);
	buffer_init(buffer, buffer->max);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
}

int buffer_reserve(struct buffer *buffer, size_t extra)
{
	if (extra <= buffer->capacity - buffer->len)
		return 0;
	if (extra > buffer->max - buffer->len) {
		errno = EMSGSIZE;
		return -1;
	}
	size_t needed = buffer->len + extra;
	size_t capacity = buffer->capacity == 0 ? CAPACITY_FIRST : buffer->capacity * 2;
	if (capacity < needed)
		capacity = needed;
	if (capacity > buffer->max)
		capacity = buffer->max;
	char *data = realloc(buffer->data, capacity);
	if (data == NULL)
		return -1;
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	if (len == 0)
		return 0;
	if (buffer_reserve(buffer, len) == -1)
		return -1;
	memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
	return 0;
}

int buffer_append_slice(struct buffer *buffer, struct slice slice)
{
	return buffer_append(buffer, slice.data, slice.len);
}

int buffer_append_string(struct buffer *buffer, const char *string)
{
	return buffer_append(buffer, string, strlen(string));
}

int buffer_append_byte(struct buffer *buffer, char byte)
{
	return buffer_append(buffer, &byte, 1);
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	size_t room = buffer->capacity - buffer->len;
	va_start(arguments, format);
	int length = vsnprintf(room == 0 ? NULL : buffer->data + buffer->len, room, format, arguments);
	va_end(arguments);
	if (length < 0)
		return -1;
	/* One byte more for the NUL that vsnprintf(3) writes and that does not count. */
	if ((size_t)length >= room) {
		if (buffer_reserve(buffer, (size_t)length + 1) == -1)
			return -1;
		va_start(arguments, format);
		vsnprintf(buffer->data + buffer->len, (size_t)length + 1, format, arguments);
		va_end(arguments);
	}
	buffer->len += (size_t)length;
	return 0;
}

int buffer_read_fd(struct buffer *buffer, int fd)
{
	/* A regular file tells its size, so that one read gets all: it is asked for a byte more and ends at the end. */
	struct stat status;
	size_t step = READ_SIZE;
	bool sized = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
	if (sized)
		step = (size_t)status.st_size + 1;
	for (;;) {
		size_t room = buffer->max - buffer->len;
		if (step > room)
			step = room;
		if (step == 0) {
			/* Full: the end of the input is all that may come now. */
			char byte;
			ssize_t got = read(fd, &byte, 1);
			if (got == 0)
				return 0;
			if (got == 1)
				errno = EMSGSIZE;
			if (got == -1 && errno == EINTR)
				continue;
			return -1;
		}
		if (buffer_reserve(buffer, step) == -1)
			return -1;
		size_t asked = buffer->capacity - buffer->len;
		ssize_t got = read(fd, buffer->data + buffer->len, asked);
		if (got == 0)
			return 0;
		if (got > 0) {
			buffer->len += (size_t)got;
			if (sized && (size_t)got < asked)
				return 0;
			step = buffer->capacity - buffer->len < READ_SIZE / 8 ? READ_SIZE
									      : buffer->capacity - buffer->len;
		} else if (errno != EINTR) {
			return -1;
		}
	}
}

char *buffer_detach(struct buffer *buffer)
{
	char *data = buffer->data;
	if (data != NULL && buffer->len > 0) {
		char *shrunk = realloc(data, buffer->len);
		data = shrunk != NULL ? shrunk : data;
	}
	buffer_init(buffer, buffer->max);
	return data;
}
