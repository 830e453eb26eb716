#include "store/questions.h"

static const struct answer_column column[] = {
	{"severity", ANSWER_SEVERITY, false},
	{"id", ANSWER_TEXT, false},
	{"state", ANSWER_TEXT, false},
	{"appliance", ANSWER_TEXT, false},
	{"direction", ANSWER_TEXT, false},
	{"port", ANSWER_TEXT, false},
	{"peer", ANSWER_TEXT, false},
	{"verdict", ANSWER_TEXT, false},
	{"connection", ANSWER_TEXT, true},
	{"flows", ANSWER_NUMBER, false},
	{"packets", ANSWER_NUMBER, true},
	{"bytes", ANSWER_BYTES, true},
	{"first", ANSWER_TIME, false},
	{"last", ANSWER_TIME, false},
	{"about", ANSWER_TEXT, false},
	{"message", ANSWER_TEXT, true},
	{"family", ANSWER_TEXT, true},
	{"rule", ANSWER_TEXT, true},
	{"inconclusive", ANSWER_TRUTH, true},
	{"acknowledged", ANSWER_TRUTH, true},
	{"notes", ANSWER_NUMBER, true},
	{"packets_kept", ANSWER_NUMBER, true},
};

/* `about` says what no other column does: of a relation or the baseline, the message behind the
 * appliance's name. Withdrawn ones are not shown unless they are asked for. */
static const char sql[] =
	"SELECT severity, id, CASE WHEN a.finding IS NULL THEN state ELSE state || '+ack' END,"
	" appliance, direction, port, peer, verdict, connection, flows, packets, bytes, first_ns, "
	"last_ns, CASE WHEN family IN ('relation', 'baseline') THEN"
	" substr(message, CASE WHEN appliance IS NOT NULL AND message LIKE appliance || ': %'"
	" THEN length(appliance) + 3 ELSE 1 END) END, message,"
	" family, rule, inconclusive, a.finding IS NOT NULL,"
	" (SELECT count(*) FROM note n WHERE n.finding = f.id),"
	" (SELECT sum(packets) FROM evidence e WHERE e.finding = f.id)"
	" FROM finding f LEFT JOIN acknowledgement a ON a.finding = f.id"
	" WHERE last_ns >= ?1 AND first_ns <= ?2 AND (?3 IS NULL OR appliance = ?3)"
	" AND (?4 IS NULL OR port = ?4 OR port LIKE ?4 || '/%') AND (?5 IS NULL OR verdict = ?5)"
	" AND (CASE WHEN ?6 IS NULL THEN state != 'withdrawn'"
	"      WHEN ?6 = 'acknowledged' THEN a.finding IS NOT NULL"
	"      WHEN ?6 = 'open' THEN a.finding IS NULL AND state NOT IN ('withdrawn', 'ended')"
	"      ELSE state = ?6 END)"
	" AND (?7 IS NULL OR id = ?7)"
	" ORDER BY severity DESC, last_ns DESC";

#define PEER_COLUMN 6

int ask_findings(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, column, sizeof(column) / sizeof(column[0]));
	return ask_state(r, f, a, sql, PEER_COLUMN);
}
