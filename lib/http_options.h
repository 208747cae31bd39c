/*
 * http_options: how the tools speak to gateways, as their command lines say it.
 *
 *	struct options_target target = {0};
 *	const struct option_spec specs[] = {
 *		OPTIONS_HTTP(&target.http),
 *		OPTIONS_COMPRESS(&target.http),		for tools that send metrics
 *		...
 *
 * Secrets are in files only: what is on a command line is seen by every user of the machine. The names of the options
 * are those of curl(1).
 */
#ifndef PGW_HTTP_OPTIONS_H
#define PGW_HTTP_OPTIONS_H

#include <stdbool.h>

/* All zeros for none of them; the strings point into argv. */
struct http_options {
	unsigned retries;	       /* tries after the first */
	bool compress;		       /* bodies go as gzip */
	const char *basic_auth_file;   /* its first line is USER:PASSWORD */
	const char *bearer_token_file; /* its first line is the token */
	bool netrc;		       /* ~/.netrc */
	const char *netrc_file;
	const char *ca_file;	 /* who signs the gateways' certificates, instead of the system's */
	const char *certificate; /* the client's own */
	const char *key;	 /* of the certificate, where it isn't in the same file */
	bool insecure;		 /* the gateways' certificates are not checked */
};

#define OPTIONS_HTTP(http)                                                                                             \
	{0, "retry", "N", OPTION_COUNT, &(http)->retries, "try again N times, at growing intervals"},                  \
		{0, "basic-auth-file", "FILE", OPTION_STRING, &(http)->basic_auth_file,                                \
			"has USER:PASSWORD for the gateway"},                                                          \
		{0, "bearer-token-file", "FILE", OPTION_STRING, &(http)->bearer_token_file,                            \
			"has a token for the gateway"},                                                                \
		{0, "netrc", NULL, OPTION_FLAG, &(http)->netrc, "user and password are in ~/.netrc"},                  \
		{0, "netrc-file", "FILE", OPTION_STRING, &(http)->netrc_file, "likewise, in another file"},            \
		{0, "cacert", "FILE", OPTION_STRING, &(http)->ca_file, "certificates to check the gateway's with"},    \
		{0, "cert", "FILE", OPTION_STRING, &(http)->certificate, "a certificate of one's own"},                \
		{0, "key", "FILE", OPTION_STRING, &(http)->key, "the key of --cert"},                                  \
	{                                                                                                              \
		0, "insecure", NULL, OPTION_FLAG, &(http)->insecure, "don't check the gateway's certificate"           \
	}

#define OPTIONS_COMPRESS(http)                                                                                         \
	{                                                                                                              \
		'z', "compress", NULL, OPTION_FLAG, &(http)->compress, "compress for the gateway with gzip"            \
	}

#endif
