#include "scrape.h"

#include <string.h>
#include <sysexits.h>

#include "decompress.h"
#include "exposition_gauge.h"
#include "number.h"
#include "protobuf.h"
#include "report.h"
#include "target_answer.h"
#include "targets.h"

#define ACCEPT_TEXT "text/plain;version=0.0.4;q=1,*/*;q=0.1"
#define ACCEPT_PROTOBUF                                                                                                \
	"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=1,"              \
	"text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

/* A target that failed is left alone for 1, 2, 4, ... rounds, up to so many and so long. */
#define BACK_OFF_ROUNDS_MAX 8
#define BACK_OFF_TIME_MAX   300000 /* ms */

/* What is written anew may be longer than what came, and has the relay's own gauges besides. */
#define WRITTEN_FACTOR 8
#define OWN_GAUGES_MAX 4096

static void push(struct target *target);

void scrape_prepare(struct target *target)
{
	size_t body = target->relay->limits.body;
	size_t most = (SIZE_MAX - OWN_GAUGES_MAX) / WRITTEN_FACTOR;
	payload_init(&target->payload, (body < most ? body : most) * WRITTEN_FACTOR + OWN_GAUGES_MAX);
}

void scrape_queue(struct target *target)
{
	target->phase = TARGET_DUE;
	target->round = target->relay->round;
	STAILQ_INSERT_TAIL(&target->relay->due, target, next);
}

/* How many rounds from now the target is due. */
static unsigned back_off(const struct target *target)
{
	unsigned rounds = 1, max = BACK_OFF_TIME_MAX / target->relay->interval;
	if (max > BACK_OFF_ROUNDS_MAX)
		max = BACK_OFF_ROUNDS_MAX;
	for (unsigned i = 1; i < target->failures && rounds < max; i++)
		rounds *= 2;
	return rounds <= max || max == 0 ? rounds : max;
}

static void count_health(struct target *target, int change)
{
	struct relay *relay = target->relay;
	if (target->health == TARGET_UP)
		relay->up += (size_t)change;
	else if (target->health == TARGET_DOWN)
		relay->down += (size_t)change;
}

/* A target that came back meanwhile is as good as new. The next round tries again to delete what could not be. */
static void settle_deletion(struct target *target)
{
	count_health(target, -1);
	target->health = TARGET_UNKNOWN;
	target->failures = 0;
	target->change.method = STORE_POST;
	if (target->gone && !target->unpushed)
		target_remove(target);
}

/* The target is through: its memory goes, its place is free. */
static void finish(struct target *target)
{
	struct relay *relay = target->relay;
	payload_release(&target->payload);
	scrape_prepare(target);
	target->phase = TARGET_IDLE;
	relay->on_way--;
	if (target->change.method == STORE_DELETE) {
		settle_deletion(target);
	} else if (target->gone && !relay->stopping) {
		scrape_queue(target);
	}
}

static void settle_health(struct target *target, enum target_health health)
{
	struct relay *relay = target->relay;
	count_health(target, -1);
	target->health = health;
	count_health(target, 1);
	target->failures = health == TARGET_DOWN ? target->failures + 1 : 0;
	if (relay->interval > 0)
		target->round += health == TARGET_DOWN ? back_off(target) : 1;
}

/* What the target is known by, whatever it says itself. */
static int add_own(struct target *target, struct error *error)
{
	const struct {
		const char *name;
		const char *help;
		double value;
	} gauges[] = {
		{"scrape_body_size_bytes", "Size of what the target answered, unpacked.", target->body_size},
		{"scrape_duration_seconds", "How long the scrape took.", number_seconds(target->duration)},
		{"scrape_samples_scraped", "How many samples the target had.", (double)target->samples},
		{"up", "Whether the target could be scraped.", target->scraped},
	};
	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		if (exposition_set_gauge(
			    &target->payload.exposition, gauges[i].name, gauges[i].help, gauges[i].value, error) == -1)
			return -1;
	target->payload.changed = true;
	return 0;
}

/* Pushes that the target is down, which empties its group. */
static void push_down(struct target *target)
{
	payload_release(&target->payload);
	scrape_prepare(target);
	target->scraped = false;
	target->samples = 0;
	push(target);
}

static void fail_scrape(struct target *target, const struct error *error)
{
	report_failed(target, error, target->health != TARGET_DOWN);
	target->status = error_exit_status(error->kind);
	push_down(target);
}

/* Whether an exposition is at fault, rather than a gateway or a disk. */
static bool is_refused(enum error_kind kind)
{
	return kind == ERROR_SYNTAX || kind == ERROR_INCONSISTENT || kind == ERROR_TOO_LARGE || kind == ERROR_REFUSED;
}

static void pushed(const struct error *failed, void *context)
{
	struct target *target = context;
	struct relay *relay = target->relay;
	bool deleting = target->change.method == STORE_DELETE;
	if (failed != NULL && target->scraped && is_refused(failed->kind) && !relay->dry_run && !deleting) {
		fail_scrape(target, failed);
		return;
	}
	if (failed != NULL) {
		if (target->status == EX_OK)
			target->status = error_exit_status(failed->kind);
		relay->counts.unpushed++;
		/* Where a gateway is away, one target tells it for all. */
		report_failed(target, failed, !target->unpushed && !relay->pushes_fail);
	} else if (!deleting) {
		report_pushed(target, target->health == TARGET_DOWN && target->scraped);
	}
	target->unpushed = relay->pushes_fail = failed != NULL;
	if (!deleting)
		settle_health(target, target->scraped ? TARGET_UP : TARGET_DOWN);
	finish(target);
}

/* What a gateway gets: protobuf where text can't hold it. */
static int make_text(struct target *target, struct error *error)
{
	struct payload *payload = &target->payload;
	struct destination_change *change = &target->change;
	const struct exposition *exposition = &payload->exposition;
	if (target->relay->destination.spool != NULL)
		return 0;
	change->protobuf = exposition->native_count > 0;
	if (!change->protobuf)
		return payload_text(payload, &change->text, error);
	buffer_clear(&payload->written);
	for (uint32_t i = 0; i < exposition->family_count; i++)
		if (protobuf_append_family(&payload->written, exposition, &exposition->families[i], error) == -1)
			return -1;
	change->text = buffer_slice(&payload->written);
	return 0;
}

static enum store_method method_of(const struct target *target)
{
	const struct relay *relay = target->relay;
	bool replace = target->scraped ? relay->replace : !relay->keep_stale;
	return replace ? STORE_PUT : STORE_POST;
}

/* Hands the change over. A spool gets it with others of the batch. */
static int send_change(struct target *target, struct error *error)
{
	struct relay *relay = target->relay;
	if (relay->dry_run) {
		if (destination_check(&relay->destination, &target->change, error) == -1)
			return -1;
		pushed(NULL, target);
		return 0;
	}
	if (relay->destination.spool == NULL)
		return destination_start(&relay->destination, relay->http, &target->change, pushed, target, error);
	STAILQ_INSERT_TAIL(&relay->batch, target, next);
	relay->batch_count++;
	return 0;
}

static void push(struct target *target)
{
	struct relay *relay = target->relay;
	struct error error;
	target->change = (struct destination_change){
		.method = method_of(target),
		.key = &target->key,
		.pushed = &target->payload.exposition,
		.ttl = relay->ttl,
		.timeout = relay->timeout,
	};
	if (add_own(target, &error) == -1 || make_text(target, &error) == -1 || send_change(target, &error) == -1)
		pushed(&error, target);
}

void scrape_store_batch(struct relay *relay)
{
	struct target *target;
	while (!STAILQ_EMPTY(&relay->batch)) {
		struct target_queue batch = STAILQ_HEAD_INITIALIZER(batch);
		struct destination_change *changes[SCRAPE_BATCH_MAX];
		size_t count = 0;
		while (count < SCRAPE_BATCH_MAX && (target = STAILQ_FIRST(&relay->batch)) != NULL) {
			STAILQ_REMOVE_HEAD(&relay->batch, next);
			relay->batch_count--;
			STAILQ_INSERT_TAIL(&batch, target, next);
			changes[count++] = &target->change;
		}
		destination_store(&relay->destination, changes, count);
		while ((target = STAILQ_FIRST(&batch)) != NULL) {
			STAILQ_REMOVE_HEAD(&batch, next);
			pushed(target->change.failed ? &target->change.error : NULL, target);
		}
	}
}

/* Keeps the exposition, which must be one that can be pushed. */
static int take(struct target *target, const struct http_answer *answer, struct error *error)
{
	const struct relay *relay = target->relay;
	struct payload *payload = &target->payload;
	payload->drop_timestamps = relay->drop_timestamps;
	int mended = target_answer_parse(answer, payload, &relay->limits, &target->body_size, error);
	if (mended == -1)
		return -1;
	if (mended == 1)
		report_note(relay, "%s: added the newline that is missing at the end", url_text(target->url.text).text);
	target->samples = payload_samples(&target->payload);
	target->scraped = true;
	target->relay->counts.samples += target->samples;
	target->relay->counts.bytes += payload->text.len;
	return 0;
}

static void scraped(struct http *http, const struct http_answer *answer, void *context)
{
	struct target *target = context;
	struct error error;
	target->duration = answer->duration;
	target->relay->counts.scraped++;
	if (take(target, answer, &error) == 0)
		push(target);
	else
		fail_scrape(target, &error);
}

/* The group of a target that is gone goes, too; with --keep-stale it stays. */
static void remove_group(struct target *target)
{
	struct relay *relay = target->relay;
	struct error error;
	target->change =
		(struct destination_change){.method = STORE_DELETE, .key = &target->key, .timeout = relay->timeout};
	if (relay->keep_stale || relay->dry_run) {
		target->unpushed = false;
		finish(target);
		return;
	}
	if (send_change(target, &error) == -1)
		pushed(&error, target);
}

static void start(struct target *target)
{
	struct relay *relay = target->relay;
	const struct http_request request = {
		.method = "GET",
		.url = target->url.text,
		.accept = relay->native_histograms ? ACCEPT_PROTOBUF : ACCEPT_TEXT,
		.timeout = relay->timeout,
		.max_answer = relay->limits.body + DECOMPRESS_OVERHEAD_MAX,
		.max_redirects = relay->max_redirects,
		.accept_gzip = true,
	};
	struct error error;
	relay->on_way++;
	target->phase = TARGET_ON_WAY;
	target->scraped = false;
	target->status = EX_OK;
	target->duration = 0;
	target->body_size = 0;
	target->samples = 0;
	if (target->gone)
		remove_group(target);
	else if (http_add(relay->http, &request, scraped, target, &error) == -1)
		fail_scrape(target, &error);
}

void scrape_start_due(struct relay *relay)
{
	struct target *target;
	while (relay->on_way < relay->parallel && (target = STAILQ_FIRST(&relay->due)) != NULL) {
		STAILQ_REMOVE_HEAD(&relay->due, next);
		start(target);
	}
}
