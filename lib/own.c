#include "own.h"

#include "canonical.h"

/* By name in byte order. go_* of the upstream is missing: there is no Go runtime here to tell about. */
const struct own_family own_families[OWN_FAMILIES] = {
	{"pgw_build_info", METRIC_GAUGE, "A metric with the constant value 1, labelled with the version of pgw."},
	{"pgw_scrape_dropped_series_total", METRIC_COUNTER,
		"Series left out of scrapes because escaping gave them a name that another one has."},
	{"pgw_spool_bytes", METRIC_GAUGE, "Size of the group files in the spool."},
	{"pgw_spool_groups", METRIC_GAUGE, "Number of groups in the spool."},
	{"pgw_spool_rejected_groups", METRIC_GAUGE,
		"Number of group files left out because they are malformed or inconsistent."},
	{"pgw_spool_series", METRIC_GAUGE, "Number of metrics in the spool; a histogram or a summary counts as one."},
	{"pgw_sync_seconds", METRIC_SUMMARY, "How long the disk let batches of changes wait."},
	{"process_cpu_seconds_total", METRIC_COUNTER, "CPU time of the serving process in user and kernel mode."},
	{"process_max_fds", METRIC_GAUGE, "How many file descriptors the serving process may have open."},
	{"process_network_receive_bytes_total", METRIC_COUNTER,
		"Bytes that came in over IP in the network namespace of the serving process."},
	{"process_network_transmit_bytes_total", METRIC_COUNTER,
		"Bytes that went out over IP in the network namespace of the serving process."},
	{"process_open_fds", METRIC_GAUGE, "How many file descriptors the serving process has open."},
	{"process_resident_memory_bytes", METRIC_GAUGE, "Memory of the serving process that is in RAM."},
	{"process_start_time_seconds", METRIC_GAUGE,
		"When the serving process was started, in seconds since the epoch."},
	{"process_virtual_memory_bytes", METRIC_GAUGE, "Size of the serving process's address space."},
	{"process_virtual_memory_max_bytes", METRIC_GAUGE, "Limit of the serving process's address space."},
	{"promhttp_metric_handler_requests_in_flight", METRIC_GAUGE, "How many scrapes are being answered."},
	{"promhttp_metric_handler_requests_total", METRIC_COUNTER, "Scrapes answered, by HTTP status."},
	{"pushgateway_build_info", METRIC_GAUGE,
		"A metric with the constant value 1, under the upstream's name; most of its labels are empty."},
	{"pushgateway_http_push_duration_seconds", METRIC_SUMMARY, "How long pushes took until their answer."},
	{"pushgateway_http_push_size_bytes", METRIC_SUMMARY, "Size of pushes, header and body as they came."},
	{"pushgateway_http_requests_total", METRIC_COUNTER,
		"Requests answered, by HTTP status, handler and method; scrapes are not among them."},
};

size_t own_place(struct slice name)
{
	size_t low = 0, high = OWN_FAMILIES;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = slice_compare(name, slice_of(own_families[middle].name));
		if (order == 0)
			return 2 * middle + 1;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 2 * low;
}

const struct own_family *own_family(struct slice name)
{
	size_t place = own_place(name);
	return place % 2 == 1 ? &own_families[place / 2] : NULL;
}

int own_append_family(struct buffer *text, size_t which, const struct exposition *own, uint32_t *next, bool pushed,
	struct error *error)
{
	const struct canonical_key no_labels = {.default_instance = SIZE_MAX};
	const struct own_family *known = &own_families[which];
	const struct metric_family *family = *next < own->family_count ? &own->families[*next] : NULL;
	bool there = family != NULL && slice_is(family->name, known->name);
	if (!there && !pushed)
		return 0;
	struct slice help = there && !pushed ? family->help : slice_of(known->help);
	if (canonical_append_head(text, slice_of(known->name), help, known->type) == -1)
		return error_set_memory(error);
	*next += there;
	return there ? canonical_append_samples(text, own, family, &no_labels, NULL, error) : 0;
}
