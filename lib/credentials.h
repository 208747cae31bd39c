/*
 * credentials: who a tool is to a gateway, and whom it believes.
 *
 *	struct credentials credentials;
 *	if (credentials_init(&credentials, &options, &error) == -1)
 *		...
 *	request.credentials = &credentials;
 *	credentials_release(&credentials);
 *
 * The secrets are read from their files once: regular files, or what the shell's <(COMMAND) stands for. The files that
 * libcurl reads are regular ones of up to 16 MiB. No message has any part of them.
 */
#ifndef PGW_CREDENTIALS_H
#define PGW_CREDENTIALS_H

#include <stdbool.h>

#include "error.h"
#include "http_options.h"

struct credentials {
	char *user_password; /* "USER:PASSWORD"; NULL for none; owned, as is the token */
	char *token;
	const struct http_options *options;
};

/* The options must outlive it. 0, or -1 with ERROR_USAGE (more than one kind of secret, a file without one, --key
 * without --cert), ERROR_NO_INPUT (a file can't be read, or is no regular one) or ERROR_MEMORY, and nothing to release.
 */
int credentials_init(struct credentials *credentials, const struct http_options *options, struct error *error);

/* Also wipes the secrets from memory. Twice is fine, and so is one that is all zeros. */
void credentials_release(struct credentials *credentials);

#endif
