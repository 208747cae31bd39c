#include "own.h"

#include <stdlib.h>

/* By name in byte order. go_* of the upstream is missing: there is no Go runtime here to tell about. */
static const struct own_family families[] = {
	{"pgw_build_info", METRIC_GAUGE, "A metric with the constant value 1, labelled with the version of pgw."},
	{"pgw_spool_bytes", METRIC_GAUGE, "Size of the group files in the spool."},
	{"pgw_spool_groups", METRIC_GAUGE, "Number of groups in the spool."},
	{"pgw_spool_rejected_groups", METRIC_GAUGE,
		"Number of group files left out because they are malformed or inconsistent."},
	{"pgw_spool_series", METRIC_GAUGE, "Number of metrics in the spool; a histogram or a summary counts as one."},
	{"pgw_sync_seconds", METRIC_SUMMARY, "How long the disk let batches of changes wait."},
	{"process_cpu_seconds_total", METRIC_COUNTER, "Total user and system CPU time spent in seconds."},
	{"process_max_fds", METRIC_GAUGE, "Maximum number of open file descriptors."},
	{"process_open_fds", METRIC_GAUGE, "Number of open file descriptors."},
	{"process_resident_memory_bytes", METRIC_GAUGE, "Resident memory size in bytes."},
	{"process_start_time_seconds", METRIC_GAUGE, "Start time of the process since unix epoch in seconds."},
	{"process_virtual_memory_bytes", METRIC_GAUGE, "Virtual memory size in bytes."},
	{"process_virtual_memory_max_bytes", METRIC_GAUGE, "Maximum amount of virtual memory available in bytes."},
	{"promhttp_metric_handler_requests_in_flight", METRIC_GAUGE, "Current number of scrapes being served."},
	{"promhttp_metric_handler_requests_total", METRIC_COUNTER, "Total number of scrapes by HTTP status code."},
	{"pushgateway_build_info", METRIC_GAUGE,
		"A metric with a constant '1' value labeled by version, revision, branch and goversion."},
	{"pushgateway_http_push_duration_seconds", METRIC_SUMMARY, "HTTP request duration for pushes."},
	{"pushgateway_http_push_size_bytes", METRIC_SUMMARY, "HTTP request size for pushes."},
	{"pushgateway_http_requests_total", METRIC_COUNTER,
		"Total HTTP requests processed by the Pushgateway, excluding scrapes."},
};

static int compare_name(const void *key, const void *element)
{
	return slice_compare(*(const struct slice *)key, slice_of(((const struct own_family *)element)->name));
}

const struct own_family *own_family(struct slice name)
{
	return bsearch(&name, families, sizeof(families) / sizeof(families[0]), sizeof(families[0]), compare_name);
}
