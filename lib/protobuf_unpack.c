#include "protobuf_parts.h"

/* What protobuf-c may allocate for one metric: an empty bucket is 2 bytes on the wire and more than 100 unpacked. */
#define UNPACKED_MAX(len) (((size_t)16 << 20) + 4 * (len))

/* An allocator for protobuf-c that ends at a limit. */
struct unpacking {
	ProtobufCAllocator allocator;
	struct arena *arena;
	size_t left;
	bool limit_met;
	bool out_of_memory;
};

static void *unpacking_alloc(void *data, size_t size)
{
	struct unpacking *unpacking = data;
	if (size > unpacking->left) {
		unpacking->limit_met = true;
		return NULL;
	}
	void *memory = arena_alloc(unpacking->arena, size);
	unpacking->out_of_memory |= memory == NULL;
	unpacking->left -= size;
	return memory;
}

static void unpacking_free(void *data, void *memory)
{
}

proto_metric *protobuf_unpack_metric(struct arena *arena, struct slice bytes, enum error_kind *kind)
{
	struct unpacking unpacking = {.arena = arena, .left = UNPACKED_MAX(bytes.len)};
	unpacking.allocator = (ProtobufCAllocator){unpacking_alloc, unpacking_free, &unpacking};
	proto_metric *metric =
		io__prometheus__client__metric__unpack(&unpacking.allocator, bytes.len, (const uint8_t *)bytes.data);
	*kind = unpacking.out_of_memory ? ERROR_MEMORY : unpacking.limit_met ? ERROR_TOO_LARGE : ERROR_SYNTAX;
	return metric;
}
