#include "forward.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "destination.h"
#include "end_signals.h"
#include "file.h"
#include "forward_lane.h"
#include "mirror.h"
#include "notify.h"
#include "progress.h"
#include "store.h"
#include "text.h"

struct forward {
	struct destination destination;
	struct store store;
	struct mirror mirror;
	struct lane_common common;
	struct lane *lanes; /* one for each gateway */
	size_t lane_count;
	uint64_t round;
	int signals; /* readable when the process is to end; -1 where that needs no care */
};

/* --- one round --- */

static void say_summary(struct forward *forward)
{
	const struct forward_options *options = forward->common.options;
	struct forward_counts *counts = &forward->common.counts;
	char round[40] = "";
	progress_end();
	if (options->quiet || (options->interval == 0 && !options->verbose))
		return;
	if (options->interval > 0)
		snprintf(round, sizeof(round), "round %" PRIu64 ": ", forward->round);
	progress_say("%s%zu groups, %zu %s, %zu deleted, %zu failed, %zu skipped", round, counts->groups,
		counts->forwarded, options->dry_run ? "to forward" : "forwarded", counts->deleted, counts->failed,
		counts->skipped);
}

/* Counts what there is to do, and tells once of each group that is left out. */
static void look_through(struct forward *forward)
{
	struct forward_counts *counts = &forward->common.counts;
	struct mirror_group *group = NULL;
	while ((group = mirror_next(&forward->mirror, group)) != NULL) {
		counts->groups += group->group != NULL;
		counts->skipped += group->reason != NULL;
		for (size_t i = 0; i < forward->lane_count; i++)
			counts->wanted += lane_wants(&forward->lanes[i], group);
		if (group->reason != NULL && group->reason_is_new && !forward->common.options->quiet)
			progress_say("%s: skipped: %s", quote(group->file).text, group->reason);
	}
}

/* Gets on with what is on its way, up to a time. The first signal stops what would come; the next one ends all. */
static int turn(struct forward *forward, int64_t until, struct error *error)
{
	struct signalfd_siginfo signal;
	int wake = forward->common.stopping ? -1 : forward->signals;
	if (http_turn(forward->common.http, until, wake, error) == -1)
		return -1;
	if (wake != -1 && read(wake, &signal, sizeof(signal)) == sizeof(signal)) {
		forward->common.stopping = true;
		end_signals_begin_stop();
	}
	return 0;
}

static int send_all(struct forward *forward, struct error *error)
{
	for (size_t i = 0; i < forward->lane_count; i++)
		if (lane_start(&forward->lanes[i], error) == -1)
			return -1;
	while (forward->common.open > 0)
		if (turn(forward, INT64_MAX, error) == -1)
			return -1;
	for (size_t i = 0; i < forward->lane_count; i++)
		lane_end_round(&forward->lanes[i]);
	return 0;
}

static int run_round(struct forward *forward, struct error *error)
{
	struct forward_counts *counts = &forward->common.counts;
	*counts = (struct forward_counts){0};
	forward->common.open = 0;
	forward->round++;
	if (view_refresh(forward->store.view, error) == -1 ||
		mirror_update(&forward->mirror, forward->store.view, error) == -1)
		return -1;
	look_through(forward);
	if (forward->common.options->dry_run)
		counts->forwarded = counts->wanted;
	else if (send_all(forward, error) == -1)
		return -1;
	mirror_sweep(&forward->mirror);
	say_summary(forward);
	return 0;
}

static int first_failure(const struct forward *forward)
{
	const struct mirror_group *group = NULL;
	while ((group = mirror_next(&forward->mirror, group)) != NULL)
		for (size_t i = 0; i < forward->lane_count; i++)
			if (group->copies[i].failed)
				return error_exit_status(group->copies[i].kind);
	return EX_OK;
}

/* --- one round after the other --- */

static int run_rounds(struct forward *forward, struct error *error)
{
	forward->signals = end_signals_catch(0, error);
	if (forward->signals == -1)
		return -1;
	notify("READY=1");
	while (!forward->common.stopping) {
		int64_t next = clock_monotonic() + forward->common.options->interval * CLOCK_MILLISECOND;
		/* A spool that can't be read now is one of many rounds' only; libcurl's state is not. */
		if (run_round(forward, error) == -1) {
			if (forward->common.open > 0)
				return -1;
			progress_say("%s", error->message);
		}
		while (!forward->common.stopping && clock_monotonic() < next)
			if (turn(forward, next, error) == -1)
				return -1;
	}
	return 0;
}

/* --- all of it --- */

static int open_lanes(struct forward *forward, struct error *error)
{
	size_t count = forward->destination.gateway_count;
	mirror_init(&forward->mirror, count);
	forward->lanes = calloc(count, sizeof(*forward->lanes));
	if (forward->lanes == NULL)
		return error_set_memory(error);
	forward->lane_count = count;
	for (size_t i = 0; i < count; i++)
		lane_init(&forward->lanes[i], &forward->common, i);
	forward->common.http = http_new((unsigned)count * forward->common.options->parallel, error);
	return forward->common.http == NULL ? -1 : 0;
}

static void close_lanes(struct forward *forward)
{
	http_free(forward->common.http);
	mirror_release(&forward->mirror);
	for (size_t i = 0; i < forward->lane_count; i++)
		lane_release(&forward->lanes[i]);
	free(forward->lanes);
	file_close(forward->signals);
}

static int run(struct forward *forward, int *status, struct error *error)
{
	*status = EX_OK;
	if (open_lanes(forward, error) == -1)
		return -1;
	if (forward->common.options->interval > 0)
		return run_rounds(forward, error);
	int result = run_round(forward, error);
	*status = first_failure(forward);
	return result;
}

static int open_spool(struct forward *forward, const char *path, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.create = false;
	options.read_only = true;
	enum view_mode mode = forward->common.options->interval > 0 ? VIEW_FOLLOW : VIEW_SCAN;
	return store_open(&forward->store, path, &options, mode, &limits, error);
}

static int open_gateways(struct forward *forward, struct options_target *target, struct error *error)
{
	const struct spool_options unused = SPOOL_OPTIONS_DEFAULT;
	const char *url = getenv("PGW_URL");
	target->spool = NULL;
	if (target->urls.count == 0 && (url == NULL || *url == '\0'))
		return error_set(error, ERROR_USAGE, "no gateway to forward to, give it with -u");
	if (target->urls.count == 0 && options_add_url(&target->urls, url, error) == -1)
		return -1;
	return destination_init(&forward->destination, target, &unused, NULL, error);
}

int forward_run(const struct forward_options *options, struct options_target *target, int *status, struct error *error)
{
	struct forward forward = {.signals = -1};
	const char *spool = options_choose_spool(target->spool);
	forward.common = (struct lane_common){
		.options = options,
		.destination = &forward.destination,
		.mirror = &forward.mirror,
	};
	if (open_gateways(&forward, target, error) == -1)
		return -1;
	int result = open_spool(&forward, spool, error);
	if (result == 0) {
		result = run(&forward, status, error);
		close_lanes(&forward);
		store_close(&forward.store);
	}
	destination_release(&forward.destination);
	return result;
}
