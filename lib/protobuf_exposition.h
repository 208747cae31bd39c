/*
 * protobuf_exposition: the exposition of a snapshot with the gateway's own families as delimited protobuf, as it is or
 * as one gzip member, made in steps.
 *
 *	struct protobuf_exposition *encoded = protobuf_exposition_new(snapshot, &own, gzip, &error);
 *	while ((status = protobuf_exposition_prepare(encoded, budget, &error)) == 0)
 *		...do something else
 *	total = protobuf_exposition_size(encoded);
 *	while ((len = protobuf_exposition_read(encoded, buffer, size)) > 0)
 *		...
 *	protobuf_exposition_free(encoded);
 *
 * What the groups have in text becomes metrics some kilobytes at a time, with the natives kept beside them; a family's
 * length, name and HELP are put before its metrics when all of them are there. Names stay as they were pushed. The
 * whole lies in memory until it is read, and nothing is kept for the next one.
 *
 * For exposition_reader.c, which others use.
 */
#ifndef PGW_PROTOBUF_EXPOSITION_H
#define PGW_PROTOBUF_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "exposition.h"
#include "view_snapshot.h"

struct protobuf_exposition;

/* `own` has families of own.h only, and is not needed afterwards. The snapshot is let go as soon as all is encoded,
 * also where nothing can be made. NULL with ERROR_MEMORY. */
struct protobuf_exposition *protobuf_exposition_new(
	struct view_snapshot *snapshot, const struct exposition *own, bool gzip, struct error *error);
void protobuf_exposition_free(struct protobuf_exposition *encoded);

/* Encodes about so many bytes of text: more where a single metric or HELP is longer, and never less than some
 * kilobytes. 1 when there is nothing left to do, 0 when there may be, -1 with ERROR_MEMORY. */
int protobuf_exposition_prepare(struct protobuf_exposition *encoded, size_t budget, struct error *error);

/* All that will be read, in bytes; only when it is prepared. */
size_t protobuf_exposition_size(const struct protobuf_exposition *encoded);

/* The next bytes, as many as there are up to `size`, 0 at the end; only when it is prepared. Their memory is freed. */
size_t protobuf_exposition_read(struct protobuf_exposition *encoded, char *data, size_t size);

/* Bytes of memory: what it will come to while it is not prepared. */
size_t protobuf_exposition_memory(const struct protobuf_exposition *encoded);

#endif
