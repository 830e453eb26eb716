/* What the first bytes of a flow tell for triage: bounded, and never a secret.
 *
 * Written by the validators, which take out of a message what is named here and nothing else:
 * no community string, no password, no path or query of a URL. Texts are printable ASCII;
 * what was not is a question mark. Copied by value.
 *
 *   service       text 0      text 1           number 0 (request)    number 1 (answer)
 *   tls, dtls     server name next protocol    highest offered       version chosen
 *   ssh           client's    server's software
 *   http          method      host                                   status
 *   dns           name asked                   type asked            response code
 *   snmp          -           -                version               PDU's tag
 *   ldap          -           -                operation's tag       operation's tag
 *   radius        -           -                code                  code
 */
#ifndef PORTOLAN_FACTS_H
#define PORTOLAN_FACTS_H

#include <assert.h>
#include <stdint.h>

#define FACTS_TEXT_BYTES 120
#define FACT_NONE 0xffffu

/* facts.flags */
#define FACTS_CLEAR_BIND 0x01u /* LDAP: a simple bind with a password crossed in clear */
#define FACTS_CUT 0x02u	       /* a text was longer than what is kept of it */

struct facts {
	uint8_t known; /* 0: there are none, and nothing else here means anything */
	uint8_t flags;
	uint8_t length[2];  /* of the two texts, which lie one behind the other in `text` */
	uint16_t number[2]; /* or FACT_NONE */
	char text[FACTS_TEXT_BYTES];
};

static_assert(sizeof(struct facts) == 128, "facts are two cache lines");

/* Text 0 or 1, facts.length[which] bytes of it, not terminated. */
static inline const char *facts_text(const struct facts *f, unsigned which)
{
	return f->text + (which ? f->length[0] : 0);
}

#endif
