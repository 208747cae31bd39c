/*
 * children: processes that a test starts.
 */
#ifndef PGW_TEST_CHILDREN_H
#define PGW_TEST_CHILDREN_H

#include <sys/types.h>

/* Runs a function, whose result becomes the exit status, in a child, which the alarm ends where the test can't any
 * more. */
pid_t start(int (*run)(int argument), int argument);

/* That its exit status is 0. */
void assert_ends_well(pid_t pid);

#endif
