/*
 * queue_file: the files of a queue (queue.h), for queue.c.
 */
#ifndef PGW_QUEUE_FILE_H
#define PGW_QUEUE_FILE_H

#include <stdbool.h>

#include "queue.h"

#define QUEUE_FILE_MODE 0600 /* less the umask: what is pushed may be nobody's business */

bool queue_is_name(const char *name);
bool queue_is_temporary(const char *name);

/* Appends a file with the entry's text. 0, or -1 with errno. */
int queue_file_write(struct buffer *file, const struct queue_entry *entry);

/* Writes a new file under a temporary name, and to disk. 0, or -1 with errno and no file; the name is set. */
int queue_file_save(int directory, struct slice bytes, char temporary[QUEUE_NAME_SIZE]);

/* Takes apart the entry's file. 0, or -1 with ERROR_SYNTAX or ERROR_MEMORY. */
int queue_file_parse(struct queue_entry *entry, struct error *error);

#endif
