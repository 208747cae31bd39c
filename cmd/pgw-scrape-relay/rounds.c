#include "rounds.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "end_signals.h"
#include "hash.h"
#include "notify.h"
#include "progress.h"
#include "report.h"
#include "scrape.h"
#include "targets.h"

#define LOOK_PAUSE CLOCK_SECOND /* between two looks at the files of targets */

struct rounds {
	struct relay *relay;
	int signals;	       /* descriptor */
	int64_t interval;      /* ns */
	int64_t begin;	       /* of the round */
	int64_t reached;       /* what was due in the round by then, is queued */
	struct target **order; /* by offset */
	size_t count;
	size_t capacity;
	size_t at;    /* the next one in this round */
	int64_t look; /* at the files, next */
};

/* A batch waits for the disk once: it is written when it is full, or when no other target is done at once. */
static int turn(struct relay *relay, int64_t until, int wake, struct error *error)
{
	size_t before = relay->batch_count;
	scrape_start_due(relay);
	if (http_turn(relay->http, relay->batch_count == 0 ? until : 0, wake, error) == -1)
		return -1;
	if (relay->batch_count == before || relay->batch_count >= SCRAPE_BATCH_MAX)
		scrape_store_batch(relay);
	return 0;
}

int rounds_once(struct relay *relay, struct error *error)
{
	struct target *target;
	RB_FOREACH(target, target_tree, &relay->targets)
	scrape_queue(target);
	while (relay->on_way > 0 || !STAILQ_EMPTY(&relay->due)) {
		report_progress(relay, relay->counts.scraped);
		if (turn(relay, INT64_MAX, -1, error) == -1)
			return -1;
	}
	progress_end();
	if (relay->verbose && relay->count > 1)
		report_summary(relay);
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	const struct target *const *left = a, *const *right = b;
	return ((*left)->offset > (*right)->offset) - ((*left)->offset < (*right)->offset);
}

/* Of what is the moment of a target made: the same for as long as the process lives, and another one in the next. */
static int64_t offset_of(const struct rounds *rounds, const struct target *target)
{
	return (int64_t)(hash_slice(target->key.text) % (uint64_t)rounds->interval);
}

/* Where the round goes on after a moment in it. */
static size_t first_after(const struct rounds *rounds, int64_t offset)
{
	size_t at = 0;
	while (at < rounds->count && rounds->order[at]->offset <= offset)
		at++;
	return at;
}

/* Those whose groups are to be deleted, also where that failed before. */
static void queue_gone(struct relay *relay)
{
	struct target *target;
	RB_FOREACH(target, target_tree, &relay->targets)
	if (target->gone && target->phase == TARGET_IDLE)
		scrape_queue(target);
}

/* Those that are gone have their groups removed and leave the order. */
static int arrange(struct rounds *rounds, struct error *error)
{
	struct relay *relay = rounds->relay;
	struct target *target;
	if (relay->count > rounds->capacity) {
		struct target **order = reallocarray(rounds->order, relay->count, sizeof(struct target *));
		if (order == NULL)
			return error_set_memory(error);
		rounds->order = order;
		rounds->capacity = relay->count;
	}
	rounds->count = 0;
	RB_FOREACH(target, target_tree, &relay->targets)
	{
		if (target->gone)
			continue;
		target->offset = offset_of(rounds, target);
		rounds->order[rounds->count++] = target;
	}
	if (rounds->count > 0)
		qsort(rounds->order, rounds->count, sizeof(struct target *), compare_offsets);
	queue_gone(relay);
	rounds->at = first_after(rounds, rounds->reached - rounds->begin);
	return 0;
}

/* What is due by now. A target that is on its way still, or backs off, is passed over. */
static void queue_due(struct rounds *rounds, int64_t now)
{
	struct relay *relay = rounds->relay;
	rounds->reached = now;
	while (rounds->at < rounds->count && rounds->begin + rounds->order[rounds->at]->offset <= now) {
		struct target *target = rounds->order[rounds->at++];
		if (target->phase == TARGET_IDLE && !target->gone && target->round <= relay->round)
			scrape_queue(target);
	}
}

static void begin_round(struct rounds *rounds, int64_t now)
{
	struct relay *relay = rounds->relay;
	progress_end();
	if (relay->round > 0)
		report_summary(relay);
	relay->counts = (struct relay_counts){0};
	relay->round++;
	rounds->begin += rounds->interval;
	/* After a long sleep of the machine there is nothing to catch up with. */
	if (now - rounds->begin > rounds->interval)
		rounds->begin = now;
	rounds->reached = rounds->begin - 1;
	rounds->at = 0;
	queue_gone(relay);
}

/* Until when nothing is to be done. */
static int64_t next_event(const struct rounds *rounds)
{
	int64_t next =
		rounds->begin + (rounds->at < rounds->count ? rounds->order[rounds->at]->offset : rounds->interval);
	return rounds->relay->target_files != NULL && rounds->look < next ? rounds->look : next;
}

static int look_at_files(struct rounds *rounds, bool all, struct error *error)
{
	rounds->look = clock_monotonic() + LOOK_PAUSE;
	return targets_refresh(rounds->relay, all) ? arrange(rounds, error) : 0;
}

/* The next signal to end ends it at once. */
static void begin_stop(struct rounds *rounds)
{
	struct target *target;
	struct relay *relay = rounds->relay;
	end_signals_begin_stop();
	relay->stopping = true;
	while ((target = STAILQ_FIRST(&relay->due)) != NULL) {
		STAILQ_REMOVE_HEAD(&relay->due, next);
		target->phase = TARGET_IDLE;
	}
}

static int read_signals(struct rounds *rounds, struct error *error)
{
	struct signalfd_siginfo info;
	while (read(rounds->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			begin_stop(rounds);
		else if (look_at_files(rounds, true, error) == -1)
			return -1;
	}
	return 0;
}

static int loop(struct rounds *rounds, struct error *error)
{
	struct relay *relay = rounds->relay;
	while (!relay->stopping || relay->on_way > 0) {
		int64_t now = clock_monotonic();
		if (!relay->stopping) {
			if (relay->target_files != NULL && now >= rounds->look &&
				look_at_files(rounds, false, error) == -1)
				return -1;
			queue_due(rounds, now);
			if (now >= rounds->begin + rounds->interval) {
				begin_round(rounds, now);
				queue_due(rounds, now);
			}
			report_progress(relay, rounds->at);
		}
		if (turn(relay, relay->stopping ? INT64_MAX : next_event(rounds), rounds->signals, error) == -1 ||
			read_signals(rounds, error) == -1)
			return -1;
	}
	return 0;
}

int rounds_run(struct relay *relay, struct error *error)
{
	struct rounds rounds = {.relay = relay, .interval = relay->interval * CLOCK_MILLISECOND};
	rounds.signals = end_signals_catch(SIGHUP, error);
	if (rounds.signals == -1)
		return -1;
	int64_t now = clock_monotonic();
	rounds.begin = now - rounds.interval;
	rounds.look = now + LOOK_PAUSE;
	begin_round(&rounds, now);
	int result = arrange(&rounds, error);
	if (result == 0) {
		notify("READY=1");
		result = loop(&rounds, error);
	}
	progress_end();
	if (result == 0)
		report_summary(relay);
	notify("STOPPING=1");
	close(rounds.signals);
	free(rounds.order);
	return result;
}
