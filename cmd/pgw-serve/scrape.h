/*
 * scrape: the answer to GET /metrics: every group's metrics and the gateway's own, in the form that the client asks
 * for.
 */
#ifndef PGW_SCRAPE_H
#define PGW_SCRAPE_H

struct request;

void handle_scrape(struct request *request);

#endif
