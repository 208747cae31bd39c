/*
 * html: a streaming HTML writer.
 *
 *	struct html html;
 *	html_init(&html, &buffer);
 *	html_markup(&html, "<p title=\"");
 *	html_text(&html, title);
 *	html_markup(&html, "\">");
 *	if (html_finish(&html) == -1) ...	errno of the first append that failed
 *
 * There is one escaping function, html_text(). What it writes means nothing but itself between tags and in a quoted
 * attribute; it must not stand in a script, in a style sheet, or in an attribute that is one of these.
 */
#ifndef PGW_HTML_H
#define PGW_HTML_H

#include "buffer.h"
#include "slice.h"

struct html {
	struct buffer *out;
	int failed; /* errno of the first failure, or 0 */
};

void html_init(struct html *html, struct buffer *out);

/* Markup of the program's own, as it is. */
void html_markup(struct html *html, const char *markup);

/* Any text: & < > " ' as character references, each byte that is not UTF-8 and each control character from U+0080 on as
 * U+FFFD, those of ASCII but newline and tab by their pictures from U+2400 on, so that they are seen. */
void html_text(struct html *html, struct slice text);

/* 0, or -1 with errno. */
int html_finish(struct html *html);

#endif
