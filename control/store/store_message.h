/* What the store is told: typed events, by value. The texts of all but flows are lent for the call;
 * the store copies them.
 */
#ifndef PORTOLAN_STORE_MESSAGE_H
#define PORTOLAN_STORE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"

#define STORED_ID_BYTES 32
#define STORED_NAME_BYTES 64
#define STORED_HISTORY_BYTES 20

/* A number for an appliance's end of flows, given by whoever tells, from 1; 0: no appliance. */
struct stored_endpoint {
	uint32_t number;
	const char *appliance, *role, *direction, *rule, *features, *verdict;
};

/* A flow that ended, or the part of a live one that is new since it was told last. [0] is the
 * initiator. */
struct stored_flow {
	uint64_t start_ns, end_ns;
	uint64_t booked_ns; /* what came before then was told already; 0: nothing was */
	struct address address[2];
	uint16_t port[2];
	uint32_t endpoint[2];
	uint64_t packets[2], bytes[2]; /* new ones */
	uint64_t all_packets[2], all_bytes[2];
	uint8_t version, protocol, verdict, connection, basis, severity, service, service_basis;
	uint8_t end, is_live, is_flagged;
	uint8_t exposures[2]; /* of each end: bits of enum exposure */
	uint8_t is_first;     /* counts as a flow */
	uint8_t has_ports;
	uint16_t evasions, vlan;
	char finding[STORED_ID_BYTES]; /* "" : none */
	char name[STORED_NAME_BYTES];  /* server name, host, name asked; "": none */
	char history[STORED_HISTORY_BYTES];
};

struct stored_finding {
	const char *id, *family, *state, *reason;
	const char *appliance, *peer, *direction, *port, *verdict, *connection, *rule, *message,
		*policy, *document;
	uint64_t first_ns, last_ns, told_ns, flows, members;
	int severity;
	bool inconclusive;
};

struct stored_connection {
	const char *one, *other, *initiator, *responder, *connection, *ending;
	const char *reason; /* why it came to nothing; "": not known */
	const char *tls;    /* "1.3": its certificates cannot be seen; else "" */
	uint64_t first_ns, last_ns;
};

/* A leaf certificate that `holder`, one of both ends, has shown in clear. */
struct stored_certificate {
	const char *one, *other, *holder, *fingerprint, *issuer, *subject;
	uint64_t not_before_ns, not_after_ns, seen_ns;
};

struct stored_minute {
	uint64_t minute_ns, frames, bytes, monitored, flagged, dropped, truncated, not_judged;
	bool in_doubt;
};

struct stored_mirror {
	const char *kind, *what, *remedy;
	uint64_t first_ns, last_ns;
};

struct stored_run {
	const char *kind, *host, *version, *site, *title;
	uint64_t began_ns, warmup_ns;
};

struct stored_policy {
	const char *hash, *profile, *text;
	uint64_t at_ns;
};

struct stored_appliance {
	const char *name, *role, *addresses;
	uint64_t at_ns;
};

struct stored_place {
	const char *finding, *file;
	uint64_t first_offset, packets, bytes;
};

struct stored_sink {
	const char *name, *state;
	uint64_t at_ns, delivered, dropped;
};

#endif
