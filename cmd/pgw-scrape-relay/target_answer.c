#include "target_answer.h"

#include <stdio.h>

#include "decompress.h"
#include "media_type.h"
#include "protobuf.h"
#include "text.h"

static int check_status(const struct http_answer *answer, struct error *error)
{
	if (answer->status == 200)
		return 0;
	if (answer->status != 0)
		return error_set(error, answer->status >= 500 ? ERROR_UNAVAILABLE : ERROR_REFUSED,
			"the target answered with status %u", answer->status);
	*error = answer->error;
	return -1;
}

static int unpack(enum encoding encoding, struct slice packed, struct buffer *text, struct error *error)
{
	struct decompress *decompress = decompress_new(encoding, error);
	if (decompress == NULL)
		return -1;
	int result = decompress_feed(decompress, packed, text, error);
	if (result == 0)
		result = decompress_finish(decompress, error);
	decompress_free(decompress);
	return result;
}

/* `text` is empty; its maximum is that of an answer while this runs. */
static int read_text(const struct http_answer *answer, struct buffer *text, size_t max, struct error *error)
{
	enum encoding encoding;
	size_t kept = text->max;
	int result;
	if (encoding_parse(answer->encoding, &encoding) == -1)
		return error_set(error, ERROR_REFUSED, "the target answered with the Content-Encoding %s",
			quote(answer->encoding).text);
	text->max = max;
	if (encoding != ENCODING_IDENTITY)
		result = unpack(encoding, answer->body, text, error);
	else
		result = buffer_append_slice(text, answer->body) == 0 ? 0 : error_set_growth(error, "too large");
	text->max = kept;
	return result;
}

/* Protobuf has no lines: protobuf.h. Returns -1. */
static int name_place(struct error *error)
{
	char place[64] = "";
	if (error->line > 0 && error->column > 0)
		snprintf(place, sizeof(place), "metric family %u, metric %u: ", error->line, error->column);
	else if (error->line > 0)
		snprintf(place, sizeof(place), "metric family %u: ", error->line);
	error->line = error->column = 0;
	return error_prefix(error, "%s", place);
}

static int parse_protobuf(struct payload *payload, const struct limits *limits, struct error *error)
{
	struct exposition *exposition = &payload->exposition;
	if (protobuf_parse(exposition, buffer_slice(&payload->text), limits, error) == 0 &&
		payload_finish(payload, false, error) == 0 && exposition_check(exposition, error) == 0)
		return 0;
	return name_place(error);
}

static int parse_text(struct payload *payload, const struct limits *limits, struct error *error)
{
	int mended = payload_end_text(payload, error);
	if (mended == -1 || payload_parse(payload, false, limits, error) == -1 ||
		exposition_check(&payload->exposition, error) == -1)
		return -1;
	return mended;
}

static bool is_protobuf(const struct http_answer *answer)
{
	return answer->type != NULL && media_type_is_protobuf(slice_of(answer->type), MEDIA_TYPE_MAY_LACK_THEM);
}

int target_answer_parse(const struct http_answer *answer, struct payload *payload, const struct limits *limits,
	double *size, struct error *error)
{
	*size = 0;
	if (check_status(answer, error) == 0 && read_text(answer, &payload->text, limits->body, error) == 0) {
		*size = (double)payload->text.len;
		return is_protobuf(answer) ? parse_protobuf(payload, limits, error)
					   : parse_text(payload, limits, error);
	}
	if (error->kind == ERROR_TOO_LARGE) {
		*size = -1;
		error_set(error, ERROR_TOO_LARGE, "the answer is larger than %zu bytes", limits->body);
	}
	return -1;
}
