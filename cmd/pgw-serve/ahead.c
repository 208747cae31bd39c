#include "ahead.h"

#include "chunk_part.h"

/* So many bytes of text are compressed at once: about what 16 pushes have changed. */
#define STEP (256u << 10)

void ahead_scraped(struct ahead *ahead, const struct view *view)
{
	ahead->credit = view_counts(view).bytes;
}

bool ahead_wanted(const struct ahead *ahead, const struct view *view)
{
	return ahead->credit > 0 && view_has_uncompressed(view);
}

void ahead_run(struct ahead *ahead, struct view *view, struct gzip_compressor *compressor)
{
	struct chunk *chunk;
	struct error unused;
	size_t done = 0;
	while (done < STEP) {
		if (view_uncompressed_chunk(view, &chunk, &unused) == -1 ||
			(chunk != NULL && chunk_part_make(chunk, compressor, &unused) == -1)) {
			ahead->credit = 0;
			return;
		}
		if (chunk == NULL)
			break;
		done += chunk->text_len;
	}
	ahead->credit -= ahead->credit < done ? ahead->credit : done;
}
