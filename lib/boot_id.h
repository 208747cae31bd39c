/*
 * boot_id: which run of the kernel this is.
 */
#ifndef PGW_BOOT_ID_H
#define PGW_BOOT_ID_H

#include <stdbool.h>

#define BOOT_ID_SIZE 40 /* as text, with zeros behind it, at least one */

/* Reads what Linux has in /proc. False, and all zeros, where there is no such thing. */
bool boot_id_read(char id[BOOT_ID_SIZE]);

#endif
