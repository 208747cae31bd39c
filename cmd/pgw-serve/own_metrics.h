/*
 * own_metrics: what the gateway tells of itself in a scrape: the families of own.h.
 */
#ifndef PGW_OWN_METRICS_H
#define PGW_OWN_METRICS_H

#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "service.h"

#define OWN_METRICS_SIZE_MAX (1u << 20)

/* Appends them as text. 0, or -1 with ERROR_MEMORY. */
int own_metrics_append(struct service *service, struct buffer *out, struct error *error);

/* Parses that text, whatever the limits are for others. */
int own_metrics_parse(struct exposition *own, struct slice text, struct error *error);

#endif
