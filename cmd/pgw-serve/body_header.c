#include "body_header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "media_type.h"

static void read_encoding(struct body_header *header, const char *value)
{
	enum encoding encoding;
	struct slice name = slice_of(value);
	/* The HTTP library leaves the blanks behind a value where they are. */
	while (name.len > 0 && strchr(" \t", name.data[name.len - 1]) != NULL)
		name.len--;
	if (encoding_parse(name, &encoding) == -1)
		header->unknown_encoding = true;
	else if (encoding != ENCODING_IDENTITY && header->encoding != ENCODING_IDENTITY)
		header->unknown_encoding = true;
	else if (encoding != ENCODING_IDENTITY)
		header->encoding = encoding;
}

static enum MHD_Result read_field(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct body_header *header = context;
	if (value == NULL)
		value = "";
	/* A blank before the colon hides a field from some parsers and not from others (RFC 9112, section 5.1). */
	header->blank |= strpbrk(name, " \t") != NULL;
	bool is_host = strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
	bool is_transfer = strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
	header->host |= is_host;
	header->size += is_transfer ? 0 : strlen(value) + (is_host ? 0 : strlen(name));
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		header->length = strtoull(value, NULL, 10);
		header->lengths++;
	} else if (is_transfer) {
		header->chunked = true;
		header->endless |= strcasecmp(value, "chunked") != 0;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_ENCODING) == 0) {
		read_encoding(header, value);
	} else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_TYPE) == 0 && !header->typed) {
		header->typed = true;
		header->protobuf = media_type_is_protobuf(slice_of(value), MEDIA_TYPE_NEEDS_PARAMETERS);
	} else if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0) {
		header->continues = true;
	}
	return MHD_YES;
}

const char *body_header_fault(const struct body_header *header)
{
	if (header->endless)
		return "unsupported Transfer-Encoding";
	if (header->lengths > 1)
		return "more than one Content-Length";
	if (header->chunked && header->lengths > 0)
		return "both Content-Length and Transfer-Encoding";
	return header->blank ? "blank in the name of a header" : NULL;
}

void body_header_read(struct body_header *header, struct MHD_Connection *http)
{
	*header = (struct body_header){.encoding = ENCODING_IDENTITY};
	MHD_get_connection_values(http, MHD_HEADER_KIND, read_field, header);
}
