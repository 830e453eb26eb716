/* What the policy says of a flow, and what is known beside it.
 *
 * One list each, from which enum, name and every table is derived. The names
 * are an interface: they appear in records, statistics and the command line.
 */
#ifndef PORTOLAN_VERDICT_H
#define PORTOLAN_VERDICT_H

/* From mild to grave: the graver of two is the larger. */
#define VERDICT_LIST(X)                                                                            \
	X(EXPECTED, "expected")                                                                    \
	X(IMPLIED, "implied")                                                                      \
	X(NOT_COVERED, "not-covered")                                                              \
	X(FEATURE_DISABLED, "feature-disabled")                                                    \
	X(PEER_NOT_ALLOWED, "peer-not-allowed")                                                    \
	X(WRONG_SERVICE, "wrong-service")                                                          \
	X(UNEXPECTED_PROTOCOL, "unexpected-protocol")                                              \
	X(UNEXPECTED_PORT, "unexpected-port")

#define CONNECTION_LIST(X)                                                                         \
	X(ATTEMPTED, "attempted")                                                                  \
	X(REFUSED, "refused")                                                                      \
	X(ESTABLISHED, "established")                                                              \
	X(MIDSTREAM, "midstream")                                                                  \
	X(ONE_WAY, "one-way")                                                                      \
	X(TWO_WAY, "two-way")

/* From the strongest evidence to the weakest. */
#define BASIS_LIST(X)                                                                              \
	X(HANDSHAKE, "handshake")                                                                  \
	X(SYN, "syn")                                                                              \
	X(MESSAGE, "message")                                                                      \
	X(SYN_ACK, "syn-ack")                                                                      \
	X(MEMORY, "memory")                                                                        \
	X(POLICY, "policy")                                                                        \
	X(PORT, "port")                                                                            \
	X(FIRST_PACKET, "first-packet")

/* How the service is known. */
#define SERVICE_BASIS_LIST(X)                                                                      \
	X(UNVERIFIED, "unverified") /* no payload, or not from its beginning: no claim */          \
	X(RECOGNISED, "recognised")                                                                \
	X(EXCLUDED, "excluded") /* whatever it is, it is none of the rule's services */

/* Why a flow ended. */
#define END_LIST(X)                                                                                \
	X(FIN, "fin")                                                                              \
	X(RESET, "reset")                                                                          \
	X(IDLE, "idle")                                                                            \
	X(REPLACED, "replaced")                                                                    \
	X(EVICTED, "evicted")                                                                      \
	X(END_OF_CAPTURE, "end-of-capture")                                                        \
	X(RELOADED, "reload") /* no appliance of the new policy is at either end */

#define ROLE_LIST(X)                                                                               \
	X(MANAGEMENT_CENTER, "management-center")                                                  \
	X(MANAGED_DEVICE, "managed-device")

/* Of a flow as one appliance sees it. */
#define DIRECTION_LIST(X)                                                                          \
	X(INBOUND, "inbound")                                                                      \
	X(OUTBOUND, "outbound")

#define TRANSPORT_LIST(X)                                                                          \
	X(TCP, "tcp")                                                                              \
	X(UDP, "udp")

/* How bad an alert is: number, what people read, CEF's severity (0 to 10), syslog's (RFC 5424
 * section 6.2.1: error, warning, notice, informational). */
#define SEVERITY_LIST(X)                                                                           \
	X(NONE, 0, "", 0, 6)                                                                       \
	X(LOW, 1, "LOW", 3, 5)                                                                     \
	X(MEDIUM, 2, "MED", 5, 4)                                                                  \
	X(HIGH, 3, "HIGH", 8, 3)

/* What speaks of evasion: evidence that is missing, forged or contradicted (DESIGN 4). Name, and
 * what is told of it. */
#define EVASION_LIST(X)                                                                            \
	X(UNASKED_ANSWER, "unasked-answer",                                                        \
		"an answer came first, and nobody was seen asking for it")                         \
	X(NO_HANDSHAKE, "no-handshake",                                                            \
		"TCP talks both ways and no handshake was seen: who began is a guess")             \
	X(REVERSED_HELLO, "reversed-hello",                                                        \
		"the side that accepted the connection spoke as its client")                       \
	X(CONTRADICTING_SEGMENTS, "contradicting-segments",                                        \
		"the same sequence numbers came again with other bytes")                           \
	X(BAD_CHECKSUM, "bad-checksum",                                                            \
		"a packet with a wrong checksum would have changed the verdict")                   \
	X(RESET_IGNORED, "reset-ignored",                                                          \
		"the connection went on after a reset that does not fit it")                       \
	X(TINY_FRAGMENTS, "tiny-fragments", "the first fragment ends in the transport header")     \
	X(HIDDEN_OPENING, "hidden-opening",                                                        \
		"the first data came in fragments that could not be put together")                 \
	X(SERVICE_CHANGED, "service-changed",                                                      \
		"later datagrams are no messages of the service that the first ones spoke")        \
	X(TUNNELLED_EVIDENCE, "tunnelled-evidence",                                                \
		"packets of this flow came inside a tunnel between strangers")

#define ENUM_MEMBER(prefix, name) prefix##name
#define VERDICT_MEMBER(name, text) ENUM_MEMBER(VERDICT_, name),
#define CONNECTION_MEMBER(name, text) ENUM_MEMBER(CONNECTION_, name),
#define BASIS_MEMBER(name, text) ENUM_MEMBER(BASIS_, name),
#define SERVICE_BASIS_MEMBER(name, text) ENUM_MEMBER(SERVICE_, name),
#define END_MEMBER(name, text) ENUM_MEMBER(END_, name),
#define ROLE_MEMBER(name, text) ENUM_MEMBER(ROLE_, name),
#define DIRECTION_MEMBER(name, text) ENUM_MEMBER(DIRECTION_, name),
#define TRANSPORT_MEMBER(name, text) ENUM_MEMBER(TRANSPORT_, name),
#define EVASION_MEMBER(name, text, sentence) ENUM_MEMBER(EVASION_, name),

enum verdict { VERDICT_LIST(VERDICT_MEMBER) VERDICT_COUNT };
enum connection { CONNECTION_LIST(CONNECTION_MEMBER) CONNECTION_COUNT };
enum basis { BASIS_LIST(BASIS_MEMBER) BASIS_COUNT };
enum service_basis { SERVICE_BASIS_LIST(SERVICE_BASIS_MEMBER) SERVICE_BASIS_COUNT };
enum end { END_LIST(END_MEMBER) END_COUNT };
enum role { ROLE_LIST(ROLE_MEMBER) ROLE_COUNT };
enum direction { DIRECTION_LIST(DIRECTION_MEMBER) DIRECTION_COUNT };
enum transport { TRANSPORT_LIST(TRANSPORT_MEMBER) TRANSPORT_COUNT };
enum evasion { EVASION_LIST(EVASION_MEMBER) EVASION_COUNT };
#define EVASION_BIT(e) (1u << (EVASION_##e))

#define SEVERITY_MEMBER(name, number, text, cef, syslog) SEVERITY_##name = (number),
enum severity { SEVERITY_LIST(SEVERITY_MEMBER) };

#define LIST_NAME(name, text) text,

static inline const char *verdict_name(enum verdict v)
{
	static const char *const name[] = {VERDICT_LIST(LIST_NAME)};
	return name[v];
}

static inline const char *connection_name(enum connection c)
{
	static const char *const name[] = {CONNECTION_LIST(LIST_NAME)};
	return name[c];
}

static inline const char *basis_name(enum basis b)
{
	static const char *const name[] = {BASIS_LIST(LIST_NAME)};
	return name[b];
}

static inline const char *service_basis_name(enum service_basis b)
{
	static const char *const name[] = {SERVICE_BASIS_LIST(LIST_NAME)};
	return name[b];
}

static inline const char *end_name(enum end e)
{
	static const char *const name[] = {END_LIST(LIST_NAME)};
	return name[e];
}

static inline const char *role_name(enum role r)
{
	static const char *const name[] = {ROLE_LIST(LIST_NAME)};
	return name[r];
}

static inline const char *direction_name(enum direction d)
{
	static const char *const name[] = {DIRECTION_LIST(LIST_NAME)};
	return name[d];
}

static inline const char *transport_name(enum transport t)
{
	static const char *const name[] = {TRANSPORT_LIST(LIST_NAME)};
	return name[t];
}

static inline const char *evasion_name(enum evasion e)
{
#define EVASION_NAME(name, text, sentence) text,
	static const char *const name[] = {EVASION_LIST(EVASION_NAME)};
#undef EVASION_NAME
	return name[e];
}

static inline const char *evasion_sentence(enum evasion e)
{
#define EVASION_SENTENCE(name, text, sentence) sentence,
	static const char *const text[] = {EVASION_LIST(EVASION_SENTENCE)};
#undef EVASION_SENTENCE
	return text[e];
}

/* A verdict that is none of `expected`, `implied`, `not-covered` (DESIGN 1: flagged). */
static inline int verdict_is_flagged(enum verdict v)
{
	return v > VERDICT_NOT_COVERED;
}

/* The enum severity of a flagged flow; SEVERITY_NONE of one that is not flagged. `got_through`:
 * it was established, or both sides talked. `in_doubt`: who began it is a guess, and the other way
 * round it would have been milder. */
int verdict_severity(enum verdict v, int got_through, int in_doubt);

#endif
