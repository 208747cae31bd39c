#include "ahead.h"

/* So many bytes of text are compressed at once. */
#define STEP (32u << 10)

void ahead_release(struct ahead *ahead)
{
	exposition_reader_free(ahead->reader);
	ahead->reader = NULL;
}

void ahead_scraped(struct ahead *ahead, const struct view *view)
{
	ahead->credit = view_counts(view).bytes;
	if (ahead->reader == NULL)
		ahead->serial = view_serial(view);
}

bool ahead_wanted(const struct ahead *ahead, const struct view *view)
{
	return ahead->credit > 0 && (ahead->reader != NULL || ahead->serial != view_serial(view));
}

static int begin(struct ahead *ahead, struct view *view, struct gzip_compressor *compressor, struct error *error)
{
	struct exposition none;
	struct view_snapshot *snapshot = view_snapshot(view, error);
	if (snapshot == NULL)
		return -1;
	ahead->serial = view_serial(view);
	exposition_init(&none);
	ahead->reader = exposition_reader_new(snapshot, &none, compressor, error);
	return ahead->reader == NULL ? -1 : 0;
}

void ahead_run(struct ahead *ahead, struct view *view, struct gzip_compressor *compressor)
{
	struct error unused;
	int status = ahead->reader == NULL ? begin(ahead, view, compressor, &unused) : 0;
	if (status == 0)
		status = exposition_reader_prepare(ahead->reader, STEP, &unused);
	ahead->credit -= ahead->credit < STEP ? ahead->credit : STEP;
	if (status == -1)
		ahead->credit = 0;
	if (status != 0 || ahead->credit == 0)
		ahead_release(ahead);
}
