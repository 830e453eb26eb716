/* Connections of appliance communications with hosts that are no appliance, until it is known whose
 * their link address is: an appliance may come from a wrong address before it comes from its own,
 * and records come in whatever order flows end.
 *
 * One for each link address and appliance at the other end, the latest: many hosts behind a router
 * are one. Bounded; of more the oldest goes. Memory: a record each, freed by
 * channel_strangers_fini(). All zeroes is an empty one.
 */
#ifndef PORTOLAN_CHANNEL_STRANGERS_H
#define PORTOLAN_CHANNEL_STRANGERS_H

#include <stdbool.h>
#include <stddef.h>

struct record;

#define CHANNEL_STRANGERS_MAX 1024

struct channel_strangers {
	struct record *record[CHANNEL_STRANGERS_MAX];
	size_t count, oldest;
};

void channel_strangers_fini(struct channel_strangers *);

/* Which end of a record is no appliance's, where the other one is and its link address is known;
 * negative: none. */
int channel_stranger_end(const struct record *);

/* A record with such an end is kept; without memory it is not. */
void channel_strangers_note(struct channel_strangers *, const struct record *);

/* Drops those that `is_taken` says it has taken. */
typedef bool channel_stranger_taker(void *context, const struct record *);
void channel_strangers_resolve(
	struct channel_strangers *, channel_stranger_taker *is_taken, void *context);

#endif
