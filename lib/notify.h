/*
 * notify: tells the service manager that started this process how it is, as sd_notify(3) describes it.
 */
#ifndef PGW_NOTIFY_H
#define PGW_NOTIFY_H

/* Sends a state such as "READY=1" or "STOPPING=1" to the socket in $NOTIFY_SOCKET. Without one, and where nobody
 * listens, nothing happens: a service runs without a manager, too. */
void notify(const char *state);

#endif
