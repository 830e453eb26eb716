/* Questions about rows of the policy and who used them: from sums, never from flows. */
#include "store/questions.h"

#include <string.h>

#define COUNT(column) (sizeof(column) / sizeof((column)[0]))

/* ---- new ---- */

static const struct answer_column new_column[] = {
	{"what", ANSWER_TEXT, false},
	{"first", ANSWER_TIME, false},
	{"appliance", ANSWER_TEXT, false},
	{"direction", ANSWER_TEXT, false},
	{"rule", ANSWER_TEXT, false},
	{"peer", ANSWER_TEXT, false},
	{"service", ANSWER_TEXT, false},
	{"verdict", ANSWER_TEXT, false},
	{"flows", ANSWER_NUMBER, false},
	{"last", ANSWER_TIME, false},
	{"bytes", ANSWER_BYTES, true},
};

/* An endpoint's first peer is always remembered: only new ones are summed up, over the window.
 * A peer that the appliance had on another rule before is new on this one all the same; a rule that
 * is new is not told again for each of its peers' services. */
#define NEW(sums, time, unit)                                                                      \
	"SELECT * FROM ("                                                                          \
	"SELECT 'rule' AS what, h.first_ns AS first, e.appliance AS appliance, e.direction,"       \
	" e.rule, '', '', e.verdict AS verdict, h.flows, h.last_ns, h.bytes"                       \
	" FROM (SELECT endpoint, min(first_ns) AS first_ns, max(last_ns) AS last_ns,"              \
	"  sum(flows) AS flows, sum(bytes_sent + bytes_received) AS bytes FROM " sums              \
	"  WHERE " time " > ?1 - " unit " AND endpoint IN"                                         \
	"   (SELECT endpoint FROM peer GROUP BY endpoint HAVING min(first_ns) >= ?1)"              \
	"  GROUP BY endpoint) h JOIN endpoint e ON e.id = h.endpoint"                              \
	" UNION ALL SELECT 'peer', p.first_ns, e.appliance, e.direction, e.rule, p.peer, '',"      \
	" e.verdict, p.flows, p.last_ns, p.bytes FROM peer p JOIN endpoint e ON e.id = p.endpoint" \
	" UNION ALL SELECT 'service', s.first_ns, e.appliance, e.direction, e.rule, '', "          \
	"s.service,"                                                                               \
	" e.verdict, s.flows, s.last_ns, 0 FROM spoken s JOIN endpoint e ON e.id = s.endpoint)"    \
	" WHERE first >= ?1 AND first <= ?2 AND (?3 IS NULL OR appliance = ?3)"                    \
	" AND (?5 IS NULL OR verdict = ?5) ORDER BY what = 'service', what = 'rule', first DESC"

/* All that a new endpoint ever carried is of the window, so whole weeks tell it. */
static const char new_sql[] = NEW("weekly", "week_ns", "604800000000000");
static const char hours_new_sql[] = NEW("hourly", "hour_ns", "3600000000000");

int ask_new(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, new_column, COUNT(new_column));
	if (f->since_ns <= r->first_ns)
		answer_note(
			a, "the window begins with the store, so everything is new: give --since");
	return ask_state(r, f, a, r->has_days ? new_sql : hours_new_sql, 5);
}

/* ---- silent ---- */

static const struct answer_column silent_column[] = {
	{"appliance", ANSWER_TEXT, false},
	{"direction", ANSWER_TEXT, false},
	{"rule", ANSWER_TEXT, false},
	{"features", ANSWER_TEXT, false},
	{"last", ANSWER_TIME, false},
	{"silent_for", ANSWER_DURATION, false},
	{"usual_packets_an_hour", ANSWER_NUMBER, false},
	{"packets_in_window", ANSWER_NUMBER, false},
	{"hours_before", ANSWER_NUMBER, true},
};

/* Four weeks: what was usual before is not usual now. */
#define HISTORY_NS "2419200000000000"

/* A row is usual where it was used in at least six hours before the window, and in half of the
 * hours between its first use in the four weeks before and the window: then less than a tenth of
 * its usual packets is silence. The hour in which the window begins counts for neither. */
#define SILENT_IN_WINDOW                                                                           \
	"b.hours >= 6 AND b.hours * 2 >= (?1 - b.first) / 3600000000000"                           \
	" AND s.packets * 10 < b.all_packets / b.hours * max((?2 - ?1) / 3600000000000, 1)"        \
	" AND ?2 - s.last >= 3600000000000"

/* So is six hours without a packet up to the window's end, where a row was as usual until it
 * stopped within the window, and ten packets would have been usual in that time. */
#define STOPPED_IN_WINDOW                                                                          \
	"s.last >= ?1 AND s.hours >= 6 AND s.hours * 2 >= (s.last - s.first) / 3600000000000"      \
	" AND ?2 - s.last >= 21600000000000"                                                       \
	" AND s.all_packets / s.hours * ((?2 - s.last) / 3600000000000) >= 10"

/* clang-format off */
#define USED_ROWS(columns, where)                                                                  \
	"SELECT e.appliance AS appliance, e.direction AS direction, e.rule AS rule,"               \
	" e.features AS features, count(DISTINCT h.hour_ns) AS hours, min(h.first_ns) AS first,"   \
	" sum(h.packets_sent + h.packets_received) AS all_packets" columns                         \
	" FROM hourly h JOIN endpoint e ON e.id = h.endpoint WHERE " where                         \
	" AND h.hour_ns >= ?1 - " HISTORY_NS " AND e.rule != ''"                                   \
	" AND e.verdict IN ('expected', 'implied') GROUP BY 1, 2, 3"
/* clang-format on */

#define USED_BEFORE USED_ROWS("", "h.hour_ns + 3600000000000 <= ?1")
#define USED_SINCE                                                                                 \
	USED_ROWS(", max(min(h.last_ns, ?2)) AS last, sum(CASE WHEN h.hour_ns >= ?1"               \
		  " AND h.hour_ns < ?2 THEN h.packets_sent + h.packets_received ELSE 0 END)"       \
		  " AS packets",                                                                   \
		"h.hour_ns < ?2")

static const char silent_sql[] =
	"WITH before AS (" USED_BEFORE "), since AS (" USED_SINCE ")"
	" SELECT s.appliance, s.direction, s.rule, s.features, s.last, ?2 - s.last,"
	" coalesce(b.all_packets / b.hours, s.all_packets / s.hours), s.packets,"
	" coalesce(b.hours, s.hours)"
	" FROM since s LEFT JOIN before b USING(appliance, direction, rule)"
	" WHERE (" SILENT_IN_WINDOW " OR " STOPPED_IN_WINDOW ")"
	" AND (?3 IS NULL OR s.appliance = ?3) ORDER BY ?2 - s.last DESC";

#define USUAL_NEEDS_NS 43200000000000ull /* six hours of use, six of silence */

int ask_silent(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, silent_column, COUNT(silent_column));
	if (f->until_ns - r->first_ns < USUAL_NEEDS_NS)
		answer_note(a, "this store is too young to know what is usual (12 h): findings "
			       "--verdict fell-silent has rows that stopped");
	return ask_state(r, f, a, silent_sql, -1);
}

/* ---- the parts of a window (struct sum_window) ---- */

#define UNION " UNION ALL "

/* Whole weeks, whole days beside them, and the hours at both ends. */
#define WHOLE(of)                                                                                  \
	of("weekly", "week_ns >= ?11 AND week_ns < ?12")                                           \
		UNION of("daily", "day_ns >= ?9 AND day_ns < ?11")                                 \
			UNION of("daily", "day_ns >= ?12 AND day_ns < ?10")
#define ENDS(of)                                                                                   \
	of("hour_ns > ?1 - 3600000000000 AND hour_ns < ?9")                                        \
		UNION of("hour_ns >= ?10 AND hour_ns <= ?2")

/* Without longer sums. */
#define ALL_HOURS "hour_ns > ?1 - 3600000000000 AND hour_ns <= ?2"

/* ---- matrix ---- */

static const struct answer_column matrix_column[] = {
	{"appliance", ANSWER_TEXT, false},
	{"direction", ANSWER_TEXT, false},
	{"rule", ANSWER_TEXT, false},
	{"state", ANSWER_TEXT, false},
	{"flows", ANSWER_NUMBER, false},
	{"violations", ANSWER_NUMBER, false},
	{"first", ANSWER_TIME, false},
	{"last", ANSWER_TIME, false},
	{"last_violation", ANSWER_TIME, false},
	{"bytes_sent", ANSWER_BYTES, true},
	{"bytes_received", ANSWER_BYTES, true},
	{"features", ANSWER_TEXT, true},
};

#define BELONGS "e.verdict IN ('expected', 'implied', 'not-covered')"

#define SUMS(table, where)                                                                         \
	"SELECT endpoint, sum(flows) AS flows, min(first_ns) AS first_ns,"                         \
	" max(last_ns) AS last_ns, sum(bytes_sent) AS bytes_sent,"                                 \
	" sum(bytes_received) AS bytes_received FROM " table " WHERE " where " GROUP BY endpoint"

#define HOURS(where) SUMS("hourly", "last_ns >= ?1 AND first_ns <= ?2 AND " where)

#define MATRIX(sums)                                                                               \
	"SELECT e.appliance, e.direction, CASE e.rule WHEN '' THEN '(undocumented)' ELSE e.rule "  \
	"END,"                                                                                     \
	" CASE WHEN max(CASE WHEN " BELONGS " THEN 0 ELSE h.last_ns END) >"                        \
	"  max(CASE WHEN " BELONGS " THEN h.last_ns ELSE 0 END) THEN 'violated' ELSE 'used' END"   \
	" AS state,"                                                                               \
	" sum(CASE WHEN " BELONGS " THEN h.flows ELSE 0 END),"                                     \
	" sum(CASE WHEN " BELONGS " THEN 0 ELSE h.flows END),"                                     \
	" min(h.first_ns), max(CASE WHEN " BELONGS " THEN h.last_ns ELSE 0 END),"                  \
	" max(CASE WHEN " BELONGS " THEN 0 ELSE h.last_ns END), sum(h.bytes_sent),"                \
	" sum(h.bytes_received), e.features"                                                       \
	" FROM (" sums ") h JOIN endpoint e ON e.id = h.endpoint"                                  \
	" WHERE ?3 IS NULL OR e.appliance = ?3"                                                    \
	" GROUP BY e.appliance, e.direction, e.rule HAVING ?6 IS NULL OR ?6 = state"               \
	" ORDER BY e.appliance, e.direction, e.rule"

static const char matrix_sql[] = MATRIX(WHOLE(SUMS) UNION ENDS(HOURS));
static const char hours_matrix_sql[] = MATRIX(HOURS(ALL_HOURS));

/* Rows of the last policy and the appliances of their role; a port has several rows, one a
 * feature. A site's own profile of an appliance is not in the policy's text. */
static const char never_sql[] =
	"WITH row AS (SELECT json_extract(j.value, '$.id') AS rule,"
	"  json_extract(j.value, '$.role') AS role, json_extract(j.value, '$.direction') AS "
	"direction,"
	"  group_concat(json_extract(j.value, '$.feature'), ', ') AS features"
	"  FROM json_each((SELECT p.text FROM policy_change c JOIN policy p ON p.hash = c.hash"
	"   ORDER BY c.at_ns DESC LIMIT 1), '$.rules') j"
	"  WHERE json_extract(j.value, '$.enabled')"
	"  AND json_extract(j.value, '$.status') != 'implied' GROUP BY 1)"
	" SELECT a.name, row.direction, row.rule, 'never', 0, 0, 0, 0, 0, 0, 0, row.features"
	" FROM appliance a JOIN row ON row.role = a.role"
	" WHERE (?3 IS NULL OR a.name = ?3) AND NOT EXISTS (SELECT 1 FROM endpoint e"
	"  JOIN hourly h ON h.endpoint = e.id WHERE e.appliance = a.name AND e.rule = row.rule"
	"  AND h.hour_ns > ?1 - 3600000000000 AND h.hour_ns <= ?2"
	"  AND h.last_ns >= ?1 AND h.first_ns <= ?2)"
	" ORDER BY 1, 2, 3";

int ask_matrix(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, matrix_column, COUNT(matrix_column));
	if (f->state && strcmp(f->state, "never") == 0)
		return ask_state(r, f, a, never_sql, -1);
	if (!f->state)
		answer_note(a, "a row that is not listed was never used by that appliance in the "
			       "window: --state never lists these");
	return ask_state(r, f, a, r->has_days ? matrix_sql : hours_matrix_sql, -1);
}

/* ---- cells ---- */

static const struct answer_column cell_column[] = {
	{"appliance", ANSWER_TEXT, false},
	{"rule", ANSWER_TEXT, false},
	{"last", ANSWER_TIME, false},
	{"flows", ANSWER_NUMBER, false},
	{"violations", ANSWER_NUMBER, false},
	{"used", ANSWER_TRUTH, false},
};

#define CELLS(sums)                                                                                \
	"SELECT e.appliance, e.rule, max(h.last_ns), sum(h.flows),"                                \
	" sum(CASE WHEN " BELONGS " THEN 0 ELSE h.flows END), max(h.used)"                         \
	" FROM (" sums ") h JOIN endpoint e ON e.id = h.endpoint"                                  \
	" WHERE e.rule != '' AND (?3 IS NULL OR e.appliance = ?3) GROUP BY e.appliance, e.rule"

#define USED(table, where)                                                                         \
	"SELECT endpoint, max(last_ns) AS last_ns, sum(flows) AS flows, 1 AS used FROM " table     \
	" WHERE " where " GROUP BY endpoint"
#define BEFORE(table, where)                                                                       \
	"SELECT endpoint, max(last_ns) AS last_ns, 0 AS flows, 0 AS used FROM " table              \
	" WHERE " where " GROUP BY endpoint"
#define USED_HOURS(where) USED("hourly", "last_ns >= ?1 AND first_ns <= ?2 AND " where)

#define ALL_BEFORE                                                                                 \
	BEFORE("weekly", "week_ns < ?15")                                                          \
	UNION BEFORE("daily", "day_ns >= ?15 AND day_ns < ?14")                                    \
		UNION BEFORE("hourly", "hour_ns >= ?14 AND hour_ns < ?1 AND last_ns <= ?1")

static const char cells_sql[] = CELLS(ALL_BEFORE UNION WHOLE(USED) UNION ENDS(USED_HOURS));
static const char hours_cells_sql[] =
	CELLS(BEFORE("hourly", "hour_ns < ?1 AND last_ns <= ?1") UNION USED_HOURS(ALL_HOURS));

int ask_cells(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, cell_column, COUNT(cell_column));
	return ask_state(r, f, a, r->has_days ? cells_sql : hours_cells_sql, -1);
}

/* ---- exposed ---- */

static const struct answer_column exposed_column[] = {
	{"appliance", ANSWER_TEXT, false},
	{"what", ANSWER_TEXT, false},
	{"peer", ANSWER_TEXT, false},
	{"port", ANSWER_TEXT, false},
	{"flows", ANSWER_NUMBER, false},
	{"first", ANSWER_TIME, false},
	{"last", ANSWER_TIME, false},
};

int ask_exposed(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, exposed_column, COUNT(exposed_column));
	return ask_state(r, f, a,
		"SELECT appliance, what, peer, port, flows, first_ns, last_ns FROM exposure"
		" WHERE last_ns >= ?1 AND first_ns <= ?2 AND (?3 IS NULL OR appliance = ?3)"
		" AND (?4 IS NULL OR port = ?4 OR port LIKE ?4 || '/%') ORDER BY what, appliance, "
		"last_ns DESC",
		2);
}

/* ---- reached ---- */

static const struct answer_column reached_column[] = {
	{"peer", ANSWER_TEXT, false},
	{"appliance", ANSWER_TEXT, false},
	{"rule", ANSWER_TEXT, false},
	{"verdict", ANSWER_TEXT, false},
	{"flows", ANSWER_NUMBER, false},
	{"bytes", ANSWER_BYTES, false},
	{"first", ANSWER_TIME, false},
	{"last", ANSWER_TIME, false},
};

/* A rule's id has its port: `role/direction/port/transport`. */
int ask_reached(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	answer_begin(a, reached_column, COUNT(reached_column));
	return ask_state(r, f, a,
		"SELECT p.peer, e.appliance, CASE e.rule WHEN '' THEN '(undocumented)' ELSE e.rule "
		"END,"
		" e.verdict, p.flows, p.bytes, p.first_ns, p.last_ns"
		" FROM peer p JOIN endpoint e ON e.id = p.endpoint"
		" WHERE e.direction = 'inbound' AND p.last_ns >= ?1 AND p.first_ns <= ?2"
		" AND (?3 IS NULL OR e.appliance = ?3)"
		" AND (?4 IS NULL OR e.rule LIKE '%/' || ?4 OR e.rule LIKE '%/' || ?4 || '/%')"
		" AND (?5 IS NULL OR e.verdict = ?5) ORDER BY p.last_ns DESC",
		0);
}
