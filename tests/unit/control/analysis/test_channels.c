#include "control/record_fixture.h"

#include "analysis/channels.h"
#include "policy/remap.h"

#define NOW (100000 * SECOND)

struct change {
	enum channel_state from, to;
	unsigned count;
};

static void on_change(void *context, const struct channel *ch, enum channel_state from)
{
	struct change *c = context;

	*c = (struct change){from, ch->state, c->count + 1};
}

/* A live connection of a device to the center, last seen at `end_ns`. */
static struct record connection(const struct ruleset *ruleset, uint16_t port, uint64_t end_ns)
{
	struct record r = record_between(
		ruleset, "10.1.0.7", "10.0.0.1", IPPROTO_TCP, 8305, end_ns - 10 * SECOND, end_ns);

	r.port[0] = port;
	return r;
}

static struct change evaluated(
	struct channels *c, const struct record *live, size_t count, uint64_t now_ns, bool in_doubt)
{
	struct change change = {CHANNEL_STATE_COUNT, CHANNEL_STATE_COUNT, 0};

	for (size_t i = 0; i < count; i++)
		channels_take(c, &live[i]);
	channels_evaluate(c, now_ns, in_doubt, on_change, &change);
	return change;
}

static void channel_of_two_connections_is_up_and_of_one_half(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record two[2] = {connection(ruleset, 1, NOW), connection(ruleset, 2, NOW)};
	struct channels c;
	struct change change;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	change = evaluated(&c, two, 2, NOW, false);
	assert_int_equal(change.from, CHANNEL_STATE_COUNT);
	assert_int_equal(change.to, CHANNEL_UP);
	change = evaluated(&c, two, 2, NOW, false);
	assert_int_equal(change.count, 0);
	two[1] = record_ended(two[1], END_FIN);
	change = evaluated(&c, two, 2, NOW, false);
	assert_int_equal(change.from, CHANNEL_UP);
	assert_int_equal(change.to, CHANNEL_HALF);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_without_packets_for_five_minutes_is_silent_since_its_last(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record two[2] = {connection(ruleset, 1, NOW), connection(ruleset, 2, NOW)};
	struct channels c;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	evaluated(&c, two, 2, NOW, false);
	assert_int_equal(evaluated(&c, two, 2, NOW + 299 * SECOND, false).count, 0);
	assert_int_equal(evaluated(&c, two, 2, NOW + 301 * SECOND, false).to, CHANNEL_SILENT);
	assert_true(c.first->since_ns == NOW);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_that_was_closed_on_both_connections_says_how(void **state)
{
	static const struct {
		enum end end;
		enum channel_state want;
	} how[] = {{END_FIN, CHANNEL_CLOSED}, {END_RESET, CHANNEL_RESET}, {END_IDLE, CHANNEL_HALF}};
	struct ruleset *ruleset = site_opens(RECORD_SITE);

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct record two[2] = {connection(ruleset, 1, NOW), connection(ruleset, 2, NOW)};
		struct channels c;

		two[0].start_ns = two[1].start_ns = NOW - 4000 * SECOND;
		assert_int_equal(channels_init(&c, ruleset), 0);
		assert_int_equal(evaluated(&c, two, 2, NOW, false).to, CHANNEL_UP);
		two[0] = record_ended(two[0], END_FIN);
		two[1].end_ns += SECOND;
		two[1] = record_ended(two[1], how[i].end);
		assert_int_equal(evaluated(&c, two, 2, NOW + 2 * SECOND, false).to, how[i].want);
		assert_true(c.first->since_ns == (how[i].end == END_IDLE ? NOW : NOW + SECOND));
		channels_fini(&c);
	}
	ruleset_close(ruleset);
}

/* Whenever the next evaluation comes. */
static void channel_is_established_since_its_later_connection_began(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record two[2] = {connection(ruleset, 1, NOW), connection(ruleset, 2, NOW)};
	struct channels c;

	(void)state;
	two[0].start_ns = NOW - 900 * SECOND;
	two[1].start_ns = NOW - 700 * SECOND;
	assert_int_equal(channels_init(&c, ruleset), 0);
	evaluated(&c, two, 1, NOW, false);
	assert_true(c.first->since_ns == NOW - 900 * SECOND);
	evaluated(&c, two, 2, NOW, false);
	assert_int_equal(c.first->state, CHANNEL_UP);
	assert_true(c.first->since_ns == NOW - 700 * SECOND);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_that_is_lost_and_comes_again_has_reconnected(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record live[2] = {connection(ruleset, 1, NOW), connection(ruleset, 2, NOW)}, again;
	struct channels c;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	evaluated(&c, live, 2, NOW, false);
	assert_int_equal(channel_reconnects(c.first), 0);
	for (uint16_t i = 1; i <= 7; i++) {
		live[1] = record_ended(live[1], END_RESET);
		evaluated(&c, live, 2, NOW + i * 60 * SECOND, false);
		live[1] = connection(ruleset, (uint16_t)(2 + i % 3), NOW + i * 60 * SECOND);
		evaluated(&c, live, 2, NOW + i * 60 * SECOND, false);
		assert_int_equal(channel_reconnects(c.first), i);
		assert_true(c.first->began_ns == live[1].start_ns);
	}
	again = live[1];
	again.end_ns += SECOND; /* it goes on */
	evaluated(&c, &again, 1, NOW + 480 * SECOND, false);
	assert_int_equal(channel_reconnects(c.first), 7);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_states_have_names_titles_and_words(void **state)
{
	(void)state;
	for (unsigned s = 0; s < CHANNEL_STATE_COUNT; s++) {
		assert_int_equal(
			channel_state_by_name(channel_state_name((enum channel_state)s)), s);
		assert_true(
			strlen(channel_state_title((enum channel_state)s)) <= CHANNEL_TITLE_WIDTH);
	}
	assert_string_equal(channel_state_title(CHANNEL_HALF), "partial (1 of 2)");
	assert_string_equal(channel_state_title(CHANNEL_UP), "both established");
	assert_string_equal(channel_state_title(CHANNEL_SILENT), "idle");
	assert_int_equal(channel_state_by_name("asleep"), CHANNEL_STATE_COUNT);
}

/* Without a seen handshake a connection's flow ends between two heartbeats. */
static void channel_is_up_by_its_last_packets_whatever_its_flows_do(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r;
	struct channels c;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	for (unsigned beat = 0; beat < 20; beat++)
		for (uint16_t port = 1; port <= 2; port++) {
			r = connection(ruleset, port, NOW + beat * 120 * SECOND);
			r.connection = CONNECTION_MIDSTREAM;
			r = record_ended(r, END_IDLE);
			channels_take(&c, &r);
		}
	assert_int_equal(
		evaluated(&c, NULL, 0, NOW + (19 * 120 + 250) * SECOND, false).to, CHANNEL_UP);
	assert_int_equal(
		evaluated(&c, NULL, 0, NOW + (19 * 120 + 301) * SECOND, false).to, CHANNEL_SILENT);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_is_inconclusive_only_where_it_is_not_up(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record two[2] = {connection(ruleset, 1, NOW), connection(ruleset, 2, NOW)};
	struct channels c;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	assert_int_equal(evaluated(&c, two, 2, NOW, true).to, CHANNEL_UP);
	two[1] = record_ended(two[1], END_RESET);
	assert_int_equal(evaluated(&c, two, 2, NOW, true).to, CHANNEL_INCONCLUSIVE);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_says_what_became_of_the_latest_attempt(void **state)
{
	static const struct {
		enum connection connection;
		enum end end;
		enum channel_state state;
	} attempt[] = {
		{CONNECTION_ATTEMPTED, END_IDLE, CHANNEL_UNANSWERED},
		{CONNECTION_REFUSED, END_RESET, CHANNEL_REFUSED},
		{CONNECTION_ESTABLISHED, END_FIN, CHANNEL_HANDSHAKE_ONLY},
	};
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct channels c;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	for (size_t i = 0; i < sizeof(attempt) / sizeof(*attempt); i++) {
		uint64_t at = NOW + i * SECOND;
		struct record r = record_ended(connection(ruleset, 1, at), attempt[i].end);
		r.connection = (uint8_t)attempt[i].connection;
		assert_int_equal(evaluated(&c, &r, 1, at, false).to, attempt[i].state);
	}
	channels_fini(&c);
	ruleset_close(ruleset);
}

/* An attempt that began a second before it ended. */
static struct record attempt_at(
	const struct ruleset *ruleset, enum connection connection_, uint64_t end_ns)
{
	struct record r = record_ended(connection(ruleset, 1, end_ns), END_RESET);

	r.start_ns = end_ns - SECOND;
	r.connection = (uint8_t)connection_;
	return r;
}

static void channel_is_refused_since_the_first_attempt_that_was(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r;
	struct channels c;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	for (uint64_t at = NOW; at < NOW + 600 * SECOND; at += 60 * SECOND) {
		r = attempt_at(ruleset, CONNECTION_REFUSED, at);
		evaluated(&c, &r, 1, at, false);
		assert_true(c.first->since_ns == NOW - SECOND);
	}
	r = attempt_at(ruleset, CONNECTION_ATTEMPTED, NOW + 600 * SECOND);
	assert_int_equal(evaluated(&c, &r, 1, r.end_ns, false).to, CHANNEL_UNANSWERED);
	assert_true(c.first->since_ns == NOW + 599 * SECOND);
	r = attempt_at(ruleset, CONNECTION_REFUSED, NOW + 610 * SECOND);
	assert_int_equal(evaluated(&c, &r, 1, r.end_ns, false).to, CHANNEL_REFUSED);
	assert_true(c.first->since_ns == NOW + 609 * SECOND);
	channels_fini(&c);
	ruleset_close(ruleset);
}

/* However many of them came between two looks, and not since attempts beside a connection. */
static void channel_is_refused_since_nothing_else_was_seen(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record seen[5] = {attempt_at(ruleset, CONNECTION_REFUSED, NOW),
		connection(ruleset, 2, NOW + 50 * SECOND),
		attempt_at(ruleset, CONNECTION_REFUSED, NOW + 60 * SECOND),
		attempt_at(ruleset, CONNECTION_REFUSED, NOW + 90 * SECOND),
		attempt_at(ruleset, CONNECTION_REFUSED, NOW + 400 * SECOND)};
	struct channels c;

	(void)state;
	seen[1].start_ns = NOW - 900 * SECOND;
	seen[1] = record_ended(seen[1], END_FIN);
	assert_int_equal(channels_init(&c, ruleset), 0);
	assert_int_equal(evaluated(&c, seen, 4, NOW + 95 * SECOND, false).to, CHANNEL_REFUSED);
	assert_true(c.first->since_ns == NOW + 59 * SECOND);
	evaluated(&c, seen + 4, 1, NOW + 400 * SECOND, false);
	assert_true(c.first->since_ns == NOW + 399 * SECOND);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_of_attempts_alone_is_forgotten(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r = record_ended(connection(ruleset, 1, NOW), END_IDLE);
	struct channels c;

	(void)state;
	r.connection = CONNECTION_ATTEMPTED;
	assert_int_equal(channels_init(&c, ruleset), 0);
	assert_int_equal(evaluated(&c, &r, 1, NOW, false).to, CHANNEL_UNANSWERED);
	evaluated(&c, NULL, 0, NOW + 200 * SECOND, false);
	assert_int_equal(c.count, 0);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_is_no_other_port_and_no_stranger(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record other[2] = {
		record_between(ruleset, "10.1.0.7", "10.0.0.1", IPPROTO_TCP, 443, NOW, NOW),
		record_between(ruleset, "192.0.2.1", "10.0.0.1", IPPROTO_TCP, 8305, NOW, NOW)};
	struct channels c;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	evaluated(&c, other, 2, NOW, false);
	assert_int_equal(c.count, 0);
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_is_the_same_whoever_starts_it_and_one_a_host_of_a_network(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r[3] = {connection(ruleset, 1, NOW),
		record_between(ruleset, "10.0.0.1", "10.1.0.7", IPPROTO_TCP, 8305, NOW, NOW),
		record_between(ruleset, "10.1.0.8", "10.0.0.1", IPPROTO_TCP, 8305, NOW, NOW)};
	char text[CHANNEL_END_BYTES];
	struct channels c;
	size_t count[CHANNEL_STATE_COUNT];

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	evaluated(&c, r, 3, NOW, false);
	channels_count(&c, count);
	assert_int_equal(c.count, 2);
	assert_int_equal(count[CHANNEL_UP], 1);
	assert_int_equal(count[CHANNEL_HALF], 1);
	channel_end_text(&c, c.first, 0, text);
	assert_string_equal(text, "fmc");
	channel_end_text(&c, c.first, 1, text);
	assert_string_equal(text, "ftd (10.1.0.7)");
	channels_fini(&c);
	ruleset_close(ruleset);
}

static void channel_outlives_a_reload_as_long_as_both_ends_do(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct ruleset *again =
		site_opens("appliances:\n"
			   "  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16]}\n"
			   "  - {name: fmc, role: management-center, addresses: [10.0.0.1]}\n");
	struct record r[2] = {connection(ruleset, 1, NOW),
		record_between(ruleset, "10.2.0.1", "10.0.0.1", IPPROTO_TCP, 8305, NOW, NOW)};
	struct channels c;
	struct remap remap;

	(void)state;
	assert_int_equal(channels_init(&c, ruleset), 0);
	evaluated(&c, r, 2, NOW, false);
	assert_int_equal(c.count, 2);
	assert_int_equal(remap_open(&remap, ruleset, again), 0);
	assert_int_equal(channels_reload(&c, again, &remap), 0);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.first->state, CHANNEL_HALF);
	assert_int_equal(c.first->key.appliance[0], 0);
	assert_true(channels_has(&c, 0) && channels_has(&c, 1));
	remap_close(&remap);
	channels_fini(&c);
	ruleset_close(ruleset);
	ruleset_close(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_of_two_connections_is_up_and_of_one_half),
		cmocka_unit_test(channel_without_packets_for_five_minutes_is_silent_since_its_last),
		cmocka_unit_test(channel_that_was_closed_on_both_connections_says_how),
		cmocka_unit_test(channel_is_established_since_its_later_connection_began),
		cmocka_unit_test(channel_that_is_lost_and_comes_again_has_reconnected),
		cmocka_unit_test(channel_states_have_names_titles_and_words),
		cmocka_unit_test(channel_is_up_by_its_last_packets_whatever_its_flows_do),
		cmocka_unit_test(channel_is_inconclusive_only_where_it_is_not_up),
		cmocka_unit_test(channel_says_what_became_of_the_latest_attempt),
		cmocka_unit_test(channel_is_refused_since_the_first_attempt_that_was),
		cmocka_unit_test(channel_is_refused_since_nothing_else_was_seen),
		cmocka_unit_test(channel_of_attempts_alone_is_forgotten),
		cmocka_unit_test(channel_is_no_other_port_and_no_stranger),
		cmocka_unit_test(channel_is_the_same_whoever_starts_it_and_one_a_host_of_a_network),
		cmocka_unit_test(channel_outlives_a_reload_as_long_as_both_ends_do),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
