#include "protobuf.h"
#include "protobuf_parts.h"

const struct protobuf_type protobuf_types[PROTOBUF_TYPES] = {
	[IO__PROMETHEUS__CLIENT__METRIC_TYPE__COUNTER] = {"COUNTER", METRIC_COUNTER, offsetof(proto_metric, counter)},
	[IO__PROMETHEUS__CLIENT__METRIC_TYPE__GAUGE] = {"GAUGE", METRIC_GAUGE, offsetof(proto_metric, gauge)},
	[IO__PROMETHEUS__CLIENT__METRIC_TYPE__SUMMARY] = {"SUMMARY", METRIC_SUMMARY, offsetof(proto_metric, summary)},
	[IO__PROMETHEUS__CLIENT__METRIC_TYPE__UNTYPED] = {"UNTYPED", METRIC_UNTYPED, offsetof(proto_metric, untyped)},
	[IO__PROMETHEUS__CLIENT__METRIC_TYPE__HISTOGRAM] = {"HISTOGRAM", METRIC_HISTOGRAM,
		offsetof(proto_metric, histogram)},
	[IO__PROMETHEUS__CLIENT__METRIC_TYPE__GAUGE_HISTOGRAM] = {"GAUGE_HISTOGRAM", METRIC_HISTOGRAM,
		offsetof(proto_metric, histogram)},
};

uint64_t protobuf_type_number(enum metric_type type)
{
	uint64_t number = 0;
	while (number < PROTOBUF_TYPES - 1 && protobuf_types[number].type != type)
		number++;
	return number;
}

bool protobuf_native_head(
	const struct exposition *exposition, const struct metric_family *family, struct protobuf_head *head)
{
	uint32_t m = exposition->native_count == 0 ? EXPOSITION_NONE : family->first_metric;
	for (; m != EXPOSITION_NONE; m = exposition->metrics[m].next) {
		const struct native *native = exposition_native(exposition, m);
		if (native != NULL && protobuf_read_head(native->message, head)) {
			if (head->type >= PROTOBUF_TYPES || protobuf_types[head->type].type != family->type)
				head->type = protobuf_type_number(family->type);
			return true;
		}
	}
	return false;
}

const char *protobuf_type_name(const struct exposition *exposition, const struct metric_family *family)
{
	struct protobuf_head head;
	uint64_t number =
		protobuf_native_head(exposition, family, &head) ? head.type : protobuf_type_number(family->type);
	return protobuf_types[number].name;
}
