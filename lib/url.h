/*
 * url: the URLs that a user gives, taken apart.
 *
 *	struct url url;
 *	if (url_init(&url, "localhost:9091/metrics", &error) == -1)
 *		...
 *	url.text		"http://localhost:9091/metrics"
 *	url_release(&url);
 *
 * http://, https:// and unix:/path/of/socket:/path/of/url; what has no scheme gets http://. Nothing is decoded here.
 */
#ifndef PGW_URL_H
#define PGW_URL_H

#include <stdbool.h>

#include "error.h"
#include "slice.h"

struct url {
	char *text; /* complete, owned */
	bool is_unix;
	bool is_tls;
	struct slice host; /* with the port where one was given, without user and password; or the path of the socket */
	struct slice path; /* from its slash on, with the query; may be empty */
};

/* 0, or -1 with ERROR_USAGE (another scheme, no host, blanks or control characters) or ERROR_MEMORY; the message starts
 * with the URL. */
int url_init(struct url *url, const char *given, struct error *error);
void url_release(struct url *url);

/* Whether two complete URLs (url.text) mean the same place, whoever the user is: the scheme and the host in any case,
 * the port of the scheme written out or not, with slashes at the end or without. Names are not resolved, nor is
 * anything decoded. */
bool url_is_same_place(const char *a, const char *b);

/* Cuts "user:password@" out of a URL, in place; what the URL no longer needs is zeros. */
void url_cut_user(char *url);

#define URL_TEXT_SIZE 512

struct url_text {
	char text[URL_TEXT_SIZE];
};

/* A URL for messages, without the user and the password that it may hold, made printable, cut with "..." when too long.
 * For use inside one expression, as quote(). */
struct url_text url_text(const char *url);

/* Makes a line from a stranger safe for a terminal: control characters, and what is not UTF-8, become "?". */
void url_make_printable(char *line);

#endif
