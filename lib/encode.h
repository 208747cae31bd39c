/*
 * encode: the exposition of a view with names escaped as was negotiated.
 */
#ifndef PGW_ENCODE_H
#define PGW_ENCODE_H

#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "negotiation.h"
#include "view.h"

/* Whether no name needs that: then an exposition_reader of the view's snapshot gives what was negotiated. */
bool encode_is_plain(const struct view *view, struct negotiated negotiated);

/*
 * Appends the exposition of all groups and the gateway's own families (view_append_exposition()) in the form that was
 * negotiated: its text is parsed as a whole for that. *dropped is how many series were left out, see
 * encode_escape_names(). 0, or -1 with ERROR_MEMORY.
 */
int encode_exposition(const struct view *view, const struct exposition *own, struct negotiated negotiated,
	struct buffer *out, size_t *dropped, struct error *error);

/*
 * Escapes the names of families and labels that are not of the plain kind, in place. Where names become the same, the
 * upstream writes what nobody can parse; here one stays, which is first the one of the name that was pushed so, then
 * the first in order: of two families, of a family and the summary or histogram that writes lines of that name, of two
 * series of a family, and of two labels of a series. No label becomes __name__, which would be the family's name.
 * *dropped is how many series (a histogram or a summary is one) are left out by that. 0, or -1 with ERROR_MEMORY.
 */
int encode_escape_names(
	struct exposition *exposition, enum escaping_scheme scheme, size_t *dropped, struct error *error);

#endif
