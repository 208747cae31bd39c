/*
 * destination: where the tools push to and delete from: a spool, or gateways over HTTP.
 *
 *	struct destination destination;
 *	destination_init(&destination, &target, &options, &key, &error);	a URL may add labels to the key
 *	grouping_key_finish(&key, &limits, &error);
 *	struct destination_change change = {.method = STORE_POST, .key = &key, ...};
 *	if (destination_apply(&destination, &change, &error) == -1)
 *		...
 *	destination_release(&destination);
 *
 * The spool is opened, and made where the options allow, by the first change: a push that is refused before leaves
 * nothing behind.
 */
#ifndef PGW_DESTINATION_H
#define PGW_DESTINATION_H

#include <stdbool.h>

#include "error.h"
#include "exposition.h"
#include "gateway.h"
#include "http.h"
#include "input_limits.h"
#include "labels.h"
#include "options.h"
#include "slice.h"
#include "spool.h"
#include "store.h"

struct destination {
	struct gateway *gateways; /* none for a spool */
	size_t gateway_count;
	const struct http_options *http_options;
	struct credentials credentials;
	struct http *http; /* of destination_apply(), from the first change on: connections are used again */
	const char *spool; /* path; NULL for gateways */
	struct spool_options options;
	bool stays; /* may be set before the first change: the process makes many, and follows those of others */
	bool store_is_open;
	struct store store;
};

/* What became of a change at one gateway. */
struct destination_outcome {
	bool skip; /* in: this gateway doesn't get the change */
	bool failed;
	struct error error; /* where it failed */
};

struct destination_change {
	enum store_method method;
	const struct grouping_key *key;	 /* finished */
	struct slice text;		 /* the exposition as a gateway gets it; empty for STORE_DELETE */
	bool protobuf;			 /* the text is delimited protobuf (protobuf.h) instead */
	const struct exposition *pushed; /* the same, parsed, for a spool; NULL for STORE_DELETE */
	int64_t ttl;			 /* of a push, in ns, whole seconds; 0 for none */
	unsigned timeout;		 /* ms that the gateways have to take it, in as many tries as it may need */
	bool existed;			 /* out, for a spool: the group was there */
	bool failed;			 /* out, for a spool */
	struct error error;		 /* out, where it failed */
	struct destination_outcome *outcomes; /* one for each gateway; NULL where the error suffices */
};

/* Turns what would be a signal into an error of the call that met it: a file over the limit of size, a connection that
 * went away. For main(), once, before all else. */
void destination_ignore_signals(void);

/* Takes -d or -u as given, or what the environment says (options_choose_target()); the labels in a gateway's URL go
 * into the key, which is initialised and not finished; URLs of groups are not for several gateways. Where the key is
 * NULL, no URL may have any. The target must outlive it. 0, or -1 with ERROR_USAGE, also for a key without the label
 * job afterwards, or as credentials_init(); nothing is to release then. */
int destination_init(struct destination *destination, struct options_target *target,
	const struct spool_options *options, struct grouping_key *key, struct error *error);

/* The same without a job: for who asks which groups there are. */
int destination_init_any(struct destination *destination, struct options_target *target,
	const struct spool_options *options, struct grouping_key *key, struct error *error);
void destination_release(struct destination *destination);

/* Makes the change and waits for it. 0, or -1 with an error; its line is one of the exposition. The gateways are asked
 * all at once; each gets its tries (retry.h). Where one or more fail, the error is of the kind of the first of them and
 * names them all. */
int destination_apply(struct destination *destination, struct destination_change *change, struct error *error);

/* Makes changes of a spool together, with one wait for the disk. Each has its result then. */
void destination_store(struct destination *destination, struct destination_change *const *changes, size_t count);

/* Checks a push against what is in the spool, changing nothing; against nothing but itself where the spool doesn't
 * exist yet, or for a gateway, which can't be asked. 0, or -1 with an error. */
int destination_check(struct destination *destination, const struct destination_change *change, struct error *error);

/* Calls `done` when the change is made: before it returns for a spool, from http_run() for a gateway. The error is NULL
 * where all went well. The text, the key and the change must live until then. 0, or -1 with an error and `done` not
 * called. */
typedef void destination_done(const struct error *failed, void *context);
int destination_start(struct destination *destination, struct http *http, struct destination_change *change,
	destination_done *done, void *context, struct error *error);

#endif
