#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/heap.h"
#include "base/log.h"
#include "store/baseline.h"
#include "store/baseline_results.h"
#include "store/database.h"
#include "store/sealer.h"
#include "store/segment_writer.h"
#include "store/state_writer.h"
#include "store/store_queue.h"
#include "store/store_schema.h"

#define SECOND_NS 1000000000ull

/* What comes within this time is written together: a write costs a millisecond, whatever is in it.
 */
#define GATHER_NS (SECOND_NS / 5)

#define ENDPOINTS_MAX 262144

/* An endpoint as it was told, and its row. */
struct known {
	struct store_message *message; /* has its texts; NULL: not told */
	int64_t id;
};

struct store {
	struct store_config config;
	struct store_queue queue;
	pthread_t thread;
	bool has_thread;

	/* Of the thread that tells. */
	struct store_message *flows; /* gathered */
	uint64_t dropped_messages, dropped_flows;

	/* Of the thread that writes. */
	struct state_writer *state;
	struct segment_writer *segments;
	struct sealer *sealer;
	struct known *known;
	uint32_t known_count;
	uint64_t newest_ns; /* end of the newest flow of a batch */
	const char *ending;
	uint64_t ended_ns;
	int result;
	struct baseline baseline;

	/* Between them: counts are relaxed atomics, the rest has the lock. */
	atomic_uint_least64_t written, lost_flows, lost_messages, give_up_ns;
	pthread_mutex_t lock;
	struct store_state told;
	struct baseline_results results;
};

/* ---- telling ---- */

static void drop(struct store *s, struct store_message *m)
{
	if (!m || m->kind != STORE_FLOWS)
		atomic_fetch_add_explicit(&s->lost_messages, 1, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&s->lost_flows, m->flows, memory_order_relaxed);
	free(m);
}

static void put(struct store *s, struct store_message *m)
{
	if (!m || !store_queue_put(&s->queue, m, s->config.may_wait && s->has_thread))
		drop(s, m);
}

/* With as much memory as its flows need. */
void store_flush(struct store *s)
{
	struct store_message *less;

	if (!s || !s->flows)
		return;
	s->flows->bytes = sizeof(*s->flows) + s->flows->flows * sizeof(struct stored_flow);
	less = realloc(s->flows, s->flows->bytes);
	put(s, less ? less : s->flows);
	s->flows = NULL;
}

static void tell(struct store *s, enum store_message_kind kind, const void *value, size_t bytes,
	const size_t *text_at, size_t texts)
{
	store_flush(s); /* in the order of what was told */
	put(s, store_message_new(kind, value, bytes, text_at, texts));
}

#define AT(type, member) offsetof(struct type, member)
#define TELL(s, kind, value, ...)                                                                  \
	do {                                                                                       \
		static const size_t at[] = {__VA_ARGS__};                                          \
		if (s)                                                                             \
			tell(s, kind, value, sizeof(*(value)), at, sizeof(at) / sizeof(at[0]));    \
	} while (0)

void store_run(struct store *s, const struct stored_run *r)
{
	TELL(s, STORE_RUN, r, AT(stored_run, kind), AT(stored_run, host), AT(stored_run, version),
		AT(stored_run, site), AT(stored_run, title));
}

void store_began(struct store *s, uint64_t began_ns)
{
	if (s)
		tell(s, STORE_BEGAN, &began_ns, sizeof(began_ns), NULL, 0);
}

void store_policy(struct store *s, const struct stored_policy *p)
{
	TELL(s, STORE_POLICY, p, AT(stored_policy, hash), AT(stored_policy, profile),
		AT(stored_policy, text));
}

void store_appliance(struct store *s, const struct stored_appliance *a)
{
	TELL(s, STORE_APPLIANCE, a, AT(stored_appliance, name), AT(stored_appliance, role),
		AT(stored_appliance, addresses));
}

static const size_t endpoint_text[] = {AT(stored_endpoint, appliance), AT(stored_endpoint, role),
	AT(stored_endpoint, direction), AT(stored_endpoint, rule), AT(stored_endpoint, features),
	AT(stored_endpoint, verdict)};
#define ENDPOINT_TEXTS (sizeof(endpoint_text) / sizeof(endpoint_text[0]))

void store_endpoint(struct store *s, const struct stored_endpoint *e)
{
	if (s)
		tell(s, STORE_ENDPOINT, e, sizeof(*e), endpoint_text, ENDPOINT_TEXTS);
}

void store_finding(struct store *s, const struct stored_finding *f)
{
	TELL(s, STORE_FINDING, f, AT(stored_finding, id), AT(stored_finding, family),
		AT(stored_finding, state), AT(stored_finding, reason),
		AT(stored_finding, appliance), AT(stored_finding, peer),
		AT(stored_finding, direction), AT(stored_finding, port),
		AT(stored_finding, verdict), AT(stored_finding, connection),
		AT(stored_finding, rule), AT(stored_finding, message), AT(stored_finding, policy),
		AT(stored_finding, document));
}

void store_connection(struct store *s, const struct stored_connection *c)
{
	TELL(s, STORE_CONNECTION, c, AT(stored_connection, one), AT(stored_connection, other),
		AT(stored_connection, initiator), AT(stored_connection, responder),
		AT(stored_connection, connection), AT(stored_connection, ending),
		AT(stored_connection, reason), AT(stored_connection, tls));
}

void store_certificate(struct store *s, const struct stored_certificate *c)
{
	TELL(s, STORE_CERTIFICATE, c, AT(stored_certificate, one), AT(stored_certificate, other),
		AT(stored_certificate, holder), AT(stored_certificate, fingerprint),
		AT(stored_certificate, issuer), AT(stored_certificate, subject));
}

void store_mirror(struct store *s, const struct stored_mirror *m)
{
	TELL(s, STORE_MIRROR, m, AT(stored_mirror, kind), AT(stored_mirror, what),
		AT(stored_mirror, remedy));
}

void store_place(struct store *s, const struct stored_place *p)
{
	TELL(s, STORE_PLACE, p, AT(stored_place, finding), AT(stored_place, file));
}

void store_sink(struct store *s, const struct stored_sink *k)
{
	TELL(s, STORE_SINK, k, AT(stored_sink, name), AT(stored_sink, state));
}

void store_minute(struct store *s, const struct stored_minute *m)
{
	if (s)
		tell(s, STORE_MINUTE, m, sizeof(*m), NULL, 0);
}

static struct stored_flow *flows_in(struct store_message *m)
{
	return (struct stored_flow *)(void *)m->more;
}

void store_flow(struct store *s, const struct stored_flow *f)
{
	size_t bytes = sizeof(struct store_message) + STORE_FLOWS_AT_ONCE * sizeof(*f);

	if (!s)
		return;
	if (!s->flows) {
		s->flows = heap_malloc(bytes);
		if (!s->flows) {
			atomic_fetch_add_explicit(&s->lost_flows, 1, memory_order_relaxed);
			return;
		}
		*s->flows = (struct store_message){.bytes = bytes, .kind = STORE_FLOWS};
	}
	flows_in(s->flows)[s->flows->flows++] = *f;
	if (s->flows->flows == STORE_FLOWS_AT_ONCE)
		store_flush(s);
}

void store_ask_baseline(struct store *s, uint64_t now_ns)
{
	struct store_message *m;

	if (!s || !s->has_thread || !s->config.learn_ns || !baseline_results_ask(&s->results))
		return;
	store_flush(s);
	m = store_message_new(STORE_BASELINE, &now_ns, sizeof(now_ns), NULL, 0);
	if (m && store_queue_put(&s->queue, m, s->config.may_wait))
		return;
	free(m);
	baseline_results_answer(&s->results, NULL);
}

struct baseline_finding *store_take_baseline(struct store *s, bool waits)
{
	return s ? baseline_results_take(&s->results, waits) : NULL;
}

/* ---- writing: flows ---- */

static int know(struct store *s, struct store_message *m)
{
	uint32_t number = m->endpoint.number;
	struct store_message *kept;
	size_t room;
	void *more;
	int64_t id;

	if (number >= ENDPOINTS_MAX)
		return 0; /* its flows are stored without it */
	if (number >= s->known_count) {
		room = number < 1024 ? 1024 : 2 * (size_t)number;
		more = heap_realloc(s->known, room * sizeof(*s->known));
		if (!more)
			return -ENOMEM;
		s->known = more;
		memset(s->known + s->known_count, 0, (room - s->known_count) * sizeof(*s->known));
		s->known_count = (uint32_t)room;
	}
	id = state_writer_endpoint(s->state, &m->endpoint);
	if (id < 0)
		return (int)id;
	kept = store_message_new(
		STORE_ENDPOINT, &m->endpoint, sizeof(m->endpoint), endpoint_text, ENDPOINT_TEXTS);
	if (!kept)
		return -ENOMEM;
	free(s->known[number].message);
	s->known[number] = (struct known){kept, id};
	return 0;
}

static bool is_stored(const struct store *s, const struct stored_flow *f)
{
	return !f->is_live && (f->is_flagged || s->config.keeps_all);
}

static int write_flow(struct store *s, const struct stored_flow *f)
{
	const struct stored_endpoint *end[2] = {NULL, NULL};
	int64_t id[2] = {0, 0};
	int error;

	for (unsigned i = 0; i < 2; i++) {
		uint32_t number = f->endpoint[i];
		if (number == 0 || number >= s->known_count || !s->known[number].message)
			continue;
		id[i] = s->known[number].id;
		end[i] = &s->known[number].message->endpoint;
	}
	error = state_writer_flow(s->state, f, id);
	if (error == 0 && is_stored(s, f))
		error = segment_writer_add(s->segments, f, id, end);
	if (s->config.progress)
		atomic_store_explicit(&s->config.progress->to_seal,
			segment_writer_opened(s->segments), memory_order_relaxed);
	if (f->end_ns > s->newest_ns)
		s->newest_ns = f->end_ns;
	return error;
}

static int write_flows(struct store *s, struct store_message *m)
{
	const struct stored_flow *f = flows_in(m);
	int error = 0;

	for (uint32_t i = 0; i < m->flows && error == 0; i++)
		error = write_flow(s, &f[i]);
	return error;
}

/* ---- writing: a batch ---- */

static int apply(struct store *s, struct store_message *m)
{
	switch (m->kind) {
	case STORE_RUN:
		return state_writer_run(s->state, &m->run);
	case STORE_BEGAN:
		return state_writer_began(s->state, m->began_ns);
	case STORE_POLICY:
		return state_writer_policy(s->state, &m->policy);
	case STORE_APPLIANCE:
		return state_writer_appliance(s->state, &m->appliance);
	case STORE_ENDPOINT:
		return know(s, m);
	case STORE_FLOWS:
		return write_flows(s, m);
	case STORE_FINDING:
		return state_writer_finding(s->state, &m->finding);
	case STORE_CONNECTION:
		return state_writer_connection(s->state, &m->connection);
	case STORE_CERTIFICATE:
		return state_writer_certificate(s->state, &m->certificate);
	case STORE_MINUTE:
		return state_writer_minute(s->state, &m->minute);
	case STORE_MIRROR:
		return state_writer_mirror(s->state, &m->mirror);
	case STORE_PLACE:
		return state_writer_place(s->state, &m->place);
	case STORE_SINK:
		return state_writer_sink(s->state, &m->sink);
	case STORE_BASELINE:
		break; /* answered once all before it is written */
	}
	return 0;
}

static int write_lost(struct store *s, const char *what, uint64_t count)
{
	return count ? state_writer_lost(s->state, what, clock_wall_ns(), count) : 0;
}

/* Up to `end`, which is not of it. */
static int write_batch(
	struct store *s, struct store_message *batch, const struct store_message *end)
{
	uint64_t flows = atomic_load(&s->lost_flows), messages = atomic_load(&s->lost_messages);
	int error = state_writer_begin(s->state);

	for (struct store_message *m = batch; m != end && error == 0; m = m->next)
		error = apply(s, m);
	if (error == 0)
		error = write_lost(s, "flows", flows - s->dropped_flows);
	if (error == 0)
		error = write_lost(s, "messages", messages - s->dropped_messages);
	if (error == 0)
		error = segment_writer_commit(s->segments);
	if (error == 0)
		error = state_writer_commit(s->state);
	if (error < 0) {
		segment_writer_roll_back(s->segments);
		state_writer_roll_back(s->state);
		return error;
	}
	s->dropped_flows = flows;
	s->dropped_messages = messages;
	return 0;
}

/* ---- writing: errors ---- */

static const char *why(const struct store *s, int error)
{
	const char *segments = segment_writer_why(s->segments), *state = state_writer_why(s->state);

	if (error == -ENOMEM)
		return "no more memory";
	return *segments ? segments : *state ? state : strerror(-error);
}

static void tell_error(struct store *s, int error)
{
	bool was_well;

	pthread_mutex_lock(&s->lock);
	was_well = s->told.error == 0;
	if (error < 0 && was_well)
		s->told.error_since_ns = clock_wall_ns();
	s->told.error = error;
	if (error < 0)
		snprintf(s->told.why, sizeof(s->told.why), "%s", why(s, error));
	pthread_mutex_unlock(&s->lock);
	if (error < 0 && was_well && s->config.may_wait)
		errors_say("store %s: %s", s->config.folder, why(s, error));
	else if (error < 0 && was_well)
		log_say(LOG_LEVEL_ERROR, "store %s: %s; will be tried again", s->config.folder,
			why(s, error));
	else if (error == 0 && !was_well && !s->config.may_wait)
		log_say(LOG_LEVEL_NOTICE, "store %s: is written again", s->config.folder);
}

/* A replay is told at once; a sensor tries until it has to end. */
static bool is_given_up(const struct store *s)
{
	uint64_t give_up_ns = atomic_load(&s->give_up_ns);

	return s->config.may_wait || (give_up_ns && clock_steady_ns() > give_up_ns);
}

static void pause_for(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};

	nanosleep(&t, NULL);
}

static uint64_t count_flows(const struct store_message *m, const struct store_message *end)
{
	uint64_t count = 0;

	for (; m != end; m = m->next)
		count += m->kind == STORE_FLOWS ? m->flows : 1;
	return count;
}

/* A number that is given to another endpoint begins another batch: one that failed is written again
 * from its start, with the endpoints of its start. */
static struct store_message *batch_end(const struct store *s, struct store_message *first)
{
	struct store_message *m = first->next;

	while (m && (m->kind != STORE_ENDPOINT || m->endpoint.number >= s->known_count ||
			    !s->known[m->endpoint.number].message))
		m = m->next;
	return m;
}

static void write_part(struct store *s, struct store_message *first, struct store_message *end)
{
	uint64_t count = count_flows(first, end);
	int error = write_batch(s, first, end);

	while (error < 0) {
		tell_error(s, error);
		if (is_given_up(s)) {
			s->result = error;
			atomic_fetch_add(&s->lost_flows, count);
			segment_writer_end_batch(s->segments);
			return;
		}
		pause_for(SECOND_NS);
		error = write_batch(s, first, end);
	}
	segment_writer_end_batch(s->segments);
	tell_error(s, 0);
	atomic_fetch_add_explicit(&s->written, count, memory_order_relaxed);
}

static void write_all(struct store *s, struct store_message *batch)
{
	while (batch) {
		struct store_message *end = batch_end(s, batch);
		write_part(s, batch, end);
		batch = end;
	}
}

/* ---- the thread ---- */

static void answer_baseline(struct store *s, const struct store_message *batch)
{
	struct baseline_finding *found = NULL;
	int error;

	for (; batch; batch = batch->next) {
		if (batch->kind != STORE_BASELINE)
			continue;
		error = state_writer_baseline(s->state, &s->baseline, batch->now_ns, &found);
		if (error < 0)
			tell_error(s, error);
		baseline_results_answer(&s->results, found);
	}
}

static void seal_finished(struct store *s, bool all)
{
	uint64_t hour_ns,
		before_ns = all ? UINT64_MAX : s->newest_ns - s->newest_ns % STORE_HOUR_NS;

	while ((hour_ns = segment_writer_finished(s->segments, before_ns)) != 0)
		sealer_add(s->sealer, hour_ns);
}

static void end(struct store *s)
{
	int error = state_writer_begin(s->state);

	if (error == 0)
		error = state_writer_end(s->state, s->ended_ns, s->ending);
	if (error == 0)
		error = state_writer_commit(s->state);
	if (error < 0) {
		tell_error(s, error);
		s->result = error;
	}
	if (s->config.may_wait)
		seal_finished(s, true);
}

static void *work(void *context)
{
	struct store *s = context;
	bool is_ending = false;

	for (;;) {
		struct store_message *batch = store_queue_take(&s->queue, SECOND_NS, &is_ending);
		if (batch) {
			s->newest_ns = 0; /* a clock that is set back begins an hour again */
			write_all(s, batch);
			answer_baseline(s, batch);
			store_queue_done(&s->queue, batch);
			seal_finished(s, false);
		}
		if (!batch && is_ending)
			break;
		if (!is_ending && !s->config.may_wait)
			pause_for(GATHER_NS);
	}
	end(s);
	return NULL;
}

/* ---- open and close ---- */

static int fail_open(const struct store_config *c, int error, const char *reason)
{
	errors_say("store %s: %s", c->folder, reason && *reason ? reason : strerror(-error));
	return error;
}

static int make_folder(const char *folder)
{
	struct stat st;

	if (mkdir(folder, 0750) < 0 && errno != EEXIST)
		return -errno;
	if (stat(folder, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int store_open(struct store **store, const struct store_config *c, unsigned *unclean)
{
	struct sealer_config pruned = {
		c->folder, c->keep_ns, c->size_bytes, c->progress, c->may_wait};
	char reason[DATABASE_WHY_BYTES] = "";
	struct store *s = heap_calloc(1, sizeof(*s));
	int error = s ? make_folder(c->folder) : -ENOMEM;

	if (error < 0) {
		free(s);
		return fail_open(c, error, NULL);
	}
	s->config = *c;
	store_queue_init(&s->queue);
	pthread_mutex_init(&s->lock, NULL);
	baseline_results_init(&s->results);
	s->baseline = (struct baseline){.learn_ns = c->learn_ns, .is_replay = c->may_wait};
	s->segments = segment_writer_new(c->folder, c->may_wait);
	s->sealer = sealer_new(&pruned);
	error = s->segments && s->sealer
			? state_writer_open(&s->state, c->folder, c->exposure, reason, unclean)
			: -ENOMEM;
	if (error < 0) {
		store_close(s, 0, NULL, 0);
		return fail_open(c, error, reason);
	}
	*store = s;
	return 0;
}

int store_certificates(struct store *s, store_certificate_taker *take, void *context)
{
	return state_writer_certificates(s->state, take, context);
}

int store_start(struct store *s)
{
	uint64_t now_ns = clock_wall_ns();
	int error =
		sealer_start(s->sealer, s->config.may_wait ? 0 : now_ns - now_ns % STORE_HOUR_NS);

	if (error == 0)
		error = -pthread_create(&s->thread, NULL, work, s);
	s->has_thread = error == 0;
	return error;
}

int store_close(struct store *s, uint64_t ended_ns, const char *ending, uint64_t within_ns)
{
	int result;

	if (!s)
		return 0;
	store_flush(s);
	s->ended_ns = ended_ns;
	s->ending = ending;
	if (s->has_thread) {
		atomic_store(&s->give_up_ns, clock_steady_ns() + within_ns);
		store_queue_end(&s->queue);
		pthread_join(s->thread, NULL);
	}
	if (s->sealer)
		sealer_stop(s->sealer, s->config.may_wait);
	result = s->result;
	sealer_free(s->sealer);
	segment_writer_free(s->segments);
	state_writer_close(s->state);
	for (uint32_t i = 0; i < s->known_count; i++)
		free(s->known[i].message);
	free(s->known);
	free(s->flows);
	store_queue_fini(&s->queue);
	baseline_fini(&s->baseline);
	baseline_results_fini(&s->results);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return result;
}

struct store_state store_state(struct store *s)
{
	struct store_state state;

	pthread_mutex_lock(&s->lock);
	state = s->told;
	pthread_mutex_unlock(&s->lock);
	state.folder = s->config.folder;
	state.written = atomic_load(&s->written);
	state.queue_peak_bytes = store_queue_peak(&s->queue);
	state.lost = atomic_load(&s->lost_flows) + atomic_load(&s->lost_messages);
	return state;
}
