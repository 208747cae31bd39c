/*
 * forward_lane: what goes to one gateway in a round, at its own pace.
 *
 *	lane_init(&lane, &common, gateway);
 *	lane_start(&lane, &error);	at each round
 *	while (common.open > 0)
 *		http_turn(...);
 *	lane_end_round(&lane);
 *	lane_release(&lane);
 */
#ifndef PGW_SCRAPE_RELAY_FORWARD_LANE_H
#define PGW_SCRAPE_RELAY_FORWARD_LANE_H

#include <stdbool.h>
#include <stddef.h>

#include "destination.h"
#include "error.h"
#include "forward.h"
#include "gateway_start.h"
#include "http.h"
#include "mirror.h"

/* What a round has done so far. Each push and deletion counts for each gateway. */
struct forward_counts {
	size_t groups;
	size_t wanted;
	size_t forwarded;
	size_t deleted;
	size_t failed;
	size_t skipped; /* group files */
};

/* What all lanes share; whoever makes it owns what it points to. */
struct lane_common {
	const struct forward_options *options;
	struct destination *destination;
	struct http *http;
	struct mirror *mirror;
	struct forward_counts counts;
	size_t open;   /* lanes that are not through with the round */
	bool stopping; /* what is on its way is awaited, no more is sent */
};

/* What a group gives up must be free before another one takes it, so deletions come first. Where several groups gave
 * something up to each other, such as the type of a metric that all of them have, each new one clashes with the old of
 * the others: then the old ones of those that were refused go, and all that was refused is sent once more. */
enum lane_step {
	LANE_ASK, /* whether the gateway is there, and still has what it had: where there will be other rounds */
	LANE_DELETE,
	LANE_PUT,
	LANE_CLEAR,
	LANE_PUT_AGAIN,
	LANE_THROUGH,
};

struct lane {
	struct lane_common *common;
	size_t gateway; /* in the destination */
	enum lane_step step;
	unsigned busy;		   /* sendings under way */
	struct mirror_group *next; /* to look at in this step; NULL at the end */
	struct gateway_start start;
	unsigned failures;   /* in a row, where it is the gateway's state that counts, not what was sent */
	bool cleared;	     /* something, in this round */
	bool gave_up;	     /* likewise */
	bool failed_before;  /* so it did in the last one, or some of its groups failed for that reason */
	struct error reason; /* of the last such failure */
};

void lane_init(struct lane *lane, struct lane_common *common, size_t gateway);
void lane_release(struct lane *lane);

/* Whether the gateway is to get the group, or is to lose it. */
bool lane_wants(const struct lane *lane, const struct mirror_group *group);

/* Begins the round of an updated mirror; the rest happens from http_turn(). 0, or -1 with an error. */
int lane_start(struct lane *lane, struct error *error);

/* Counts and tells what the gateway did not get, after a round that was not stopped. */
void lane_end_round(struct lane *lane);

#endif
