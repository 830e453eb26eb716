/* Correlations: findings from several flows together, or from expected flows that are missing.
 *
 * Evaluated at every dump from the matrix, the channels and the exposures; an event is written when
 * one begins and when it ends. Findings of absence are inconclusive while the mirror is in doubt.
 * Bounded: correlations beyond CORRELATIONS_MAX are counted, not kept. Used on the control thread
 * only.
 */
#ifndef PORTOLAN_CORRELATION_H
#define PORTOLAN_CORRELATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash_table.h"
#include "record.h"

struct channels;
struct ruleset;
struct exposures;
struct remap;
struct matrix;

#define CORRELATIONS_MAX 16384

/* Name (a stable interface), description, severity, 1 if it is about absence. */
#define CORRELATION_LIST(X)                                                                        \
	X(CLEAR_SYSLOG, "clear-syslog", "sends syslog in clear text beside syslog over TLS", 2, 0) \
	X(HTTP_ALONE, "http-without-https", "uses 80/tcp and never 443/tcp", 1, 1)                 \
	X(CLEAR_LDAP, "clear-ldap", "binds to LDAP with its password in clear text", 2, 0)         \
	X(MIXED_PORTS, "mixed-communication-ports",                                                \
		"still uses the old port of appliance communications", 2, 0)                       \
	X(OFF_AND_USED, "disabled-feature-in-use", "uses a feature that is switched off", 2, 0)    \
	X(ON_AND_SILENT, "enabled-feature-silent", "no appliance has used an enabled feature", 1,  \
		1)                                                                                 \
	X(FELL_SILENT, "fell-silent", "no traffic on a rule that was used", 2, 1)                  \
	X(NO_CHANNEL, "no-channel", "a declared device without any channel", 2, 1)                 \
	X(CHANNEL_MISSING, "channel-missing", "no channel with a declared management center", 2,   \
		1)                                                                                 \
	X(CERTIFICATE_90, "certificate-ends-in-90-days",                                           \
		"the certificate of its channels ends within 90 days", 1, 0)                       \
	X(CERTIFICATE_30, "certificate-ends-in-30-days",                                           \
		"the certificate of its channels ends within 30 days", 1, 0)                       \
	X(CERTIFICATE_7, "certificate-ends-in-7-days",                                             \
		"the certificate of its channels ends within 7 days", 2, 0)                        \
	X(CERTIFICATE_ENDED, "certificate-ended", "the certificate of its channels has ended", 2,  \
		0)                                                                                 \
	X(CERTIFICATE_ISSUERS, "certificate-issuers-differ",                                       \
		"the two ends of a channel have certificates of different issuers", 1, 0)          \
	X(CERTIFICATE_CHANGED, "certificate-issuer-changed",                                       \
		"the certificate of a channel has another issuer than before", 2, 0)
#define CORRELATION_MEMBER(name, text, words, severity, absence) CORRELATION_##name,
enum correlation_kind { CORRELATION_LIST(CORRELATION_MEMBER) CORRELATION_COUNT };

const char *correlation_name(enum correlation_kind);
const char *correlation_words(enum correlation_kind);
enum severity correlation_severity(enum correlation_kind);
bool correlation_is_absence(enum correlation_kind);

/* Compared with memcmp(). */
struct correlation_key {
	uint16_t kind;	    /* enum correlation_kind */
	uint16_t appliance; /* APPLIANCE_NONE: all appliances with the rule's role */
	uint16_t set;	    /* SET_NONE: not about a rule */
	uint16_t feature;   /* policy feature number; FEATURE_NONE: not about a feature */
	uint32_t detail; /* a hash of the certificate, or of the channel's other end; 0: of none */
};

#define CORRELATION_DETAIL_BYTES 240

struct correlation {
	struct correlation_key key;
	bool holds; /* in the current dump */
	bool inconclusive;
	uint64_t since_ns; /* when it was found */
	uint64_t last_ns;  /* last packet of the traffic in question; 0: never */
	char detail[CORRELATION_DETAIL_BYTES]; /* of certificates: which; else empty */
	UT_hash_handle hh;
};

#define FEATURE_NONE 0xffffu

struct correlations {
	const struct ruleset *ruleset;
	struct correlation *first; /* in order of discovery, linked by hh.next */
	size_t count;
	uint16_t old_port;     /* of appliance communications, where the site has moved it; or 0 */
	uint64_t *old_port_ns; /* by appliance: last packet on it */
	/* When monitoring of each appliance and each enabled feature began: a reload may add some.
	 * 0: not until the next evaluation. */
	uint64_t *appliance_ns, *feature_ns;
	bool was_evaluated;
	uint64_t start_ns; /* absence is reported only some time after this; UINT64_MAX: never */
	uint64_t overflowed;
};

/* Called when a correlation begins (`begins`) and when it ends. */
typedef void correlation_listener(void *context, const struct correlation *, bool begins);

/* Inputs of an evaluation. */
struct correlation_evidence {
	const struct matrix *matrix;
	const struct channels *channels;
	const struct exposures *exposures;
	uint64_t now_ns;
	uint64_t silence_ns; /* no packet for so long counts as silence */
	bool in_doubt;
};

int correlations_init(struct correlations *, const struct ruleset *, uint64_t start_ns);
void correlations_fini(struct correlations *);

/* Switches to another ruleset; keeps correlations of appliances and rules that still exist. 0, or
 * -ENOMEM with nothing changed. */
int correlations_reload(struct correlations *, const struct ruleset *, const struct remap *);

/* Takes RECORD_LIVE and RECORD_ENDED, in the numbers of the current ruleset. */
void correlations_take(struct correlations *, const struct record *);

void correlations_evaluate(struct correlations *, const struct correlation_evidence *,
	correlation_listener *, void *context);

/* Formats one sentence for people. */
#define CORRELATION_TEXT_BYTES 512
void correlation_text(
	const struct correlations *, const struct correlation *, char[CORRELATION_TEXT_BYTES]);

#endif
