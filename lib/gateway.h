/*
 * gateway: the client's side of the Pushgateway's API, for pgw-serve and the upstream alike.
 */
#ifndef PGW_GATEWAY_H
#define PGW_GATEWAY_H

#include <stdbool.h>

#include "error.h"
#include "http.h"
#include "input_limits.h"
#include "labels.h"

/* What a user gives after -u: a base URL ("http://host:9091", "host:9091", "https://host/prefix/",
 * "unix:/path/of/socket"), or the whole URL of a group ("http://host:9091/metrics/job/backup/instance/db1") as one
 * would give to curl. */
struct gateway {
	char *base; /* with its scheme, without a slash at its end and without the group's path */
	char *bare; /* the same without user and password */
};

/* Splits a URL; the labels of a group's path are set in the (initialised, not finished) key. A label that the key has
 * already stays as it is, but two jobs are an error; where the key is NULL, so is a group's path. 0, or -1 with
 * ERROR_USAGE. */
int gateway_init(struct gateway *gateway, const char *url, struct grouping_key *key, struct error *error);
void gateway_release(struct gateway *gateway);

/* Whether two are one gateway, whoever the user is (url_is_same_place()). */
bool gateway_is_same(const struct gateway *a, const struct gateway *b);

/* The URL of a group, whose key is finished; the caller frees it. NULL with ERROR_MEMORY. */
char *gateway_group_url(const struct gateway *gateway, const struct grouping_key *key, struct error *error);

/* The same without user and password, for messages and files. */
char *gateway_bare_url(const struct gateway *gateway, const struct grouping_key *key, struct error *error);

/* Tells an answer's success, 200 to 299 (0), from failure (-1): ERROR_PERMISSION for 401 and 403, ERROR_BUSY for 408
 * and 429, ERROR_REFUSED for other 4xx, ERROR_UNAVAILABLE for 5xx and for no answer, with the gateway's reason in the
 * message. */
int gateway_result(const char *url, const struct http_answer *answer, struct error *error);

#endif
