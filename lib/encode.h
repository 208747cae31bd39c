/*
 * encode: the exposition of a view in the form that was negotiated.
 */
#ifndef PGW_ENCODE_H
#define PGW_ENCODE_H

#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "negotiation.h"
#include "view.h"

/* Appends the exposition of all groups and the gateway's own families (view_append_exposition()). Text of plain names
 * is what the view has; escaped names and protobuf are made by parsing that. 0, or -1 with ERROR_MEMORY. */
int encode_exposition(const struct view *view, const struct exposition *own, struct negotiated negotiated,
	struct buffer *out, struct error *error);

/* Escapes the names of families and labels that are not of the plain kind, in place. 0, or -1 with ERROR_MEMORY. */
int encode_escape_names(struct exposition *exposition, enum escaping_scheme scheme, struct error *error);

#endif
