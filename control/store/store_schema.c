#include "store/store_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/database.h"

/* Both kinds have it: an appliance's end of flows. `rule` is '' where none is documented. */
#define ENDPOINT_TABLE                                                                             \
	"CREATE TABLE endpoint("                                                                   \
	" id INTEGER PRIMARY KEY, appliance TEXT NOT NULL, role TEXT NOT NULL,"                    \
	" direction TEXT NOT NULL, rule TEXT NOT NULL, features TEXT NOT NULL,"                    \
	" verdict TEXT NOT NULL, UNIQUE(appliance, direction, rule, verdict));"

/* What an appliance's end of flows carried in an hour, a day, a week. */
#define SUMS_TABLE(name, time)                                                                     \
	"CREATE TABLE " name "("                                                                   \
	" " time " INTEGER NOT NULL, endpoint INTEGER NOT NULL, flows INTEGER NOT NULL,"           \
	" packets_sent INTEGER NOT NULL, bytes_sent INTEGER NOT NULL,"                             \
	" packets_received INTEGER NOT NULL, bytes_received INTEGER NOT NULL,"                     \
	" first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"                                    \
	" PRIMARY KEY(" time ", endpoint)) WITHOUT ROWID;"

#define MINUTE_NUMBERS                                                                             \
	" frames INTEGER NOT NULL, bytes INTEGER NOT NULL, monitored INTEGER NOT NULL,"            \
	" flagged INTEGER NOT NULL, dropped INTEGER NOT NULL, truncated INTEGER NOT NULL,"         \
	" not_judged INTEGER NOT NULL, in_doubt INTEGER NOT NULL,"

#define SIDES_TABLE(name)                                                                          \
	"CREATE TABLE " name "(" /* TCP flows with data by how many of their sides were seen */    \
	" minute_ns INTEGER PRIMARY KEY, both INTEGER NOT NULL, one INTEGER NOT NULL);"

/* Longer sums, so that a window of weeks does not read each hour and minute, and what the timeline
 * looks for by time. */
#define STATE_VERSION_2                                                                            \
	SUMS_TABLE("daily", "day_ns")                                                              \
	SUMS_TABLE("weekly", "week_ns")                                                            \
	"CREATE TABLE day(day_ns INTEGER NOT NULL, run INTEGER NOT NULL," MINUTE_NUMBERS           \
	" PRIMARY KEY(day_ns, run)) WITHOUT ROWID;"                                                \
	"CREATE INDEX finding_by_appliance ON finding(appliance, id);"                             \
	"CREATE INDEX told_by_time ON finding_told(at_ns);"                                        \
	"CREATE INDEX connection_by_first ON connection(first_ns);"                                \
	"CREATE INDEX connection_by_last ON connection(last_ns, connection, ending);"

static const char *const state_schema[] = {
	"CREATE TABLE run(" /* a sensor's or a replay's life */
	" id INTEGER PRIMARY KEY, kind TEXT NOT NULL, began_ns INTEGER NOT NULL,"
	" seen_ns INTEGER NOT NULL,"	  /* the last minute that was written */
	" ended_ns INTEGER, ending TEXT," /* stopped, failed, unclean; NULL while it runs */
	" host TEXT, version TEXT, site TEXT, title TEXT, warmup_ns INTEGER);"
	"CREATE TABLE policy(hash TEXT PRIMARY KEY, profile TEXT, text TEXT) WITHOUT ROWID;"
	"CREATE TABLE policy_change(at_ns INTEGER NOT NULL, run INTEGER NOT NULL, hash TEXT NOT "
	"NULL,"
	" PRIMARY KEY(run, at_ns)) WITHOUT ROWID;" ENDPOINT_TABLE
	"CREATE TABLE appliance(" /* of the last policy */
	" name TEXT PRIMARY KEY, role TEXT NOT NULL,"
	" addresses TEXT NOT NULL, seen_ns INTEGER NOT NULL) WITHOUT ROWID;",
	SUMS_TABLE("hourly", "hour_ns"),
	"CREATE TABLE peer("
	" endpoint INTEGER NOT NULL, peer TEXT NOT NULL, first_ns INTEGER NOT NULL,"
	" last_ns INTEGER NOT NULL, flows INTEGER NOT NULL, packets INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL," /* and between the starts of flows, seconds: */
	" start_ns INTEGER NOT NULL, gaps INTEGER NOT NULL, gap_sum REAL NOT NULL,"
	" gap_squares REAL NOT NULL, PRIMARY KEY(endpoint, peer)) WITHOUT ROWID;"
	"CREATE INDEX peer_by_first ON peer(first_ns);"
	"CREATE TABLE spoken(" /* services by endpoint */
	" endpoint INTEGER NOT NULL, service TEXT NOT NULL, first_ns INTEGER NOT NULL,"
	" last_ns INTEGER NOT NULL, flows INTEGER NOT NULL,"
	" PRIMARY KEY(endpoint, service)) WITHOUT ROWID;"
	"CREATE TABLE exposure("
	" appliance TEXT NOT NULL, what TEXT NOT NULL, peer TEXT NOT NULL, port TEXT NOT NULL,"
	" first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, flows INTEGER NOT NULL,"
	" PRIMARY KEY(appliance, what, peer, port)) WITHOUT ROWID;",
	"CREATE TABLE finding("
	" id TEXT PRIMARY KEY, family TEXT NOT NULL," /* flow, evasion, relation, baseline */
	" state TEXT NOT NULL, reason TEXT, severity INTEGER NOT NULL,"
	" first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, told_ns INTEGER NOT NULL,"
	" appliance TEXT, peer TEXT, direction TEXT, port TEXT, verdict TEXT, connection TEXT,"
	" rule TEXT, flows INTEGER NOT NULL, members INTEGER NOT NULL, inconclusive INTEGER NOT "
	"NULL,"
	" message TEXT NOT NULL, policy TEXT, document TEXT,"
	" packets INTEGER NOT NULL, bytes INTEGER NOT NULL);" /* of its flows that ended */
	"CREATE INDEX finding_by_time ON finding(last_ns);"
	"CREATE INDEX finding_by_number ON finding(substr(id, -16));" /* as segments have it */
	"CREATE TABLE finding_told("
	" finding TEXT NOT NULL, at_ns INTEGER NOT NULL, state TEXT NOT NULL,"
	" severity INTEGER NOT NULL, flows INTEGER NOT NULL, message TEXT NOT NULL,"
	" PRIMARY KEY(finding, at_ns, state)) WITHOUT ROWID;"
	"CREATE TABLE note(id INTEGER PRIMARY KEY, finding TEXT NOT NULL, at_ns INTEGER NOT NULL,"
	" author TEXT NOT NULL, text TEXT NOT NULL);"
	"CREATE TABLE acknowledgement(finding TEXT PRIMARY KEY, at_ns INTEGER NOT NULL,"
	" author TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE evidence(finding TEXT NOT NULL, file TEXT NOT NULL, first_offset INTEGER NOT "
	"NULL,"
	" packets INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" PRIMARY KEY(finding, file)) WITHOUT ROWID;"
	"CREATE TABLE connection(" /* of appliance communications: what channels are made of */
	" one TEXT NOT NULL, other TEXT NOT NULL, initiator TEXT NOT NULL, responder TEXT NOT NULL,"
	" first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, connection TEXT NOT NULL,"
	" ending TEXT, reason TEXT NOT NULL, tls TEXT NOT NULL,"
	" PRIMARY KEY(one, other, initiator, responder, first_ns)) WITHOUT ROWID;"
	"CREATE TABLE certificate(" /* leaves of both ends of channels, seen in clear */
	" one TEXT NOT NULL, other TEXT NOT NULL, holder TEXT NOT NULL, fingerprint TEXT NOT NULL,"
	" issuer TEXT NOT NULL, subject TEXT NOT NULL, not_before_ns INTEGER NOT NULL,"
	" not_after_ns INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"
	" PRIMARY KEY(one, other, holder, fingerprint)) WITHOUT ROWID;"
	"CREATE TABLE minute(minute_ns INTEGER NOT NULL, run INTEGER NOT NULL," MINUTE_NUMBERS
	" PRIMARY KEY(minute_ns, run)) WITHOUT ROWID;",
	SIDES_TABLE("sides"),
	"CREATE TABLE mirror(" /* what was wrong with the mirror */
	" run INTEGER NOT NULL, kind TEXT NOT NULL, first_ns INTEGER NOT NULL,"
	" last_ns INTEGER NOT NULL, what TEXT NOT NULL, remedy TEXT NOT NULL,"
	" PRIMARY KEY(run, kind, first_ns)) WITHOUT ROWID;"
	"CREATE TABLE sink(at_ns INTEGER NOT NULL, run INTEGER NOT NULL, name TEXT NOT NULL,"
	" state TEXT NOT NULL, delivered INTEGER NOT NULL, dropped INTEGER NOT NULL,"
	" PRIMARY KEY(name, at_ns)) WITHOUT ROWID;"
	"CREATE TABLE lost(run INTEGER NOT NULL, what TEXT NOT NULL, first_ns INTEGER NOT NULL,"
	" last_ns INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY(run, what)) WITHOUT ROWID;",
	STATE_VERSION_2, NULL};

/* From the shorter sums, row by row: to group them, millions would be sorted in memory. */
#define LONGER_SUMS(name, start, from)                                                             \
	"INSERT INTO " name " SELECT " start ", endpoint, flows, packets_sent, bytes_sent,"        \
	" packets_received, bytes_received, first_ns, last_ns FROM " from " WHERE true"            \
	" ON CONFLICT DO UPDATE SET flows = flows + excluded.flows,"                               \
	" packets_sent = packets_sent + excluded.packets_sent,"                                    \
	" bytes_sent = bytes_sent + excluded.bytes_sent,"                                          \
	" packets_received = packets_received + excluded.packets_received,"                        \
	" bytes_received = bytes_received + excluded.bytes_received,"                              \
	" first_ns = min(first_ns, excluded.first_ns),"                                            \
	" last_ns = max(last_ns, excluded.last_ns);"

#define DAYS LONGER_SUMS("daily", "hour_ns - hour_ns % 86400000000000", "hourly")
#define WEEKS                                                                                      \
	LONGER_SUMS("weekly", "max(day_ns - (day_ns + 259200000000000) % 604800000000000, 0)",     \
		"daily")
#define DAYS_OF_MINUTES                                                                            \
	"INSERT INTO day SELECT minute_ns - minute_ns % 86400000000000, run, frames, bytes,"       \
	" monitored, flagged, dropped, truncated, not_judged, in_doubt FROM minute WHERE true"     \
	" ON CONFLICT DO UPDATE SET frames = frames + excluded.frames,"                            \
	" bytes = bytes + excluded.bytes, monitored = monitored + excluded.monitored,"             \
	" flagged = flagged + excluded.flagged, dropped = dropped + excluded.dropped,"             \
	" truncated = truncated + excluded.truncated,"                                             \
	" not_judged = not_judged + excluded.not_judged,"                                          \
	" in_doubt = in_doubt + excluded.in_doubt;"
#define SIDES_BY_TEN                                                                               \
	SIDES_TABLE("sides_by_ten")                                                                \
	"INSERT INTO sides_by_ten SELECT minute_ns - minute_ns % 600000000000, both, one"          \
	" FROM sides WHERE true"                                                                   \
	" ON CONFLICT DO UPDATE SET both = both + excluded.both, one = one + excluded.one;"        \
	"DROP TABLE sides; ALTER TABLE sides_by_ten RENAME TO sides;"

static const char *const state_migration[] = {
	STATE_VERSION_2 DAYS WEEKS DAYS_OF_MINUTES SIDES_BY_TEN};

/* An address as text, in SQL. */
/* clang-format off */
#define IPV4_TEXT(a)                                                                               \
	"(" a " >> 24) || '.' || ((" a " >> 16) & 255) || '.' || ((" a " >> 8) & 255)"              \
	" || '.' || (" a " & 255)"
#define GROUP(a, at) "substr(hex(" a ")," #at ",4)"
#define IPV6_TEXT(a)                                                                               \
	"lower(" GROUP(a, 1) " || ':' || " GROUP(a, 5) " || ':' || " GROUP(a, 9) " || ':' || "     \
	GROUP(a, 13) " || ':' || " GROUP(a, 17) " || ':' || " GROUP(a, 21) " || ':' || "           \
	GROUP(a, 25) " || ':' || " GROUP(a, 29) ")"
#define ADDRESS_TEXT(a)                                                                            \
	"CASE typeof(" a ") WHEN 'integer' THEN " IPV4_TEXT(a) " ELSE " IPV6_TEXT(a) " END"

/* An IPv4 address is a number, an IPv6 address 16 bytes; a finding the number at the end of its
 * id. */
static const char *const segment_schema[] = {
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	ENDPOINT_TABLE
	"CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
	"CREATE TABLE flow("
	" start_ns INTEGER NOT NULL, duration_ns INTEGER NOT NULL,"
	" initiator NOT NULL, initiator_port INTEGER, responder NOT NULL, responder_port INTEGER,"
	" protocol INTEGER NOT NULL, initiator_end INTEGER, responder_end INTEGER,"
	" verdict INTEGER NOT NULL, connection INTEGER NOT NULL, basis INTEGER NOT NULL,"
	" severity INTEGER NOT NULL, service INTEGER, service_basis INTEGER NOT NULL,"
	" ending INTEGER NOT NULL, packets_sent INTEGER NOT NULL, bytes_sent INTEGER NOT NULL,"
	" packets_received INTEGER NOT NULL, bytes_received INTEGER NOT NULL,"
	" finding INTEGER, evasions INTEGER, vlan INTEGER, name INTEGER, history INTEGER);",
	"CREATE VIEW flows AS SELECT"
	" f.rowid AS id,"
	" strftime('%Y-%m-%dT%H:%M:%S', f.start_ns / 1000000000, 'unixepoch')"
	"  || printf('.%09dZ', f.start_ns % 1000000000) AS start,"
	" f.duration_ns / 1e9 AS seconds, "
	ADDRESS_TEXT("f.initiator") " AS initiator, f.initiator_port, "
	ADDRESS_TEXT("f.responder") " AS responder, f.responder_port, f.protocol,"
	" i.appliance AS initiator_appliance, i.rule AS initiator_rule,"
	" r.appliance AS responder_appliance, r.rule AS responder_rule,"
	" (SELECT text FROM word WHERE id = f.verdict) AS verdict,"
	" (SELECT text FROM word WHERE id = f.connection) AS connection,"
	" (SELECT text FROM word WHERE id = f.basis) AS initiator_basis, f.severity,"
	" (SELECT text FROM word WHERE id = f.service) AS service,"
	" (SELECT text FROM word WHERE id = f.service_basis) AS service_basis,"
	" (SELECT text FROM word WHERE id = f.ending) AS ending,"
	" f.packets_sent, f.bytes_sent, f.packets_received, f.bytes_received,"
	" CASE WHEN f.finding IS NULL THEN NULL ELSE printf('%016x', f.finding) END AS finding,"
	" f.vlan, (SELECT text FROM word WHERE id = f.name) AS name,"
	" (SELECT text FROM word WHERE id = f.history) AS history"
	" FROM flow f LEFT JOIN endpoint i ON i.id = f.initiator_end"
	" LEFT JOIN endpoint r ON r.id = f.responder_end;",
	NULL};
/* clang-format on */

const char segment_indices[] =
	"CREATE INDEX IF NOT EXISTS flow_by_initiator ON flow(initiator);"
	"CREATE INDEX IF NOT EXISTS flow_by_responder ON flow(responder);"
	"CREATE INDEX IF NOT EXISTS flow_by_finding ON flow(finding) WHERE finding IS NOT NULL;"
	"ANALYZE;"
	"INSERT OR REPLACE INTO meta SELECT 'first_ns', min(start_ns) FROM flow;"
	"INSERT OR REPLACE INTO meta SELECT 'last_ns', max(start_ns + duration_ns) FROM flow;"
	"INSERT OR REPLACE INTO meta VALUES('sealed', 1);";

/* 'ptlS' and 'ptlF'. */
const struct database_kind state_kind = {
	"state file", 0x70746c53, 2, state_schema, state_migration};
const struct database_kind segment_kind = {"flow segment", 0x70746c46, 1, segment_schema, NULL};

void segment_name(uint64_t time_ns, char name[SEGMENT_NAME_BYTES])
{
	time_t seconds = (time_t)(time_ns / 1000000000u);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(name, SEGMENT_NAME_BYTES, "flows-%Y%m%dT%H.db", &tm);
}

uint64_t segment_hour_ns(const char *name)
{
	struct tm tm = {.tm_isdst = 0};
	char again[SEGMENT_NAME_BYTES];
	uint64_t ns;

	if (sscanf(name, "flows-%4d%2d%2dT%2d.db", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		    &tm.tm_hour) != 4)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	ns = (uint64_t)timegm(&tm) * 1000000000u;
	segment_name(ns, again);
	return strcmp(again, name) == 0 ? ns : 0;
}

int64_t finding_number(const char *id)
{
	const char *dash = strrchr(id, '-');

	return dash ? (int64_t)strtoull(dash + 1, NULL, 16) : 0;
}
