#include "base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int base64_append(struct buffer *out, struct slice bytes)
{
	unsigned bits = 0, pending = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | (unsigned char)bytes.data[i];
		for (pending += 8; pending >= 6; pending -= 6)
			if (buffer_append_byte(out, alphabet[bits >> (pending - 6) & 0x3f]) == -1)
				return -1;
	}
	return pending == 0 ? 0 : buffer_append_byte(out, alphabet[bits << (6 - pending) & 0x3f]);
}

static int digit_value(char byte)
{
	const char *at = byte == '\0' ? NULL : strchr(alphabet, byte);
	return at == NULL ? -1 : (int)(at - alphabet);
}

int base64_decode(struct arena *arena, struct slice encoded, struct slice *bytes, struct error *error)
{
	while (encoded.len > 0 && encoded.data[encoded.len - 1] == '=')
		encoded.len--;
	char *out = arena_alloc(arena, encoded.len + 1);
	if (out == NULL)
		return error_set_memory(error);
	size_t len = 0, digits = 0;
	unsigned bits = 0;
	for (size_t i = 0; i < encoded.len; i++) {
		if (encoded.data[i] == '\r' || encoded.data[i] == '\n')
			continue;
		int digit = digit_value(encoded.data[i]);
		if (digit == -1)
			return error_set(error, ERROR_SYNTAX, "a character is not in the URL-safe alphabet");
		bits = bits << 6 | (unsigned)digit;
		if (++digits % 4 != 1)
			out[len++] = (char)(bits >> (8 - digits % 4 * 2) % 8);
	}
	if (digits % 4 == 1)
		return error_set(error, ERROR_SYNTAX, "one character is left over at its end");
	*bytes = slice_make(out, len);
	return 0;
}
