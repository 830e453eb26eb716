/* Times as people write them, in UTC: `2026-03-02T06:00:00Z`, `2026-03-02 06:00`, `2026-03-02`,
 * `06:00` (today's, or yesterday's if that is still to come), `yesterday`, `today`, `now`, and
 * `2h`, `7d`, `30m` before now.
 */
#ifndef PORTOLAN_WHEN_H
#define PORTOLAN_WHEN_H

#include <stdint.h>

#define WHEN_WANT                                                                                  \
	"a time such as 2026-03-02T06:00:00Z, 2026-03-02, 06:00 (UTC), yesterday, or 2h (before "  \
	"now)"

/* 0 or -EINVAL. `now_ns`: what is before now counts from it. */
int when_read(const char *text, uint64_t now_ns, uint64_t *time_ns);

#endif
