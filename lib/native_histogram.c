#include "native_histogram.h"

#include "protobuf_parts.h"

int native_histogram_read(
	const struct exposition *exposition, uint32_t metric, struct arena *arena, const proto_histogram **histogram)
{
	const struct native *native = exposition_native(exposition, metric);
	enum error_kind kind;
	struct slice rest, bytes;
	*histogram = NULL;
	if (native == NULL)
		return 0;
	rest = native->message;
	if (!protobuf_take_metric(&rest, &bytes))
		return 0;
	const proto_metric *message = protobuf_unpack_metric(arena, bytes, &kind);
	if (message != NULL)
		*histogram = message->histogram;
	return message == NULL && kind == ERROR_MEMORY ? -1 : 0;
}
