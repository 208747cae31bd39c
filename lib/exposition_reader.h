/*
 * exposition_reader: the exposition of a snapshot with the gateway's own families, read from start to end, as text or
 * as delimited protobuf, either plain or as one gzip member.
 *
 *	struct exposition_reader *reader = exposition_reader_new(snapshot, &own, compressor, &error);
 *	while ((status = exposition_reader_prepare(reader, budget, &error)) == 0)
 *		...do something else
 *	total = exposition_reader_size(reader);
 *	while ((len = exposition_reader_read(reader, buffer, size)) > 0)
 *		...
 *	exposition_reader_free(reader);
 *
 * The families stand by name, the gateway's own among them, with one HELP and TYPE each: the gateway's, or that of the
 * lowest group which has a HELP. Natives (canonical.h) have no place in text.
 *
 * Plain text is copied from the groups as it is read. Of text, what is compressed stays with the chunks of the snapshot
 * for the next reader, so that a group's change costs compressing its neighbourhood, and the gateway's own metrics
 * themselves. Protobuf (protobuf_exposition.h) is made from all of the text each time, and lies in the reader's memory.
 */
#ifndef PGW_EXPOSITION_READER_H
#define PGW_EXPOSITION_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "exposition.h"
#include "gzip_part.h"
#include "view_snapshot.h"

struct exposition_reader;

/* `own` has families of own.h only, and is not needed afterwards. The snapshot is the reader's from now on, also where
 * it can't be made. The compressor, NULL for plain text, must outlive it. NULL with ERROR_MEMORY. */
struct exposition_reader *exposition_reader_new(struct view_snapshot *snapshot, const struct exposition *own,
	struct gzip_compressor *compressor, struct error *error);
/* The same for protobuf. */
struct exposition_reader *exposition_reader_new_protobuf(
	struct view_snapshot *snapshot, const struct exposition *own, bool gzip, struct error *error);
void exposition_reader_free(struct exposition_reader *reader);

/* Compresses or encodes about so many bytes of text for which that is still to be done. 1 when there is nothing left to
 * do (for plain text there never is), 0 when there may be, -1 with ERROR_MEMORY. */
int exposition_reader_prepare(struct exposition_reader *reader, size_t budget, struct error *error);

/* All that will be read, in bytes; only when it is prepared. */
size_t exposition_reader_size(const struct exposition_reader *reader);

/* The next bytes, as many as there are up to `size`, 0 at the end; only when it is prepared. */
size_t exposition_reader_read(struct exposition_reader *reader, char *data, size_t size);

/* Bytes of memory that only the reader has, or will have when it is prepared. */
size_t exposition_reader_memory(const struct exposition_reader *reader);

#endif
