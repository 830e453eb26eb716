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

int verdict_severity(enum verdict v, int got_through, int in_doubt)
{
	int severity = severity_by_evidence(v, got_through);

	return in_doubt && severity > SEVERITY_LOW ? severity - 1 : severity;
}
