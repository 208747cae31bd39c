#include "html.h"

#include <errno.h>
#include <stdio.h>

#include "text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define DELETE	    0x7f

void html_init(struct html *html, struct buffer *out)
{
	*html = (struct html){.out = out};
}

static void append(struct html *html, struct slice bytes)
{
	if (html->failed == 0 && buffer_append_slice(html->out, bytes) == -1)
		html->failed = errno;
}

void html_markup(struct html *html, const char *markup)
{
	append(html, slice_of(markup));
}

/* How many bytes from the start stand for themselves. */
static size_t plain_length(struct slice text)
{
	size_t plain = 0;
	while (plain < text.len) {
		struct slice rest = slice_make(text.data + plain, text.len - plain);
		char byte = *rest.data;
		size_t length = utf8_length(rest);
		bool blank = byte == '\n' || byte == '\t';
		if (length == 0 || (!blank && control_length(rest) > 0) || memchr("&<>\"'", byte, 5) != NULL)
			break;
		plain += length;
	}
	return plain;
}

/* Appends what stands for the first character, which is not plain. The number of its bytes. */
static size_t append_reference(struct html *html, struct slice text)
{
	static const char *const references[] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&#34;", ['\''] = "&#39;"};
	unsigned char byte = (unsigned char)*text.data;
	char picture[] = "\xe2\x90\x80"; /* U+2400, the picture of NUL */
	size_t length = control_length(text);
	if (length == 0 && utf8_length(text) == 1) {
		html_markup(html, references[byte]);
	} else if (length == 1) {
		picture[2] = (char)(0x80 + (byte == DELETE ? 0x21 : byte));
		html_markup(html, picture);
	} else {
		html_markup(html, REPLACEMENT);
	}
	return length > 0 ? length : 1;
}

void html_text(struct html *html, struct slice text)
{
	while (text.len > 0) {
		size_t length = plain_length(text);
		append(html, slice_make(text.data, length));
		if (length < text.len)
			length += append_reference(html, slice_make(text.data + length, text.len - length));
		text = slice_make(text.data + length, text.len - length);
	}
}

int html_finish(struct html *html)
{
	if (html->failed == 0)
		return 0;
	errno = html->failed;
	return -1;
}
