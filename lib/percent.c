#include "percent.h"

#include <errno.h>

static bool is_plain(char byte, const char *plain)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       (byte != '\0' && strchr(plain, byte) != NULL);
}

int percent_encode(struct buffer *out, struct slice bytes, const char *plain)
{
	static const char digits[] = "0123456789ABCDEF";
	const size_t before = out->len;
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.data[i];
		char escape[3] = {'%', digits[byte >> 4], digits[byte & 0xf]};
		bool stays = is_plain(bytes.data[i], plain);
		if (buffer_append(out, stays ? &bytes.data[i] : escape, stays ? 1 : sizeof(escape)) == -1) {
			out->len = before;
			return -1;
		}
	}
	return 0;
}

static int digit_value(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The byte of the escape that text starts with, or -1. */
static int decode_escape(struct slice text)
{
	int high = text.len < 3 ? -1 : digit_value(text.data[1]);
	int low = text.len < 3 ? -1 : digit_value(text.data[2]);
	return high == -1 || low == -1 ? -1 : high << 4 | low;
}

int percent_decode(struct buffer *out, struct slice encoded)
{
	if (buffer_reserve(out, encoded.len) == -1)
		return -1;
	size_t len = out->len;
	for (size_t i = 0; i < encoded.len; i++) {
		int byte = encoded.data[i];
		if (byte == '%') {
			byte = decode_escape(slice_make(encoded.data + i, encoded.len - i));
			if (byte == -1) {
				errno = EINVAL;
				return -1;
			}
			i += 2;
		}
		out->data[len++] = (char)byte;
	}
	out->len = len;
	return 0;
}
