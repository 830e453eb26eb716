#include "store/state_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/hash_table.h"
#include "base/heap.h"
#include "service.h"
#include "store/baseline.h"
#include "store/segment_list.h"
#include "store/store_schema.h"
#include "store/sum_window.h"
#include "store/sums.h"

#define ADD_SUM(table)                                                                             \
	"INSERT INTO " table " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"                         \
	" ON CONFLICT DO UPDATE SET flows = flows + ?3,"                                           \
	" packets_sent = packets_sent + ?4, bytes_sent = bytes_sent + ?5,"                         \
	" packets_received = packets_received + ?6,"                                               \
	" bytes_received = bytes_received + ?7, first_ns = min(first_ns, ?8),"                     \
	" last_ns = max(last_ns, ?9)"

/* A minute may come in parts: it is in doubt where one of them is, and counts once. */
#define ADD_MINUTE(table, in_doubt, is_in_doubt)                                                   \
	"INSERT INTO " table " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, " is_in_doubt ")"        \
	" ON CONFLICT DO UPDATE SET frames = frames + ?3, bytes = bytes + ?4,"                     \
	" monitored = monitored + ?5, flagged = flagged + ?6, dropped = dropped + ?7,"             \
	" truncated = truncated + ?8, not_judged = not_judged + ?9, in_doubt = " in_doubt

/* Every statement once: name and text. */
#define STATEMENT_LIST(X)                                                                          \
	X(RUN, "INSERT INTO run(kind, began_ns, seen_ns, host, version, site, title, warmup_ns)"   \
	       " VALUES(?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7)")                                          \
	X(SEEN, "UPDATE run SET seen_ns = max(seen_ns, ?2) WHERE id = ?1")                         \
	X(BEGAN, "UPDATE run SET began_ns = ?2, seen_ns = ?2 WHERE id = ?1 AND kind = 'replay'"    \
		 " AND began_ns = 0")                                                              \
	X(IN_FORCE, "UPDATE policy_change SET at_ns = ?2 WHERE run = ?1 AND at_ns = 0")            \
	X(END, "UPDATE run SET ended_ns = ?2, seen_ns = max(seen_ns, ?2), ending = ?3"             \
	       " WHERE id = ?1")                                                                   \
	X(POLICY, "INSERT OR IGNORE INTO policy VALUES(?1, ?2, ?3)")                               \
	X(CHANGE, "INSERT OR REPLACE INTO policy_change VALUES(?1, ?2, ?3)")                       \
	X(APPLIANCE, "INSERT OR REPLACE INTO appliance VALUES(?1, ?2, ?3, ?4)")                    \
	X(OTHERS, "DELETE FROM appliance")                                                         \
	X(ENDPOINT_ADD, "INSERT OR IGNORE INTO endpoint(appliance, role, direction, rule,"         \
			" features, verdict) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                      \
	X(ENDPOINT, "SELECT id FROM endpoint WHERE appliance = ?1 AND direction = ?3 AND"          \
		    " rule = ?4 AND verdict = ?6")                                                 \
	X(HOUR, ADD_SUM("hourly"))                                                                 \
	X(DAY, ADD_SUM("daily"))                                                                   \
	X(WEEK, ADD_SUM("weekly"))                                                                 \
	X(PEER, "UPDATE peer SET first_ns = min(first_ns, ?3), last_ns = max(last_ns, ?4),"        \
		" flows = flows + ?5, packets = packets + ?6, bytes = bytes + ?7,"                 \
		" gaps = gaps + ?10 + (?8 > start_ns),"                                            \
		" gap_sum = gap_sum + ?11 + max(?8 - start_ns, 0) / 1e9,"                          \
		" gap_squares = gap_squares + ?12 +"                                               \
		" (max(?8 - start_ns, 0) / 1e9) * (max(?8 - start_ns, 0) / 1e9),"                  \
		" start_ns = max(start_ns, ?9)"                                                    \
		" WHERE endpoint = ?1 AND peer = ?2")                                              \
	X(PEER_ADD, "INSERT INTO peer VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, ?10, ?11, ?12)")      \
	X(PEERS, "SELECT endpoint, count(*) FROM peer GROUP BY endpoint")                          \
	X(SPOKEN, "INSERT INTO spoken VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"        \
		  " first_ns = min(first_ns, ?3), last_ns = max(last_ns, ?4), flows = flows + ?5") \
	X(EXPOSURE, "INSERT INTO exposure SELECT appliance, ?2, ?3, ?4, ?5, ?6, ?7"                \
		    " FROM endpoint WHERE id = ?1 ON CONFLICT DO UPDATE SET"                       \
		    " first_ns = min(first_ns, ?5), last_ns = max(last_ns, ?6),"                   \
		    " flows = flows + ?7")                                                         \
	X(FINDING, "INSERT INTO finding VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12," \
		   " ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, 0, 0)"                           \
		   " ON CONFLICT DO UPDATE SET state = ?3, reason = ?4,"                           \
		   " severity = CASE WHEN ?5 > 0 THEN ?5 ELSE severity END,"                       \
		   " first_ns = min(first_ns, ?6), last_ns = max(last_ns, ?7), told_ns = ?8,"      \
		   " connection = ?14, flows = max(flows, ?16), members = max(members, ?17),"      \
		   " inconclusive = ?18,"                                                          \
		   " message = CASE WHEN ?5 > 0 THEN ?19 ELSE message END,"                        \
		   " policy = ?20, document = CASE WHEN ?5 > 0 THEN ?21 ELSE document END")        \
	X(CARRIED, "UPDATE finding SET first_ns = min(first_ns, ?2), last_ns = max(last_ns, ?3),"  \
		   " packets = packets + ?4, bytes = bytes + ?5"                                   \
		   " WHERE substr(id, -16) = printf('%016x', ?1)")                                 \
	X(FINDINGS, "SELECT count(*) FROM finding")                                                \
	X(FORGET, "DELETE FROM finding WHERE id IN (SELECT id FROM finding WHERE"                  \
		  " id NOT IN (SELECT finding FROM note) AND"                                      \
		  " id NOT IN (SELECT finding FROM acknowledgement)"                               \
		  " ORDER BY severity, last_ns LIMIT ?1)")                                         \
	X(FORGET_TOLD, "DELETE FROM finding_told WHERE finding NOT IN (SELECT id FROM finding)")   \
	X(TOLD, "INSERT OR REPLACE INTO finding_told VALUES(?1, ?2, ?3, ?4, ?5, ?6)")              \
	X(CONNECTION, "INSERT INTO connection VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"     \
		      " ON CONFLICT DO UPDATE SET last_ns = max(last_ns, ?6), connection = ?7,"    \
		      " ending = coalesce(?8, ending), reason = ?9, tls = ?10")                    \
	X(CERTIFICATE, "INSERT INTO certificate VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)"    \
		       " ON CONFLICT DO UPDATE SET first_ns = min(first_ns, ?9),"                  \
		       " last_ns = max(last_ns, ?9)")                                              \
	X(CERTIFICATES,                                                                            \
		"SELECT one, other, holder, fingerprint, issuer, subject, not_before_ns,"          \
		" not_after_ns, max(last_ns) FROM certificate GROUP BY one, other, holder")        \
	X(MINUTES_DAY, ADD_MINUTE("day", "in_doubt + excluded.in_doubt",                           \
			       "?10 AND NOT EXISTS(SELECT 1 FROM minute WHERE minute_ns = ?11"     \
			       " AND run = ?2 AND in_doubt)"))                                     \
	X(MINUTE, ADD_MINUTE("minute", "max(in_doubt, excluded.in_doubt)", "?10"))                 \
	X(SIDES, "INSERT INTO sides VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET"                  \
		 " both = both + ?2, one = one + ?3")                                              \
	X(MIRROR, "INSERT INTO mirror VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"    \
		  " last_ns = max(last_ns, ?4), what = ?5, remedy = ?6")                           \
	X(PLACE, "INSERT INTO evidence VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"       \
		 " packets = packets + ?4, bytes = bytes + ?5")                                    \
	X(SINK, "INSERT OR REPLACE INTO sink VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                      \
	X(LOST, "INSERT INTO lost VALUES(?1, ?2, ?3, ?3, ?4) ON CONFLICT DO UPDATE SET"            \
		" first_ns = min(first_ns, ?3), last_ns = max(last_ns, ?3), count = count + ?4")

#define STATEMENT_MEMBER(name, sql) name,
enum statement { STATEMENT_LIST(STATEMENT_MEMBER) STATEMENT_COUNT };

/* How many peers an endpoint has. */
struct peer_count {
	int64_t endpoint;
	uint32_t peers;
	UT_hash_handle hh;
};

struct state_writer {
	struct database database;
	struct sqlite3_stmt *statement[STATEMENT_COUNT];
	struct peer_count *peer_count;
	struct sums sums;
	const char *const *exposure; /* names */
	int64_t run, findings;
	uint64_t lost_peers; /* of the batch */
	uint64_t last_ns;    /* of the flows in the sums */
};

const char *state_writer_why(const struct state_writer *w)
{
	return w->database.why;
}

static struct sqlite3_stmt *statement(struct state_writer *w, enum statement s)
{
	return w->statement[s];
}

static int step(struct state_writer *w, enum statement s)
{
	return database_step(&w->database, w->statement[s]);
}

/* ---- peers ---- */

static struct peer_count *count_of(struct state_writer *w, int64_t endpoint)
{
	struct peer_count *c;

	HASH_FIND(hh, w->peer_count, &endpoint, sizeof(endpoint), c);
	if (c)
		return c;
	c = heap_calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->endpoint = endpoint;
	HASH_ADD(hh, w->peer_count, endpoint, sizeof(c->endpoint), c);
	return c;
}

static int read_peer_counts(struct state_writer *w)
{
	struct sqlite3_stmt *s = statement(w, PEERS);
	int got;

	while ((got = database_row(&w->database, s)) > 0) {
		struct peer_count *c = count_of(w, row_number(s, 0));
		if (!c)
			return -ENOMEM;
		c->peers = (uint32_t)row_number(s, 1);
	}
	return got;
}

/* ---- findings ---- */

static int count_findings(struct state_writer *w)
{
	int got = database_number(&w->database, statement(w, FINDINGS), &w->findings);

	return got < 0 ? got : 0;
}

/* Who sends from many addresses makes many findings: the mildest and oldest of those that nobody
 * has looked at make room. */
static int make_room(struct state_writer *w, uint64_t at_ns)
{
	int error = w->findings < STATE_FINDINGS_MAX ? 0 : count_findings(w);

	if (error < 0 || w->findings < STATE_FINDINGS_MAX)
		return error;
	bind_number(statement(w, FORGET), 1, STATE_FINDINGS_MAX / 20);
	error = step(w, FORGET);
	if (error == 0)
		error = state_writer_lost(
			w, "findings", at_ns, (uint64_t)database_changes(&w->database));
	if (error == 0)
		error = step(w, FORGET_TOLD);
	return error < 0 ? error : count_findings(w);
}

/* ---- open ---- */

static int prepare(struct state_writer *w)
{
#define STATEMENT_TEXT(name, sql) sql,
	static const char *const text[] = {STATEMENT_LIST(STATEMENT_TEXT)};
#undef STATEMENT_TEXT
	int error = 0;

	for (unsigned i = 0; i < STATEMENT_COUNT && error == 0; i++)
		error = database_prepare(&w->database, &w->statement[i], text[i]);
	return error;
}

/* A stop that was none: the sensor was killed, or the machine went down. */
static int mark_unclean(struct state_writer *w, unsigned *unclean)
{
	int error =
		database_run(&w->database, "UPDATE run SET ended_ns = seen_ns, ending = 'unclean'"
					   " WHERE ending IS NULL");

	*unclean = error == 0 ? (unsigned)database_changes(&w->database) : 0;
	return error;
}

int state_writer_open(struct state_writer **writer, const char *folder, const char *const *exposure,
	char why[DATABASE_WHY_BYTES], unsigned *unclean)
{
	struct state_writer *w = heap_calloc(1, sizeof(*w));
	char path[SEGMENT_PATH_BYTES];
	int error;

	if (!w)
		return -ENOMEM;
	w->exposure = exposure;
	state_path(folder, path);
	error = database_open(&w->database, path, DATABASE_WRITE, &state_kind);
	/* 32 MB instead of SQLite's 2: at 50,000 flows/s of 170,000 peers a flow costs 12.5 us of
	 * processor time instead of 15, and the queue stays below 20 MB instead of 55. */
	if (error == 0)
		error = database_run(&w->database, "PRAGMA cache_size=-32768");
	if (error == 0)
		error = prepare(w);
	if (error == 0)
		error = mark_unclean(w, unclean);
	if (error == 0)
		error = read_peer_counts(w);
	if (error == 0)
		error = count_findings(w);
	if (error < 0) {
		snprintf(why, DATABASE_WHY_BYTES, "%s", w->database.why);
		state_writer_close(w);
		return error;
	}
	*writer = w;
	return 0;
}

void state_writer_close(struct state_writer *w)
{
	struct peer_count *c, *next;

	if (!w)
		return;
	HASH_ITER(hh, w->peer_count, c, next)
	{
		HASH_DEL(w->peer_count, c);
		free(c);
	}
	sums_clear(&w->sums);
	for (unsigned i = 0; i < STATEMENT_COUNT; i++)
		database_finalize(&w->statement[i]);
	database_close(&w->database);
	free(w);
}

/* ---- writing the sums ---- */

static int add_sum(struct state_writer *w, enum statement table, uint64_t at_ns, struct sum *s)
{
	struct sqlite3_stmt *t = statement(w, table);

	bind_number(t, 1, (int64_t)at_ns);
	bind_number(t, 2, s->key.endpoint);
	bind_number(t, 3, (int64_t)s->flows);
	for (int side = 0; side < 2; side++) {
		bind_number(t, 4 + 2 * side, (int64_t)s->packets[side]);
		bind_number(t, 5 + 2 * side, (int64_t)s->bytes[side]);
	}
	bind_number(t, 8, (int64_t)s->first_ns);
	bind_number(t, 9, (int64_t)s->last_ns);
	return step(w, table);
}

/* And its day and its week, so that neither can differ from its hours. */
static int write_hour(struct state_writer *w, struct sum *s)
{
	uint64_t hour_ns = s->key.time_ns;
	int error = add_sum(w, HOUR, hour_ns, s);

	if (error == 0)
		error = add_sum(w, DAY, sum_day_ns(hour_ns), s);
	return error < 0 ? error : add_sum(w, WEEK, sum_week_ns(hour_ns), s);
}

static void bind_peer(
	struct sqlite3_stmt *t, const struct sum *s, const struct sum_gaps *g, const char *peer)
{
	bind_number(t, 1, s->key.endpoint);
	bind_text(t, 2, peer);
	bind_number(t, 3, (int64_t)s->first_ns);
	bind_number(t, 4, (int64_t)s->last_ns);
	bind_number(t, 5, (int64_t)s->flows);
	bind_number(t, 6, (int64_t)s->packets[0]);
	bind_number(t, 7, (int64_t)s->bytes[0]);
	bind_number(t, 8, (int64_t)g->first_ns);
	bind_number(t, 9, (int64_t)g->last_ns);
	bind_number(t, 10, (int64_t)g->gaps);
	bind_real(t, 11, g->sum);
	bind_real(t, 12, g->squares);
}

static int write_peer(struct state_writer *w, struct sum *s)
{
	struct sum_gaps gaps = sum_gaps(s);
	struct peer_count *c = count_of(w, s->key.endpoint);
	char peer[ADDRESS_TEXT_BYTES];
	int error;

	format_address(&s->key.peer, s->key.version, peer);
	bind_peer(statement(w, PEER), s, &gaps, peer);
	error = step(w, PEER);
	if (error < 0 || database_changes(&w->database) > 0)
		return error;
	if (!c || c->peers >= STATE_PEERS_MAX) {
		w->lost_peers++;
		return 0;
	}
	c->peers++;
	bind_peer(statement(w, PEER_ADD), s, &gaps, peer);
	return step(w, PEER_ADD);
}

static int write_service(struct state_writer *w, struct sum *s)
{
	struct sqlite3_stmt *t = statement(w, SPOKEN);

	bind_number(t, 1, s->key.endpoint);
	bind_text(t, 2, service_name((enum service)(s->key.what - 1)));
	bind_number(t, 3, (int64_t)s->first_ns);
	bind_number(t, 4, (int64_t)s->last_ns);
	bind_number(t, 5, (int64_t)s->flows);
	return step(w, SPOKEN);
}

static int write_exposure(struct state_writer *w, struct sum *s)
{
	struct sqlite3_stmt *t = statement(w, EXPOSURE);
	char peer[ADDRESS_TEXT_BYTES], port[ENDPOINT_TEXT_BYTES];

	format_address(&s->key.peer, s->key.version, peer);
	format_port(s->key.protocol, s->key.port, port);
	bind_number(t, 1, s->key.endpoint);
	bind_text(t, 2, w->exposure[s->key.what]);
	bind_text(t, 3, peer);
	bind_text(t, 4, port);
	bind_number(t, 5, (int64_t)s->first_ns);
	bind_number(t, 6, (int64_t)s->last_ns);
	bind_number(t, 7, (int64_t)s->flows);
	return step(w, EXPOSURE);
}

static int write_sides(struct state_writer *w, struct sum *s)
{
	struct sqlite3_stmt *t = statement(w, SIDES);

	bind_number(t, 1, (int64_t)s->key.time_ns);
	bind_number(t, 2, (int64_t)s->packets[0]);
	bind_number(t, 3, (int64_t)s->packets[1]);
	return step(w, SIDES);
}

static int write_carried(struct state_writer *w, struct sum *s)
{
	struct sqlite3_stmt *t = statement(w, CARRIED);

	bind_number(t, 1, s->key.endpoint);
	bind_number(t, 2, (int64_t)s->first_ns);
	bind_number(t, 3, (int64_t)s->last_ns);
	bind_number(t, 4, (int64_t)s->packets[0]);
	bind_number(t, 5, (int64_t)s->bytes[0]);
	return step(w, CARRIED);
}

typedef int sum_writer(struct state_writer *, struct sum *);

static int write_sums(struct state_writer *w)
{
	static sum_writer *const write[] = {[SUM_HOUR] = write_hour,
		[SUM_PEER] = write_peer,
		[SUM_SERVICE] = write_service,
		[SUM_EXPOSURE] = write_exposure,
		[SUM_SIDES] = write_sides,
		[SUM_FINDING] = write_carried};
	int error = w->sums.error;

	for (unsigned kind = 0; kind < SUM_KIND_COUNT; kind++)
		for (struct sum *s = w->sums.first[kind]; s && error == 0; s = s->hh.next)
			error = write[kind](w, s);
	return error;
}

/* ---- baseline ---- */

int state_writer_baseline(struct state_writer *w, struct baseline *b, uint64_t now_ns,
	struct baseline_finding **found)
{
	return baseline_evaluate(b, &w->database, now_ns, found);
}

/* ---- a batch ---- */

int state_writer_begin(struct state_writer *w)
{
	sums_clear(&w->sums);
	w->last_ns = w->lost_peers = 0;
	return database_begin(&w->database);
}

static int note_seen(struct state_writer *w, uint64_t at_ns)
{
	bind_number(statement(w, SEEN), 1, w->run);
	bind_number(statement(w, SEEN), 2, (int64_t)at_ns);
	return step(w, SEEN);
}

int state_writer_commit(struct state_writer *w)
{
	int error = write_sums(w);

	if (error == 0 && w->lost_peers)
		error = state_writer_lost(w, "peers", w->last_ns, w->lost_peers);
	if (error == 0 && w->last_ns)
		error = note_seen(w, w->last_ns);
	if (error == 0)
		error = database_commit(&w->database);
	if (error == 0)
		sums_clear(&w->sums);
	return error;
}

/* Counts of peers that were not written are only too high, and read anew with the next start. */
void state_writer_roll_back(struct state_writer *w)
{
	database_roll_back(&w->database);
	sums_clear(&w->sums);
}

/* ---- messages ---- */

int state_writer_run(struct state_writer *w, const struct stored_run *r)
{
	struct sqlite3_stmt *t = statement(w, RUN);
	int error;

	bind_text(t, 1, r->kind);
	bind_number(t, 2, (int64_t)r->began_ns);
	bind_text(t, 3, r->host);
	bind_text(t, 4, r->version);
	bind_text(t, 5, r->site);
	bind_text(t, 6, r->title);
	bind_number(t, 7, (int64_t)r->warmup_ns);
	error = step(w, RUN);
	if (error == 0)
		w->run = database_last_id(&w->database);
	return error;
}

/* Its policy is in force from then on, too. */
int state_writer_began(struct state_writer *w, uint64_t began_ns)
{
	int error;

	bind_number(statement(w, BEGAN), 1, w->run);
	bind_number(statement(w, BEGAN), 2, (int64_t)began_ns);
	error = step(w, BEGAN);
	if (error < 0)
		return error;
	bind_number(statement(w, IN_FORCE), 1, w->run);
	bind_number(statement(w, IN_FORCE), 2, (int64_t)began_ns);
	return step(w, IN_FORCE);
}

int state_writer_end(struct state_writer *w, uint64_t ended_ns, const char *ending)
{
	bind_number(statement(w, END), 1, w->run);
	bind_number(statement(w, END), 2, (int64_t)ended_ns);
	bind_text(statement(w, END), 3, ending);
	return step(w, END);
}

int state_writer_policy(struct state_writer *w, const struct stored_policy *p)
{
	int error;

	bind_text(statement(w, POLICY), 1, p->hash);
	bind_text(statement(w, POLICY), 2, p->profile);
	bind_text(statement(w, POLICY), 3, p->text);
	error = step(w, POLICY);
	if (error < 0)
		return error;
	error = step(w, OTHERS); /* the appliances of this one follow */
	if (error < 0)
		return error;
	bind_number(statement(w, CHANGE), 1, (int64_t)p->at_ns);
	bind_number(statement(w, CHANGE), 2, w->run);
	bind_text(statement(w, CHANGE), 3, p->hash);
	return step(w, CHANGE);
}

int state_writer_appliance(struct state_writer *w, const struct stored_appliance *a)
{
	struct sqlite3_stmt *t = statement(w, APPLIANCE);

	bind_text(t, 1, a->name);
	bind_text(t, 2, a->role);
	bind_text(t, 3, a->addresses);
	bind_number(t, 4, (int64_t)a->at_ns);
	return step(w, APPLIANCE);
}

static void bind_endpoint(struct sqlite3_stmt *t, const struct stored_endpoint *e, bool all)
{
	bind_text(t, 1, e->appliance);
	bind_text(t, 3, e->direction);
	bind_text(t, 4, e->rule);
	bind_text(t, 6, e->verdict);
	if (!all)
		return;
	bind_text(t, 2, e->role);
	bind_text(t, 5, e->features);
}

int64_t state_writer_endpoint(struct state_writer *w, const struct stored_endpoint *e)
{
	int64_t id = 0;
	int got;

	bind_endpoint(statement(w, ENDPOINT_ADD), e, true);
	got = step(w, ENDPOINT_ADD);
	if (got < 0)
		return got;
	bind_endpoint(statement(w, ENDPOINT), e, false);
	got = database_number(&w->database, statement(w, ENDPOINT), &id);
	return got < 0 ? got : got == 0 ? -EIO : id;
}

int state_writer_flow(struct state_writer *w, const struct stored_flow *f, const int64_t id[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (id[i] > 0)
			sums_add_end(&w->sums, f, i, id[i]);
	sums_add_sides(&w->sums, f);
	sums_add_finding(&w->sums, f);
	if (f->end_ns > w->last_ns)
		w->last_ns = f->end_ns;
	return w->sums.error;
}

static int write_told(struct state_writer *w, const struct stored_finding *f)
{
	struct sqlite3_stmt *t = statement(w, TOLD);

	bind_text(t, 1, f->id);
	bind_number(t, 2, (int64_t)f->told_ns);
	bind_text(t, 3, f->state);
	bind_number(t, 4, f->severity);
	bind_number(t, 5, (int64_t)f->flows);
	bind_text(t, 6, f->message);
	return step(w, TOLD);
}

int state_writer_finding(struct state_writer *w, const struct stored_finding *f)
{
	const char *const text[] = {
		f->appliance, f->peer, f->direction, f->port, f->verdict, f->connection, f->rule};
	struct sqlite3_stmt *t = statement(w, FINDING);
	int error;

	bind_text(t, 1, f->id);
	bind_text(t, 2, f->family);
	bind_text(t, 3, f->state);
	bind_text(t, 4, f->reason);
	bind_number(t, 5, f->severity);
	bind_number(t, 6, (int64_t)f->first_ns);
	bind_number(t, 7, (int64_t)f->last_ns);
	bind_number(t, 8, (int64_t)f->told_ns);
	for (int i = 0; i < 7; i++)
		bind_text(t, 9 + i, text[i]);
	bind_number(t, 16, (int64_t)f->flows);
	bind_number(t, 17, (int64_t)f->members);
	bind_number(t, 18, f->inconclusive);
	bind_text(t, 19, f->message);
	bind_text(t, 20, f->policy);
	bind_text(t, 21, f->document);
	error = step(w, FINDING);
	w->findings++; /* or one less: an upper bound, counted anew when it is reached */
	if (error == 0)
		error = make_room(w, f->told_ns);
	return error < 0 ? error : write_told(w, f);
}

int state_writer_connection(struct state_writer *w, const struct stored_connection *c)
{
	struct sqlite3_stmt *t = statement(w, CONNECTION);

	bind_text(t, 1, c->one);
	bind_text(t, 2, c->other);
	bind_text(t, 3, c->initiator);
	bind_text(t, 4, c->responder);
	bind_number(t, 5, (int64_t)c->first_ns);
	bind_number(t, 6, (int64_t)c->last_ns);
	bind_text(t, 7, c->connection);
	bind_text(t, 8, c->ending);
	bind_text(t, 9, c->reason ? c->reason : "");
	bind_text(t, 10, c->tls ? c->tls : "");
	return step(w, CONNECTION);
}

int state_writer_certificate(struct state_writer *w, const struct stored_certificate *c)
{
	const char *text[] = {c->one, c->other, c->holder, c->fingerprint, c->issuer, c->subject};
	struct sqlite3_stmt *t = statement(w, CERTIFICATE);

	for (int i = 0; i < 6; i++)
		bind_text(t, i + 1, text[i]);
	bind_number(t, 7, (int64_t)c->not_before_ns);
	bind_number(t, 8, (int64_t)c->not_after_ns);
	bind_number(t, 9, (int64_t)c->seen_ns);
	return step(w, CERTIFICATE);
}

int state_writer_certificates(struct state_writer *w,
	void (*take)(void *context, const struct stored_certificate *), void *context)
{
	struct sqlite3_stmt *t = statement(w, CERTIFICATES);
	int got;

	while ((got = database_row(&w->database, t)) > 0)
		take(context, &(struct stored_certificate){.one = row_text(t, 0),
				      .other = row_text(t, 1),
				      .holder = row_text(t, 2),
				      .fingerprint = row_text(t, 3),
				      .issuer = row_text(t, 4),
				      .subject = row_text(t, 5),
				      .not_before_ns = (uint64_t)row_number(t, 6),
				      .not_after_ns = (uint64_t)row_number(t, 7),
				      .seen_ns = (uint64_t)row_number(t, 8)});
	return got;
}

static int add_minute(
	struct state_writer *w, enum statement table, uint64_t at_ns, const struct stored_minute *m)
{
	const uint64_t number[] = {m->frames, m->bytes, m->monitored, m->flagged, m->dropped,
		m->truncated, m->not_judged, m->in_doubt, m->minute_ns};
	struct sqlite3_stmt *t = statement(w, table);

	bind_number(t, 1, (int64_t)at_ns);
	bind_number(t, 2, w->run);
	for (int i = 0; i < (table == MINUTES_DAY ? 9 : 8); i++)
		bind_number(t, 3 + i, (int64_t)number[i]);
	return step(w, table);
}

int state_writer_minute(struct state_writer *w, const struct stored_minute *m)
{
	int error = add_minute(w, MINUTES_DAY, sum_day_ns(m->minute_ns), m);

	if (error == 0)
		error = add_minute(w, MINUTE, m->minute_ns, m);
	return error < 0 ? error : note_seen(w, m->minute_ns);
}

int state_writer_mirror(struct state_writer *w, const struct stored_mirror *m)
{
	struct sqlite3_stmt *t = statement(w, MIRROR);

	bind_number(t, 1, w->run);
	bind_text(t, 2, m->kind);
	bind_number(t, 3, (int64_t)m->first_ns);
	bind_number(t, 4, (int64_t)m->last_ns);
	bind_text(t, 5, m->what);
	bind_text(t, 6, m->remedy);
	return step(w, MIRROR);
}

int state_writer_place(struct state_writer *w, const struct stored_place *p)
{
	struct sqlite3_stmt *t = statement(w, PLACE);

	bind_text(t, 1, p->finding);
	bind_text(t, 2, p->file);
	bind_number(t, 3, (int64_t)p->first_offset);
	bind_number(t, 4, (int64_t)p->packets);
	bind_number(t, 5, (int64_t)p->bytes);
	return step(w, PLACE);
}

int state_writer_sink(struct state_writer *w, const struct stored_sink *s)
{
	struct sqlite3_stmt *t = statement(w, SINK);

	bind_number(t, 1, (int64_t)s->at_ns);
	bind_number(t, 2, w->run);
	bind_text(t, 3, s->name);
	bind_text(t, 4, s->state);
	bind_number(t, 5, (int64_t)s->delivered);
	bind_number(t, 6, (int64_t)s->dropped);
	return step(w, SINK);
}

int state_writer_lost(struct state_writer *w, const char *what, uint64_t at_ns, uint64_t count)
{
	struct sqlite3_stmt *t = statement(w, LOST);

	bind_number(t, 1, w->run);
	bind_text(t, 2, what);
	bind_number(t, 3, (int64_t)at_ns);
	bind_number(t, 4, (int64_t)count);
	return step(w, LOST);
}
