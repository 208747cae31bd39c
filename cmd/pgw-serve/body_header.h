/*
 * body_header: what the header of a request says about its body.
 */
#ifndef PGW_BODY_HEADER_H
#define PGW_BODY_HEADER_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "decompress.h"

struct body_header {
	unsigned long long length; /* 0 where unknown */
	unsigned lengths;	   /* how often it is given */
	bool continues;		   /* Expect: 100-continue */
	bool chunked;		   /* Transfer-Encoding */
	bool blank;		   /* in the name of a field */
	bool endless;		   /* a Transfer-Encoding that nobody can decode */
	bool unknown_encoding;	   /* a Content-Encoding that nobody can decode, or more than one */
	enum encoding encoding;
	bool host;     /* there is a Host */
	bool typed;    /* there is a Content-Type */
	bool protobuf; /* which says delimited metric families; anything else is text */
	size_t size;   /* of all fields, names and values, as Go's promhttp counts them */
};

/* What makes the end of a body uncertain, so that a proxy in front may see another request than we do. NULL for none.
 */
const char *body_header_fault(const struct body_header *header);

void body_header_read(struct body_header *header, struct MHD_Connection *http);

#endif
