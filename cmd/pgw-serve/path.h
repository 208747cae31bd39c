/*
 * path: the target of a request, from the wire to a path that routes can be matched against.
 *
 * As Go's net/http does it, which the upstream is built on: the path is percent-decoded as a whole before anything
 * looks at it ("+" stays "+", %2F is a separator, %00 is a byte like any other), and one that is not in its cleanest
 * form is redirected to it.
 */
#ifndef PGW_PATH_H
#define PGW_PATH_H

#include <stdbool.h>

#include "buffer.h"
#include "slice.h"

/*
 * Splits a raw target into path and query (with its "?"), both still encoded. The absolute form, which proxies are sent
 * and every server must take (RFC 9112, section 3.2.2), loses scheme and host whatever they are; without a path it
 * means the root. 0, or -1 with EINVAL where there is a blank or a control character, which no target has.
 */
int path_split(struct slice target, struct slice *path, struct slice *query);

/* Appends the path with its %XX decoded. 0, or -1 with EINVAL for a bad escape or a path that doesn't start with a
 * slash, ENOMEM, or EMSGSIZE. */
int path_decode(struct buffer *out, struct slice encoded);

/* Appends the path without empty, "." and ".." components; a slash at the end stays. 0, or -1 with errno. */
int path_clean(struct buffer *out, struct slice path);

/* Appends a path and a raw query as they may stand in a Location header: whatever a URL does not allow is %XX.
 * 0, or -1 with errno. */
int path_append_location(struct buffer *out, struct slice path, struct slice query);

#endif
