#include "protobuf_parts.h"

/* The numbers of MetricFamily's fields in metrics.proto. */
enum {
	FAMILY_NAME = 1,
	FAMILY_HELP = 2,
	FAMILY_TYPE = 3,
	FAMILY_METRIC = 4,
	FAMILY_UNIT = 5,
};

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_64_BITS = 1,
	WIRE_BYTES = 2,
	WIRE_32_BITS = 5,
};

struct field {
	uint64_t number;
	enum wire_type type;
	uint64_t varint;
	struct slice bytes;
};

bool protobuf_take_varint(struct slice *rest, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < rest->len && i < PROTOBUF_VARINT_SIZE; i++) {
		uint64_t byte = (unsigned char)rest->data[i];
		if (i == PROTOBUF_VARINT_SIZE - 1 && byte > 1)
			return false;
		*value |= (byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*rest = slice_make(rest->data + i + 1, rest->len - i - 1);
			return true;
		}
	}
	return false;
}

static bool take_bytes(struct slice *rest, uint64_t len, struct slice *bytes)
{
	if (len > rest->len)
		return false;
	*bytes = slice_make(rest->data, (size_t)len);
	*rest = slice_make(rest->data + len, rest->len - (size_t)len);
	return true;
}

/* Groups, which nothing uses any more, are malformed, as for protobuf-c. */
static bool take_field(struct slice *rest, struct field *field)
{
	uint64_t tag, len;
	if (!protobuf_take_varint(rest, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
		return false;
	field->number = tag >> 3;
	field->type = tag & 7;
	switch (field->type) {
	case WIRE_VARINT:
		return protobuf_take_varint(rest, &field->varint);
	case WIRE_64_BITS:
		return take_bytes(rest, 8, &field->bytes);
	case WIRE_BYTES:
		return protobuf_take_varint(rest, &len) && take_bytes(rest, len, &field->bytes);
	case WIRE_32_BITS:
		return take_bytes(rest, 4, &field->bytes);
	default:
		return false;
	}
}

bool protobuf_read_head(struct slice family, struct protobuf_head *head)
{
	*head = (struct protobuf_head){0};
	struct slice *const slices[] = {
		[FAMILY_NAME] = &head->name, [FAMILY_HELP] = &head->help, [FAMILY_UNIT] = &head->unit};
	while (family.len > 0) {
		struct field field;
		if (!take_field(&family, &field))
			return false;
		if (field.number == FAMILY_TYPE && field.type == WIRE_VARINT)
			head->type = field.varint;
		else if (field.number <= FAMILY_UNIT && slices[field.number] != NULL && field.type == WIRE_BYTES)
			*slices[field.number] = field.bytes;
	}
	return true;
}

bool protobuf_take_metric(struct slice *rest, struct slice *metric)
{
	while (rest->len > 0) {
		struct field field;
		if (!take_field(rest, &field))
			return false;
		if (field.number == FAMILY_METRIC && field.type == WIRE_BYTES) {
			*metric = field.bytes;
			return true;
		}
	}
	return false;
}

size_t protobuf_put_varint(char text[PROTOBUF_VARINT_SIZE], uint64_t value)
{
	size_t len = 0;
	for (; value >= 0x80; value >>= 7)
		text[len++] = (char)(value | 0x80);
	text[len++] = (char)value;
	return len;
}

int protobuf_append_varint(struct buffer *out, uint64_t value)
{
	char text[PROTOBUF_VARINT_SIZE];
	return buffer_append(out, text, protobuf_put_varint(text, value));
}
