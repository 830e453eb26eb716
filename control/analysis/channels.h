/* Channels: pairs of appliances and their appliance-communications connections (DESIGN 1).
 *
 * A healthy pair has two long-lived connections, each with heartbeats. A connection is up by when
 * its last packet came, whatever flows it was seen as; failed attempts are learned from flows that
 * ended. An appliance with single addresses is one host, whichever address it uses (the event
 * channel may have an interface of its own); in one with networks every address is a host. Bounded:
 * pairs beyond CHANNELS_MAX are counted, not kept. Used on the control thread only.
 */
#ifndef PORTOLAN_CHANNELS_H
#define PORTOLAN_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/certificate.h"
#include "analysis/channel_cause.h"
#include "analysis/channel_strangers.h"
#include "analysis/known_issuers.h"
#include "analysis/link_addresses.h"
#include "base/channel_state.h"
#include "base/hash_table.h"
#include "record.h"

struct ruleset;
struct remap;

#define CHANNELS_MAX 65536
#define CHANNEL_CONNECTIONS_MAX 4 /* remembered of each pair: two, and those before a restart */

/* The smaller appliance number first, then the smaller address. */
struct channel_key {
	struct address address[2]; /* zero if the appliance is one host */
	uint16_t appliance[2];
	uint8_t version, zero[3];
};

struct channel_connection {
	uint64_t key;		    /* hash of addresses and ports */
	uint64_t start_ns, last_ns; /* its first and last packet; 0: none */
	bool is_closed, is_reset;
};

/* What one end has shown of itself in clear. */
struct channel_certificate {
	struct certificate *now, *before; /* owned; `before`: the last one of another issuer */
	uint64_t seen_ns, changed_ns;	  /* `changed_ns`: when the issuer became another one */
	bool is_none, is_long; /* the last time it had none, or one too long to be read */
};

/* Attempts of one kind, with nothing else between them: from the first packet of the first one to
 * the last packet of the last one; 0: none. */
struct channel_attempts {
	uint64_t first_ns, last_ns;
};

enum channel_attempt {
	ATTEMPT_UNANSWERED,
	ATTEMPT_REFUSED,
	ATTEMPT_SHORT, /* over when its handshake was */
	ATTEMPT_WRONG_ADDRESS,
	ATTEMPT_KINDS
};

struct channel {
	struct channel_key key;
	enum channel_state state; /* CHANNEL_STATE_COUNT: not known yet */
	uint64_t since_ns; /* when the state began: by its packets, whenever it was evaluated */
	uint64_t last_ns;  /* last packet of any of its connections */
	struct channel_attempts attempts[ATTEMPT_KINDS];
	uint64_t up_ns;	   /* last packet of what was no attempt; 0: none */
	uint64_t stood_ns; /* the same of connections that were there for a while */
	struct channel_connection connection[CHANNEL_CONNECTIONS_MAX];
	uint32_t up;	   /* of these, when the state was evaluated last */
	uint32_t began;	   /* connections since it is watched: more than two came again */
	uint64_t began_ns; /* when the last of them began */
	bool has_flows;	   /* between both appliances */
	struct channel_cause cause;
	struct channel_certificate certificate[2];
	uint64_t sealed_ns; /* last packet of a connection of TLS 1.3, which shows no certificate */
	UT_hash_handle hh;
};

/* What channels_meant() would have said of a record, had the link address been known then. */
typedef void channel_meant_listener(
	void *context, const struct record *meant, const char reason[CHANNEL_CAUSE_BYTES]);

struct channels {
	const struct ruleset *ruleset;
	bool *is_network; /* by appliance */
	bool *is_channel; /* by rule set */
	bool *has_any;	  /* by appliance: has a channel in any state */
	struct link_addresses link_addresses;
	struct channel_strangers strangers;	/* whose link address is not known yet */
	channel_meant_listener *meant_listener; /* or NULL */
	void *meant_context;
	struct known_issuers known; /* from the store, and of channels that were forgotten */
	struct {
		uint8_t byte[4096];
		size_t bytes;
	} arriving; /* the certificate whose pieces are coming */
	struct channel *first;
	size_t count;
	uint64_t overflowed;
};

/* Called for every state change and for the first state (`from` is then CHANNEL_STATE_COUNT). */
typedef void channel_listener(void *context, const struct channel *, enum channel_state from);

int channels_init(struct channels *, const struct ruleset *);
void channels_fini(struct channels *);

/* Switches to another ruleset; keeps channels whose two appliances still exist. 0, or -ENOMEM with
 * nothing changed. */
int channels_reload(struct channels *, const struct ruleset *, const struct remap *);

/* Takes RECORD_LIVE and RECORD_ENDED, in the numbers of the current ruleset. */
void channels_take(struct channels *, const struct record *);

/* Takes RECORD_CERTIFICATE, likewise: the pieces of one follow each other. */
void channels_take_certificate(struct channels *, const struct record *);

/* What is known from before the start: the last certificate that `holder` has shown to `peer`, both
 * as channel_end_text() has them. One by another issuer is a change. */
void channels_know_issuer(struct channels *, const char *holder, const char *peer,
	const char *issuer, uint64_t seen_ns);

/* Evaluates each pair. `in_doubt`: the mirror may be missing packets. */
void channels_evaluate(
	struct channels *, uint64_t now_ns, bool in_doubt, channel_listener *, void *context);

/* In the order of their keys, which no order of records changes. */
void channels_sort(struct channels *);

/* The number of channels in each state; those not evaluated yet are not counted. */
void channels_count(const struct channels *, size_t count[CHANNEL_STATE_COUNT]);

/* Whether an appliance has a channel, in any state. */
bool channels_has(const struct channels *, uint16_t appliance);

/* How often a connection began beyond the pair's two: it was lost and came again. */
uint32_t channel_reconnects(const struct channel *);

/* Why it is not up, in one sentence; "" for one that is. */
void channel_reason(const struct channels *, const struct channel *, char[CHANNEL_CAUSE_BYTES]);

/* What is known of an end's certificate, in one phrase; "" for nothing. */
void channel_certificate_text(
	const struct channel *, unsigned end, uint64_t now_ns, char[CERTIFICATE_TEXT_BYTES]);

/* Of a record between two appliances by a rule of channels; else false. */
bool channels_wants(const struct channels *, const struct record *);

/* Why such a connection came to nothing, as the record shows it; "" for nothing. */
void channel_record_reason(
	const struct channels *, const struct record *, char text[CHANNEL_CAUSE_BYTES]);

/* A record with who is no appliance, but has the link address of one: the record as that one's, and
 * what to say of it; else false. */
bool channels_meant(const struct channels *, const struct record *, struct record *meant,
	char text[CHANNEL_CAUSE_BYTES]);

/* Is told of those of which that becomes known later, when channels are evaluated. */
void channels_listen_meant(struct channels *, channel_meant_listener *, void *context);

/* The certificate that was taken with this RECORD_CERTIFICATE, its last piece, and whose it is: an
 * end of the record; NULL: none. */
const struct certificate *channels_certificate(
	const struct channels *, const struct record *, unsigned *end);

/* A connection of TLS 1.3, whose certificates are encrypted (RFC 8446 4.4.2). */
bool channel_record_is_sealed(const struct record *);

/* The appliance's name, with the address if the appliance has networks. */
#define CHANNEL_END_BYTES 320
void channel_end_text(
	const struct channels *, const struct channel *, unsigned end, char[CHANNEL_END_BYTES]);

#endif
