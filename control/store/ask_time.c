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

static const char timeline_sql[] =
	"SELECT * FROM ("
	"SELECT t.at_ns AS at, 'finding ' || t.state, f.appliance AS appliance, t.severity,"
	" coalesce(f.appliance || ' ', '') || coalesce(f.direction || ' ', '') ||"
	" coalesce(f.port || ' ', '') || coalesce('with ' || f.peer || ': ', '') || t.message, f.id"
	" FROM finding_told t JOIN finding f ON f.id = t.finding"
	" UNION ALL SELECT first_ns, 'connection up', one, 0, one || ' and ' || other || ', ' ||"
	" initiator || ' to ' || responder || ' (' || connection || ')', ''"
	" FROM connection WHERE connection IN ('established', 'midstream')"
	" UNION ALL SELECT last_ns, 'connection over', one, 0, one || ' and ' || other || ', ' ||"
	" initiator || ' to ' || responder || ' (' || ending || ')', ''"
	" FROM connection WHERE connection IN ('established', 'midstream')"
	" AND ending IS NOT NULL AND ending != 'end-of-capture'"
	" UNION ALL SELECT first_ns, 'connection ' || connection, one, 0, one || ' and ' || other "
	"||"
	" ', ' || initiator || ' to ' || responder, ''"
	" FROM connection WHERE connection NOT IN ('established', 'midstream')"
	" UNION ALL SELECT at_ns, 'policy', NULL, 0, substr(hash, 1, 19) || ' (' || p.profile || "
	"')',"
	" '' FROM policy_change c JOIN policy p USING(hash) WHERE at_ns > 0"
	" UNION ALL SELECT began_ns, kind || ' begins', NULL, 0, coalesce(title, ''), ''"
	" FROM run WHERE began_ns > 0"
	" UNION ALL SELECT seen_ns, kind || ' ' || ending, NULL, 0, coalesce(title, ''), ''"
	" FROM run WHERE ending IS NOT NULL AND began_ns > 0"
	" UNION ALL SELECT at_ns, 'note', NULL, 0, author || ': ' || text, finding FROM note"
	" UNION ALL SELECT at_ns, 'acknowledged', NULL, 0, author, finding FROM acknowledgement)"
	" WHERE at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR appliance = ?3 OR appliance IS NULL)"
	" ORDER BY at";

int ask_timeline(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, timeline_column, COUNT(timeline_column));
	return ask_state(r, f, a, timeline_sql, -1);
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
