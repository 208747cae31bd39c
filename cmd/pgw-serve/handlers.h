/*
 * handlers: what the routes do but for the scrape (scrape.h), the JSON API (api.h) and the web page (page.h). Each
 * gives its request an answer, or queues a change for it.
 */
#ifndef PGW_HANDLERS_H
#define PGW_HANDLERS_H

struct request;

void handle_ok(struct request *request);

/* /-/ready: 503 where the spool was removed, and nothing can be pushed or scraped. */
void handle_ready(struct request *request);

void handle_post(struct request *request);
void handle_put(struct request *request);
void handle_delete(struct request *request);

/* /api/v1/admin/wipe: deletes all groups. */
void handle_wipe(struct request *request);

/* /-/quit: ends the gateway where --web.enable-lifecycle allows it. */
void handle_quit(struct request *request);
void handle_quit_read(struct request *request);

#endif
