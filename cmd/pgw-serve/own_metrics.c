#include "own_metrics.h"

#include "canonical.h"
#include "counters.h"
#include "own.h"
#include "process_metrics.h"

/* Labels that have no meaning here are there as with the upstream, empty. */
#define BUILD_INFO_LABELS                                                                                              \
	"{branch=\"\",goarch=\"\",goos=\"\",goversion=\"\",revision=\"\",tags=\"\",version=\"" PGW_VERSION "\"}"

static int append_family(struct buffer *out, const char *name, const char *labels, size_t value)
{
	const struct own_family *family = own_family(slice_of(name));
	return canonical_append_head(out, slice_of(name), slice_of(family->help), family->type) == -1 ||
			       buffer_printf(out, "%s%s %zu\n", name, labels, value) == -1
		       ? -1
		       : 0;
}

int own_metrics_append(struct service *service, struct buffer *out, struct error *error)
{
	struct view_counts counts = view_counts(service->store.view);
	const struct {
		const char *name;
		const char *labels;
		size_t value;
	} families[] = {
		{"pgw_build_info", "{version=\"" PGW_VERSION "\"}", 1},
		{"pgw_spool_bytes", "", counts.bytes},
		{"pgw_spool_groups", "", counts.groups},
		{"pgw_spool_rejected_groups", "", counts.rejected},
		{"pgw_spool_series", "", counts.series},
		{"pushgateway_build_info", BUILD_INFO_LABELS, 1},
	};
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (append_family(out, families[i].name, families[i].labels, families[i].value) == -1)
			return error_set_memory(error);
	struct counters *counters = service->counters;
	if (counters != NULL && counters_append(counters, out, error) == -1)
		return -1;
	return process_metrics_append(out, error);
}

int own_metrics_parse(struct exposition *own, struct slice text, struct error *error)
{
	static const struct limits limits = LIMITS_DEFAULT;
	return exposition_parse(own, text, &limits, error);
}
