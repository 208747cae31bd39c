#include "report.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>

#include "progress.h"

void report_progress(const struct relay *relay, size_t done)
{
	if (!relay->quiet)
		progress_show("%zu of %zu targets, %zu down", done, relay->count, relay->down);
}

void report_note(const struct relay *relay, const char *format, ...)
{
	va_list arguments;
	if (relay->quiet)
		return;
	progress_end();
	va_start(arguments, format);
	vwarnx(format, arguments);
	va_end(arguments);
}

/* The place is in words, as a URL may itself end in a number. */
void report_failed(const struct target *target, const struct error *error, bool changed)
{
	const struct relay *relay = target->relay;
	struct url_text url = url_text(target->url.text);
	if (relay->interval > 0 && !changed && !relay->verbose)
		return;
	if (error->line == 0)
		progress_say("%s: %s", url.text, error->message);
	else if (error->column == 0)
		progress_say("%s: line %u: %s", url.text, error->line, error->message);
	else
		progress_say("%s: line %u, column %u: %s", url.text, error->line, error->column, error->message);
}

void report_pushed(const struct target *target, bool recovered)
{
	const struct relay *relay = target->relay;
	struct url_text url = url_text(target->url.text);
	const char *done = relay->dry_run ? "checked for" : "pushed to";
	if (relay->verbose) {
		progress_say("%s: %s %s (families: %u, samples: %zu)", url.text, done,
			grouping_key_show(&target->key).text, target->payload.exposition.family_count,
			payload_samples(&target->payload));
	} else if (recovered) {
		report_note(relay, "%s: is up again", url.text);
	}
}

void report_summary(const struct relay *relay)
{
	const struct relay_counts *counts = &relay->counts;
	char round[32] = "", unpushed[64] = "";
	if (relay->round > 0)
		snprintf(round, sizeof(round), "round %ju: ", (uintmax_t)relay->round);
	if (counts->unpushed > 0)
		snprintf(unpushed, sizeof(unpushed), ", %zu not pushed", counts->unpushed);
	report_note(relay, "%s%zu targets, %zu up, %zu down%s, %zu samples, %.1f MB", round, relay->count, relay->up,
		relay->down, unpushed, counts->samples, (double)counts->bytes / 1e6);
}
