/* Questions about what happened when: the order of events, and who listened. */
#include <stdio.h>

#include "store/coverage.h"
#include "store/questions.h"
#include "store/store_schema.h"

#define COUNT(column) (sizeof(column) / sizeof((column)[0]))

/* ---- timeline ---- */

static const struct answer_column timeline_column[] = {
	{"time", ANSWER_TIME, false},
	{"what", ANSWER_TEXT, false},
	{"appliance", ANSWER_TEXT, false},
	{"severity", ANSWER_SEVERITY, false},
	{"text", ANSWER_TEXT, false},
	{"finding", ANSWER_TEXT, true},
};

#define IN_WINDOW(time) time " BETWEEN ?1 AND ?2"
#define STOOD "connection IN ('established', 'midstream')"

/* Where each kind of event is from, and which are asked for. */
#define TOLD_OF                                                                                    \
	" AND (?3 IS NULL OR t.finding IN (SELECT id FROM finding WHERE appliance = ?3"            \
	" UNION ALL SELECT id FROM finding WHERE appliance IS NULL))"
#define TOLD                                                                                       \
	" FROM finding_told t CROSS JOIN finding f ON f.id = t.finding"                            \
	" WHERE " IN_WINDOW("t.at_ns") TOLD_OF
#define OF_PAIR " AND (?3 IS NULL OR one = ?3 OR other = ?3)"
#define BEGUN " FROM connection WHERE " IN_WINDOW("first_ns") OF_PAIR
#define OVER                                                                                       \
	" FROM connection WHERE " IN_WINDOW("last_ns") OF_PAIR                                     \
		" AND " STOOD " AND ending IS NOT NULL AND ending != 'end-of-capture'"
#define CHANGED                                                                                    \
	" FROM policy_change c JOIN policy p USING(hash) WHERE at_ns > 0 AND " IN_WINDOW("at_ns")
#define RUN_BEGUN " FROM run WHERE began_ns > 0 AND " IN_WINDOW("began_ns")
#define RUN_OVER " FROM run WHERE ending IS NOT NULL AND began_ns > 0 AND " IN_WINDOW("seen_ns")
#define NOTED " FROM note WHERE " IN_WINDOW("at_ns")
#define SEEN_TO " FROM acknowledgement WHERE " IN_WINDOW("at_ns")

/* Each part comes in the order of time from its index, and they are merged: what is behind the
 * limit is not read. */
static const char timeline_sql[] =
	"SELECT t.at_ns AS at, 'finding ' || t.state, f.appliance, t.severity,"
	" coalesce(f.appliance || ' ', '') || coalesce(f.direction || ' ', '') ||"
	" coalesce(f.port || ' ', '') || coalesce('with ' || f.peer || ': ', '') || t.message, "
	"f.id" TOLD " UNION ALL SELECT first_ns, 'connection ' || CASE WHEN " STOOD
	" THEN 'up' ELSE connection END, one, 0, one || ' and ' || other || ', ' || initiator ||"
	" ' to ' || responder || CASE WHEN " STOOD
	" THEN ' (' || connection || ')' ELSE '' END, ''" BEGUN
	" UNION ALL SELECT last_ns, 'connection over', one, 0, one || ' and ' || other ||"
	" ', ' || initiator || ' to ' || responder || ' (' || ending || ')', ''" OVER
	" UNION ALL SELECT at_ns, 'policy', NULL, 0, substr(hash, 1, 19) || ' (' || p.profile"
	" || ')', ''" CHANGED
	" UNION ALL SELECT began_ns, kind || ' begins', NULL, 0, coalesce(title, ''), ''" RUN_BEGUN
	" UNION ALL SELECT seen_ns, kind || ' ' || ending, NULL, 0,"
	" coalesce(title, ''), ''" RUN_OVER
	" UNION ALL SELECT at_ns, 'note', NULL, 0, author || ': ' || text, finding" NOTED
	" UNION ALL SELECT at_ns, 'acknowledged', NULL, 0, author, finding" SEEN_TO
	" ORDER BY 1 LIMIT ?13";

#define COUNT_OF(from) "(SELECT count(*)" from ")"
#define AND_OF(from) " + " COUNT_OF(from)

static const char timeline_count_sql[] =
	"SELECT " COUNT_OF(" FROM finding_told t WHERE " IN_WINDOW("t.at_ns") TOLD_OF) AND_OF(BEGUN)
		AND_OF(OVER) AND_OF(CHANGED) AND_OF(RUN_BEGUN) AND_OF(RUN_OVER) AND_OF(NOTED)
			AND_OF(SEEN_TO);

int ask_timeline(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	uint64_t all = 0;
	int error;

	answer_begin(a, timeline_column, COUNT(timeline_column));
	error = ask_state(r, f, a, timeline_sql, -1);
	if (error < 0 || a->limit == 0 || answer_rows(a) < a->limit)
		return error;
	error = ask_state_number(r, f, a, timeline_count_sql, &all);
	if (all > a->limit)
		a->more = all - a->limit;
	return error;
}

/* ---- coverage ---- */

static const struct answer_column coverage_column[] = {
	{"began", ANSWER_TIME, false},
	{"until", ANSWER_TIME, false},
	{"kind", ANSWER_TEXT, false},
	{"ending", ANSWER_TEXT, false},
	{"packets", ANSWER_NUMBER, false},
	{"monitored", ANSWER_NUMBER, false},
	{"lost", ANSWER_NUMBER, false},
	{"cut", ANSWER_NUMBER, false},
	{"not_judged", ANSWER_NUMBER, false},
	{"minutes_in_doubt", ANSWER_NUMBER, false},
	{"title", ANSWER_TEXT, false},
	{"host", ANSWER_TEXT, true},
	{"version", ANSWER_TEXT, true},
	{"site", ANSWER_TEXT, true},
};

int ask_coverage(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, coverage_column, COUNT(coverage_column));
	return ask_state(r, f, a,
		"SELECT r.began_ns, r.seen_ns, r.kind, coalesce(r.ending, 'running'), "
		"sum(m.frames),"
		" sum(m.monitored), sum(m.dropped), sum(m.truncated), sum(m.not_judged),"
		" sum(m.in_doubt), r.title, r.host, r.version, r.site"
		" FROM run r LEFT JOIN minute m ON m.run = r.id"
		" AND m.minute_ns > ?1 - 60000000000 AND m.minute_ns < ?2"
		" WHERE r.began_ns <= ?2 AND r.seen_ns >= ?1 GROUP BY r.id ORDER BY r.began_ns",
		-1);
}

/* ---- rhythm ---- */

static const struct answer_column rhythm_column[] = {
	{"appliance", ANSWER_TEXT, false},
	{"rule", ANSWER_TEXT, false},
	{"peer", ANSWER_TEXT, false},
	{"every", ANSWER_DURATION, false},
	{"jitter_percent", ANSWER_NUMBER, false},
	{"flows", ANSWER_NUMBER, false},
	{"first", ANSWER_TIME, false},
	{"last", ANSWER_TIME, false},
	{"new", ANSWER_TRUTH, false},
	{"bytes", ANSWER_BYTES, true},
	{"verdict", ANSWER_TEXT, true},
};

static const char rhythm_sql[] =
	"SELECT e.appliance, CASE e.rule WHEN '' THEN '(undocumented)' ELSE e.rule END, p.peer,"
	" CAST(1e9 * p.gap_sum / p.gaps AS INTEGER),"
	" CAST(100 * sqrt(max(p.gap_squares / p.gaps -"
	" (p.gap_sum / p.gaps) * (p.gap_sum / p.gaps), 0)) / (p.gap_sum / p.gaps) AS INTEGER),"
	" p.flows, p.first_ns, p.last_ns, p.first_ns >= ?1, p.bytes, e.verdict"
	" FROM peer p JOIN endpoint e ON e.id = p.endpoint"
	" WHERE" STORE_STARTED_TCP
	" AND p.last_ns >= ?1 AND p.first_ns <= ?2 AND" STORE_REGULAR_PEER
	" AND (?3 IS NULL OR e.appliance = ?3) ORDER BY p.first_ns < ?1, 5";

int ask_rhythm(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, rhythm_column, COUNT(rhythm_column));
	return ask_state(r, f, a, rhythm_sql, 2);
}
