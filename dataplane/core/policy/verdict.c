#include "verdict.h"

static int severity_by_evidence(enum verdict v, int something_got_through)
{
	switch (v) {
	case VERDICT_UNEXPECTED_PORT:
	case VERDICT_UNEXPECTED_PROTOCOL:
	case VERDICT_WRONG_SERVICE:
		return something_got_through ? 3 : 2;
	case VERDICT_FEATURE_DISABLED:
	case VERDICT_PEER_NOT_ALLOWED:
		return something_got_through ? 2 : 1;
	default:
		return 0;
	}
}

int verdict_severity(enum verdict v, enum connection c, enum basis b, int transport_is_tcp)
{
	int severity =
		severity_by_evidence(v, c == CONNECTION_ESTABLISHED || c == CONNECTION_TWO_WAY);
	int guessed = b == BASIS_POLICY || b == BASIS_PORT ||
		      (b == BASIS_FIRST_PACKET && transport_is_tcp);

	return guessed && severity > 1 ? severity - 1 : severity;
}
