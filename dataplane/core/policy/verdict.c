#include "verdict.h"

static int severity_by_evidence(enum verdict v, int something_got_through)
{
	switch (v) {
	case VERDICT_UNEXPECTED_PORT:
	case VERDICT_UNEXPECTED_PROTOCOL:
	case VERDICT_WRONG_SERVICE:
		return something_got_through ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	case VERDICT_FEATURE_DISABLED:
	case VERDICT_PEER_NOT_ALLOWED:
		return something_got_through ? SEVERITY_MEDIUM : SEVERITY_LOW;
	default:
		return SEVERITY_NONE;
	}
}

int verdict_severity(enum verdict v, enum connection c, enum basis b, int transport_is_tcp)
{
	int severity =
		severity_by_evidence(v, c == CONNECTION_ESTABLISHED || c == CONNECTION_TWO_WAY);
	int guessed = b == BASIS_POLICY || b == BASIS_PORT ||
		      (b == BASIS_FIRST_PACKET && transport_is_tcp);

	return guessed && severity > SEVERITY_LOW ? severity - 1 : severity;
}
