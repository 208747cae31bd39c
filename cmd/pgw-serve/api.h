/*
 * api: the JSON API below /api/v1, as the upstream has it (api/v1/api.go of release 1.11), field for field. Numbers are
 * strings in the form of Go's %v.
 */
#ifndef PGW_API_H
#define PGW_API_H

struct request;

void api_handle_metrics(struct request *request);
void api_handle_status(struct request *request);

/* What browsers ask before they let a page of another site in. */
void api_handle_options(struct request *request);

#endif
