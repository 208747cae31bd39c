/*
 * end_signals: SIGTERM and SIGINT, which end rounds when what is on its way has arrived, and the second time at once.
 */
#ifndef PGW_RELAY_END_SIGNALS_H
#define PGW_RELAY_END_SIGNALS_H

#include "error.h"

/* Keeps the signals, and one more unless that is 0, for a descriptor that reads as signalfd(2) has it and never blocks;
 * the caller closes it. -1 with ERROR_IO. */
int end_signals_catch(int more, struct error *error);

/* After the first of them: tells the service manager, and lets the next one end the process. */
void end_signals_begin_stop(void);

#endif
