/*
 * text: UTF-8, quoting for messages and the escapes of label values.
 */
#ifndef PGW_TEXT_H
#define PGW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "slice.h"

/* Well-formed UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(struct slice text);

/* The length in bytes of the character that the text starts with; 0 where it does not start with a well-formed one. */
size_t utf8_length(struct slice text);

/* The character that the text starts with and its length in bytes; U+FFFD and 0 where it does not start with a
 * well-formed one. */
uint32_t utf8_decode(struct slice text, size_t *length);

/* Whether a terminal shows something for the character and nothing else happens: false for control characters, spaces
 * but the common one, and what joins, hides or turns the direction of what is around it. */
bool character_is_shown(uint32_t character);

/* The length in bytes of the control character that the text starts with, of ASCII or from U+0080 to U+009F: both drive
 * terminals. 0 where it starts with something else. */
size_t control_length(struct slice text);

/* Overwrites every control character with as many "?" as it has bytes. */
void text_blank_controls(char *text);

/* Room for a quoted name or value in a message: longer ones are cut, with "..." before the closing quote. */
#define QUOTED_SIZE 200

struct quoted {
	char text[QUOTED_SIZE];
};

/*
 * The bytes in double quotes for an error message or a log, as Go's %q writes them, which the upstream's messages
 * use: \" \\ \a \b \f \n \r \t \v, other control characters and bytes that are not UTF-8 as \xNN, and from U+0080 on
 * those that show nothing or turn the direction of writing as \uNNNN or \UNNNNNNNN. Printable UTF-8 stays. For use
 * inside one expression:
 *
 *	error_set(error, ERROR_SYNTAX, "invalid metric name %s", quote(name).text);
 */
struct quoted quote(struct slice text);

/* The longest piece is \U0010ffff. */
#define QUOTED_PIECE_SIZE 16

/* Writes what stands in such quotes for the character or the stray byte that a text starts with, which is *length bytes
 * long. Returns how many bytes that is. */
size_t quote_piece(struct slice text, char piece[QUOTED_PIECE_SIZE], size_t *length);

/* Appends a label value in the escaped form that stands between the quotes of an exposition: \\, \" and \n.
 * 0, or -1 with errno. */
int text_escape(struct buffer *out, struct slice value);

/* The reverse. The input must be well-formed (a parser checked it). 0, or -1 with errno. */
int text_unescape(struct buffer *out, struct slice escaped);

#endif
