/* What systemd is told: ready, reloading, stopping, still alive, one line of status
 * (sd_notify(3)). Where nobody asked, nothing happens.
 */
#ifndef PORTOLAN_SD_NOTIFY_H
#define PORTOLAN_SD_NOTIFY_H

#include <stdint.h>

/* The sources are open and the workers run. */
void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(const char *status);

/* How often systemd wants to hear that we are alive, halved to be in time; 0: never. */
uint64_t notify_watchdog_ns(void);
void notify_alive(void);

#endif
