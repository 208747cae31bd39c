#include "forward_lane.h"

#include <stdint.h>
#include <stdlib.h>

#include "clock.h"
#include "group_body.h"
#include "progress.h"
#include "url.h"

/* A gateway that fails so often in a row is left alone until the next round. */
#define FAILURES_MAX 5

/* One push or deletion on its way. */
struct sending {
	struct lane *lane;
	struct mirror_group *group;
	struct buffer body;
	struct destination_change change;
	struct destination_outcome outcomes[];
};

void lane_init(struct lane *lane, struct lane_common *common, size_t gateway)
{
	*lane = (struct lane){.common = common, .gateway = gateway, .step = LANE_THROUGH};
	gateway_start_init(&lane->start);
}

void lane_release(struct lane *lane)
{
	gateway_start_release(&lane->start);
}

static struct url_text gateway_text(const struct lane *lane)
{
	return url_text(lane->common->destination->gateways[lane->gateway].bare);
}

static bool wants_deleted(const struct lane *lane, const struct mirror_group *group)
{
	return mirror_is_gone(group) && group->copies[lane->gateway].present;
}

static bool wants_put(const struct lane *lane, const struct mirror_group *group)
{
	return group->group != NULL && !group->copies[lane->gateway].current;
}

bool lane_wants(const struct lane *lane, const struct mirror_group *group)
{
	return wants_deleted(lane, group) || wants_put(lane, group);
}

static bool was_refused(const struct lane *lane, const struct mirror_group *group)
{
	const struct mirror_copy *copy = &group->copies[lane->gateway];
	return wants_put(lane, group) && copy->failed && copy->kind == ERROR_REFUSED;
}

static bool wants_in_step(const struct lane *lane, const struct mirror_group *group)
{
	switch (lane->step) {
	case LANE_DELETE:
		return wants_deleted(lane, group);
	case LANE_PUT:
		return wants_put(lane, group);
	case LANE_CLEAR:
		return was_refused(lane, group) && group->copies[lane->gateway].accepted;
	case LANE_PUT_AGAIN:
		return lane->cleared && was_refused(lane, group);
	case LANE_ASK:
	case LANE_THROUGH:
		break;
	}
	return false;
}

static bool step_is_put(const struct lane *lane)
{
	return lane->step == LANE_PUT || lane->step == LANE_PUT_AGAIN;
}

/* --- what becomes of one --- */

/* Whether another group would fare no better. */
static bool is_about_gateway(enum error_kind kind)
{
	return kind == ERROR_UNAVAILABLE || kind == ERROR_BUSY || kind == ERROR_PERMISSION || kind == ERROR_NO_INPUT;
}

static void fail(struct lane *lane, struct mirror_group *group, const struct error *error)
{
	struct forward_counts *counts = &lane->common->counts;
	struct mirror_copy *copy = &group->copies[lane->gateway];
	counts->failed += !copy->failed;
	copy->failed = true;
	copy->kind = error->kind;
	if (is_about_gateway(error->kind)) {
		lane->reason = *error;
		lane->gave_up |= ++lane->failures >= FAILURES_MAX;
		return;
	}
	lane->failures = 0;
	if (!copy->told)
		progress_say("%s", error->message);
	copy->told = true;
}

static void succeed(struct lane *lane, struct mirror_group *group)
{
	struct forward_counts *counts = &lane->common->counts;
	struct mirror_copy *copy = &group->copies[lane->gateway];
	bool was_put = step_is_put(lane);
	lane->failures = 0;
	lane->cleared |= lane->step == LANE_CLEAR;
	copy->current = copy->accepted = copy->present = was_put;
	if (lane->step != LANE_CLEAR) {
		counts->failed -= copy->failed;
		copy->failed = copy->told = false;
	}
	counts->forwarded += was_put;
	counts->deleted += !was_put;
	if (lane->common->options->verbose)
		progress_say("%s: %s %s", gateway_text(lane).text, was_put ? "put" : "deleted",
			grouping_key_show(&group->key).text);
}

/* --- one on its way --- */

static void fill(struct lane *lane);

static void sending_free(struct sending *sending)
{
	buffer_release(&sending->body);
	free(sending);
}

static void show_progress(const struct lane_common *common)
{
	const struct forward_counts *counts = &common->counts;
	if (!common->options->quiet)
		progress_show("forwarding: %zu of %zu, %zu failed", counts->forwarded + counts->deleted, counts->wanted,
			counts->failed);
}

static void sent(const struct error *failed, void *context)
{
	struct sending *sending = context;
	struct lane *lane = sending->lane;
	if (failed != NULL)
		fail(lane, sending->group, failed);
	else
		succeed(lane, sending->group);
	sending_free(sending);
	show_progress(lane->common);
	lane->busy--;
	fill(lane);
}

static int make_change(struct sending *sending, struct error *error)
{
	const struct lane *lane = sending->lane;
	const struct group *group = sending->group->group;
	struct destination_change *change = &sending->change;
	*change = (struct destination_change){
		.method = step_is_put(lane) ? STORE_PUT : STORE_DELETE,
		.key = &sending->group->key,
		.timeout = lane->common->options->timeout,
		.outcomes = sending->outcomes,
	};
	for (size_t i = 0; i < lane->common->destination->gateway_count; i++)
		sending->outcomes[i].skip = i != lane->gateway;
	if (!step_is_put(lane))
		return 0;
	change->protobuf = group->natives;
	if (group_body_append(group, &sending->body, error) == -1)
		return error_prefix(error, "%s: ", grouping_key_show(&sending->group->key).text);
	change->text = buffer_slice(&sending->body);
	if (group->ttl == 0)
		return 0;
	/* What is left of it, in whole seconds. */
	int64_t left = (group_expires(group) - clock_wall() + CLOCK_SECOND - 1) / CLOCK_SECOND;
	change->ttl = (left > 0 ? left : 1) * CLOCK_SECOND;
	return 0;
}

static int send_group(struct lane *lane, struct mirror_group *group, struct error *error)
{
	struct destination *destination = lane->common->destination;
	struct sending *sending =
		calloc(1, sizeof(*sending) + destination->gateway_count * sizeof(sending->outcomes[0]));
	if (sending == NULL)
		return error_set_memory(error);
	sending->lane = lane;
	sending->group = group;
	buffer_init(&sending->body, SIZE_MAX / 2);
	group->copies[lane->gateway].present = true;
	lane->busy++;
	if (make_change(sending, error) == 0 &&
		destination_start(destination, lane->common->http, &sending->change, sent, sending, error) == 0)
		return 0;
	lane->busy--;
	sending_free(sending);
	return -1;
}

/* Sends the next group that the gateway is to get in this step. false where there is none. */
static bool send_next(struct lane *lane)
{
	struct error error;
	while (lane->next != NULL && !lane->gave_up && !lane->common->stopping) {
		struct mirror_group *group = lane->next;
		lane->next = mirror_next(lane->common->mirror, group);
		if (!wants_in_step(lane, group))
			continue;
		if (send_group(lane, group, &error) == 0)
			return true;
		fail(lane, group, &error);
	}
	return false;
}

static void fill(struct lane *lane)
{
	while (lane->step != LANE_THROUGH) {
		while (lane->busy < lane->common->options->parallel && send_next(lane))
			continue;
		if (lane->busy > 0)
			return;
		lane->step++;
		lane->next = mirror_next(lane->common->mirror, NULL);
		lane->common->open -= lane->step == LANE_THROUGH;
	}
}

/* --- a round --- */

/* What the gateway may have lost it gets again. */
static void doubt(struct lane *lane)
{
	mirror_doubt(lane->common->mirror, lane->gateway);
	if (!lane->common->options->quiet)
		progress_say("%s: it may have lost its groups, all are sent again", gateway_text(lane).text);
}

static void asked(void *context)
{
	struct lane *lane = context;
	enum gateway_history history = lane->start.history;
	if (history == GATEWAY_AWAY) {
		lane->gave_up = true;
		lane->reason = lane->start.error;
		error_prefix(&lane->reason, "%s: ", gateway_text(lane).text);
	}
	if (history == GATEWAY_RESTARTED || (history == GATEWAY_UNKNOWN && lane->failed_before))
		doubt(lane);
	lane->step = LANE_DELETE;
	lane->next = mirror_next(lane->common->mirror, NULL);
	fill(lane);
}

int lane_start(struct lane *lane, struct error *error)
{
	struct lane_common *common = lane->common;
	lane->step = LANE_ASK;
	lane->busy = lane->failures = 0;
	lane->gave_up = lane->cleared = false;
	common->open++;
	if (common->options->interval > 0)
		return gateway_start_ask(&lane->start, common->destination, lane->gateway, common->options->timeout,
			common->http, asked, lane, error);
	lane->step = LANE_DELETE;
	fill(lane);
	return 0;
}

/* In rounds it is said when that changes, unless -v. */
static void say_whether_up(struct lane *lane, bool failed, size_t waiting)
{
	const struct forward_options *options = lane->common->options;
	if (failed && (!lane->failed_before || options->verbose))
		progress_say("%s (%zu groups wait)", lane->reason.message, waiting);
	else if (!failed && lane->failed_before && !options->quiet)
		progress_say("%s: is up again", gateway_text(lane).text);
}

void lane_end_round(struct lane *lane)
{
	struct mirror_group *group = NULL;
	size_t waiting = 0;
	if (lane->common->stopping)
		return;
	/* What a gateway that was left alone did not get failed as the others did. */
	while ((group = mirror_next(lane->common->mirror, group)) != NULL) {
		struct mirror_copy *copy = &group->copies[lane->gateway];
		if (!lane_wants(lane, group))
			continue;
		if (!copy->failed) {
			lane->common->counts.failed++;
			copy->failed = true;
			copy->kind = lane->reason.kind;
		}
		waiting += is_about_gateway(copy->kind);
	}
	bool failed = lane->gave_up || waiting > 0;
	say_whether_up(lane, failed, waiting);
	lane->failed_before = failed;
}
