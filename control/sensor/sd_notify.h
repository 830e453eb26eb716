/* Notifies systemd: ready, reloading, stopping, watchdog, one line of status (sd_notify(3)). Does
 * nothing without systemd.
 */
#ifndef PORTOLAN_SD_NOTIFY_H
#define PORTOLAN_SD_NOTIFY_H

#include <stdint.h>

/* The sources are open and the workers run. */
void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(const char *status);

/* Interval for notify_alive(), half of systemd's watchdog timeout; 0: no watchdog. */
uint64_t notify_watchdog_ns(void);
void notify_alive(void);

#endif
