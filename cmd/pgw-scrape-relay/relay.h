/*
 * relay: what the parts of pgw-scrape-relay share.
 *
 * The way of a target: targets.c knows it, rounds.c says when it is due, scrape.c fetches and pushes it, report.c says
 * what became of it.
 */
#ifndef PGW_RELAY_H
#define PGW_RELAY_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "destination.h"
#include "file.h"
#include "http.h"
#include "input_limits.h"
#include "labels.h"
#include "options.h"
#include "payload.h"
#include "url.h"

struct relay;

enum target_phase {
	TARGET_IDLE,
	TARGET_DUE,    /* waits for one of the places of -P */
	TARGET_ON_WAY, /* from the start of its scrape until its push is settled */
};

enum target_health {
	TARGET_UNKNOWN,
	TARGET_UP,
	TARGET_DOWN,
};

struct target {
	RB_ENTRY(target) entry;	   /* of targets, by the text of its key */
	STAILQ_ENTRY(target) next; /* while due, and in the batch for a spool */
	struct relay *relay;
	struct url url;
	struct grouping_key key;
	size_t order;			/* of the command line's: the exit status is that of the first that failed */
	const struct target_file *file; /* that it came from; NULL for the command line and standard input */
	bool listed;			/* while its file is read anew: it is there still */
	bool gone;			/* no longer a target: its group is to be deleted, then itself */

	enum target_phase phase;
	enum target_health health;
	int64_t offset;	   /* of its scrapes in the interval, ns */
	unsigned failures; /* in a row */
	bool unpushed;	   /* the last push failed */
	uint64_t round;	   /* that it was due in last; while idle, the next one */
	int status;	   /* of the exit */

	/* While on its way. */
	struct payload payload;
	struct destination_change change;
	bool scraped;	  /* the payload is what the target said, not that it is down */
	int64_t duration; /* of the scrape, ns */
	double body_size; /* bytes, unpacked */
	size_t samples;
};

RB_HEAD(target_tree, target);
RB_PROTOTYPE(target_tree, target, entry, target_compare)
STAILQ_HEAD(target_queue, target);

/* A file of targets. */
struct target_file {
	const char *path;
	struct file_id id; /* of what was read last, good or bad */
	bool known;	   /* it was there */
	bool clashes;	   /* it lists targets that another file has already */
	struct target_file *next;
};

/* What happened since the last summary. */
struct relay_counts {
	size_t scraped;	 /* targets that were tried */
	size_t unpushed; /* whose push failed */
	size_t samples;
	uint64_t bytes;
};

struct relay {
	/* As given. */
	struct options_target options;
	struct grouping_key key; /* what all targets share */
	unsigned parallel;	 /* 0 until the default is chosen */
	unsigned timeout;	 /* ms, of a scrape and of a push; 0 until the default is chosen */
	unsigned interval;	 /* ms; 0 for one round */
	unsigned max_redirects;
	int64_t ttl;
	bool drop_timestamps;
	bool dry_run;
	bool from_spool; /* forward.h instead of all else */
	bool keep_stale;
	bool native_histograms;
	bool replace;
	bool quiet;
	bool verbose;
	struct option_list files;
	struct limits limits; /* .body is that of what a target answers, unpacked */

	struct destination destination;
	struct http *http;
	struct target_tree targets;
	size_t count;
	struct target_file *target_files;
	struct target_queue due;
	struct target_queue batch; /* on their way into a spool, together */
	size_t batch_count;
	size_t on_way;
	bool pushes_fail;	    /* the last one did */
	bool stopping;		    /* nothing new is begun */
	size_t up, down;	    /* targets, as far as it is known */
	struct relay_counts counts; /* of the round */
	uint64_t round;		    /* from 1; 0 for one round only */
};

#endif
