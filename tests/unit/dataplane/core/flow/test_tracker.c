#include "dataplane/core/pipeline_fixture.h"

#define S(n) ((uint64_t)((n)*1000) * (SECOND / 1000))

/* --- packets by hand ------------------------------------------------------------------------ */

struct talk {
	const char *host[2];
	uint16_t port[2];
};

enum { THERE, BACK };

/* One TCP segment, at so many seconds. */
static void tcp_full(struct sensor *s, double at, const struct talk *t, unsigned way,
	unsigned flags, size_t payload, uint32_t sequence, uint32_t acknowledgment)
{
	struct frame f = {0};

	put_ipv4(&f, t->host[way], t->host[1 - way], IPPROTO_TCP, 0);
	put_tcp(&f, t->port[way], t->port[1 - way], flags, payload);
	frame_close(&f);
	set16(&f, 24, sequence >> 16);
	set16(&f, 26, sequence & 0xffff);
	set16(&f, 28, acknowledgment >> 16);
	set16(&f, 30, acknowledgment & 0xffff);
	sensor_see(s, START + S(at), 0, &f);
}

/* Both sides begin at 1000: what acknowledges, acknowledges the SYN. */
static void tcp_at(struct sensor *s, double at, const struct talk *t, unsigned way, unsigned flags,
	size_t payload, uint32_t sequence)
{
	tcp_full(s, at, t, way, flags, payload, sequence, flags & ACK ? 1001 : 0);
}

static void tcp(struct sensor *s, double at, const struct talk *t, unsigned way, unsigned flags)
{
	tcp_at(s, at, t, way, flags, 0, flags & SYN ? 1000 : 1001);
}

static void tcp_data(struct sensor *s, double at, const struct talk *t, unsigned way)
{
	tcp_at(s, at, t, way, ACK | PSH, 100, 1001);
}

static void udp_skewed(struct sensor *s, double at, double skew, const struct talk *t, unsigned way)
{
	struct frame f = {0};

	put_ipv4(&f, t->host[way], t->host[1 - way], IPPROTO_UDP, 0);
	put_udp(&f, t->port[way], t->port[1 - way], 100);
	frame_close(&f);
	sensor_see(s, START + S(at), S(skew), &f);
}

static void udp(struct sensor *s, double at, const struct talk *t, unsigned way)
{
	udp_skewed(s, at, 0, t, way);
}

static void handshake(struct sensor *s, double at, const struct talk *t)
{
	tcp(s, at, t, THERE, SYN);
	tcp(s, at, t, BACK, SYN | ACK);
	tcp(s, at, t, THERE, ACK);
}

static void close_both(struct sensor *s, double at, const struct talk *t)
{
	tcp(s, at, t, THERE, FIN | ACK);
	tcp(s, at, t, BACK, FIN | ACK);
	tcp(s, at, t, THERE, ACK);
}

/* --- records, looked at ----------------------------------------------------------------------- */

struct want {
	const char *source, *destination;
	unsigned source_port, destination_port;
	unsigned packets[2];
	const char *history;
	unsigned verdict, connection, basis, end;
};

static void check_record(const struct record *r, const struct want *w)
{
	struct address source = address_at(w->source, NULL),
		       destination = address_at(w->destination, NULL);
	char history[HISTORY_BYTES];

	record_history(r, history);
	assert_string_equal(history, w->history);
	assert_memory_equal(&r->address[0], &source, sizeof(source));
	assert_memory_equal(&r->address[1], &destination, sizeof(destination));
	assert_int_equal(r->port[0], w->source_port);
	assert_int_equal(r->port[1], w->destination_port);
	assert_int_equal(r->packets[0], w->packets[0]);
	assert_int_equal(r->packets[1], w->packets[1]);
	assert_string_equal(
		verdict_name((enum verdict)r->verdict), verdict_name((enum verdict)w->verdict));
	assert_string_equal(connection_name((enum connection)r->connection),
		connection_name((enum connection)w->connection));
	assert_string_equal(basis_name((enum basis)r->basis), basis_name((enum basis)w->basis));
	assert_string_equal(end_name((enum end)r->end), end_name((enum end)w->end));
}

/* Finishes, and expects exactly these records, in the order in which their flows began. */
static void expect(struct sensor *s, const struct want *want, size_t count)
{
	const struct counters *c = sensor_finish(s);

	check_accounting(s, c);
	assert_int_equal(s->ended_count, count);
	for (size_t i = 0; i < count; i++) {
		size_t first = i;
		for (size_t k = i + 1; k < count; k++)
			if (s->ended[k].start_ns < s->ended[first].start_ns)
				first = k;
		struct record r = s->ended[first];
		s->ended[first] = s->ended[i];
		s->ended[i] = r;
		check_record(&r, &want[i]);
	}
	sensor_close(s);
}

#define EXPECT(s, ...)                                                                             \
	expect(s, (const struct want[]){__VA_ARGS__},                                              \
		sizeof((const struct want[]){__VA_ARGS__}) / sizeof(struct want))

static const struct talk ssh = {{ADMIN, FTD}, {51000, 22}};
static const struct talk backdoor = {{STRANGER, FTD}, {50001, 4444}};
static const struct talk lookup = {{FTD, ADMIN}, {40001, 53}};

/* --- who initiated ------------------------------------------------------------------------------
 */

static void tracker_takes_an_answer_that_nobody_asked_for_as_a_packet_to_a_port(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk early = {{ADMIN, STRANGER}, {1, 2}}, t = {{FTD, STRANGER}, {22, 6667}};

	(void)state;
	udp(s, 0, &early, THERE);
	tcp(s, 100, &t, BACK, SYN | ACK);
	sensor_finish(s);
	assert_int_equal(
		s->flagged_count, 1); /* of 22/tcp inbound there is a rule: evasion alone */
	assert_int_equal(s->flagged[0].kind, RECORD_EVASION);
	assert_int_equal(s->flagged[0].evasion_reason, EVASION_UNASKED_ANSWER);
	assert_int_equal(s->flagged[0].severity, SEVERITY_LOW);
	assert_int_equal(s->ended[0].port[0], 6667);
	assert_int_equal(s->ended[0].basis, BASIS_FIRST_PACKET);
	sensor_close(s);
}

/* Half a mirror: what the client sends is not seen, but that the server's answer was taken. */
static void tracker_takes_an_acknowledged_syn_ack_as_an_answer(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp(s, 0, &ssh, BACK, SYN | ACK);
	tcp(s, 0.1, &ssh, THERE, ACK);
	EXPECT(s, {ADMIN, FTD, 51000, 22, {1, 1}, "hA", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			  BASIS_SYN_ACK, END_END_OF_CAPTURE});
}

static void tracker_takes_data_that_overtook_the_syn_ack(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp(s, 0, &ssh, THERE, SYN);
	tcp_data(s, 0.1, &ssh, THERE);
	tcp(s, 0.2, &ssh, BACK, SYN | ACK);
	EXPECT(s, {ADMIN, FTD, 51000, 22, {2, 1}, "SDh", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			  BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

/* The guess is an outbound connection to 443; the handshake says that it is inbound to 4444. */
static void tracker_corrects_a_guess_when_the_handshake_comes_late(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk t = {{STRANGER, FTD}, {443, 4444}};
	const struct counters *c;

	(void)state;
	tcp_data(s, 0, &t, THERE);
	tcp_data(s, 0.1, &t, BACK);
	tcp_data(s, 0.2, &t, THERE);
	assert_int_equal(s->flagged_count, 0);
	tcp(s, 0.3, &t, THERE, SYN);
	assert_int_equal(s->flagged_count, 0); /* alone it could be anybody's idea */
	tcp(s, 0.4, &t, BACK, SYN | ACK);
	assert_int_equal(s->flagged_count, 1);
	c = worker_counters(s->worker);
	assert_int_equal(c->corrected, 1);
	assert_int_equal(c->verdict_flows[VERDICT_EXPECTED], 0);
	assert_int_equal(c->verdict_flows[VERDICT_UNEXPECTED_PORT], 1);
	EXPECT(s, {STRANGER, FTD, 443, 4444, {3, 2}, "^DdSh", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_ESTABLISHED, BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

static void tracker_strengthens_a_guess_that_was_right(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp_data(s, 0, &ssh, BACK);
	tcp(s, 0.1, &ssh, BACK, SYN | ACK);
	tcp(s, 0.2, &ssh, THERE, SYN);
	EXPECT(s, {ADMIN, FTD, 51000, 22, {1, 2}, "^dhS", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			  BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

static void tracker_orients_midstream_by_the_milder_verdict_where_both_sides_talk(void **state)
{
	const struct talk out = {{FTD, STRANGER}, {40000, 443}};

	(void)state;
	for (unsigned first = THERE; first <= BACK; first++) {
		struct sensor *s = sensor_open(16, 1);
		const char *history = first == THERE ? "Dd" : "^dD";
		tcp_data(s, 0, &ssh, first);
		tcp_data(s, 0.5, &ssh, 1 - first);
		tcp_data(s, 1, &out, first);
		tcp_data(s, 1.5, &out, 1 - first);
		EXPECT(s,
			{ADMIN, FTD, 51000, 22, {1, 1}, history, VERDICT_EXPECTED,
				CONNECTION_MIDSTREAM, BASIS_POLICY, END_END_OF_CAPTURE},
			{FTD, STRANGER, 40000, 443, {1, 1}, history, VERDICT_EXPECTED,
				CONNECTION_MIDSTREAM, BASIS_POLICY, END_END_OF_CAPTURE});
	}
}

/* After the warm-up nothing but a guess speaks for it: with a stranger that is told. */
static void tracker_tells_of_connections_with_strangers_that_have_no_handshake(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk early = {{ADMIN, STRANGER}, {1, 2}},
			  out = {{FTD, STRANGER}, {40000, 443}};

	(void)state;
	udp(s, 0, &early, THERE);
	tcp_data(s, 100, &out, BACK);
	tcp_data(s, 100.5, &out, THERE);
	assert_int_equal(s->flagged_count, 0);
	udp(s, 104, &early, THERE);
	assert_int_equal(s->flagged_count, 2);
	assert_int_equal(s->flagged[0].kind, RECORD_FLAGGED);
	assert_int_equal(
		s->flagged[0].severity, SEVERITY_MEDIUM); /* it may be the other way round */
	assert_int_equal(s->flagged[1].kind, RECORD_EVASION);
	assert_int_equal(s->flagged[1].evasion_reason, EVASION_NO_HANDSHAKE);
	EXPECT(s, {STRANGER, FTD, 443, 40000, {1, 1}, "Dd", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_MIDSTREAM, BASIS_FIRST_PACKET, END_END_OF_CAPTURE});
}

static void tracker_orients_midstream_between_appliances_by_policy_at_any_time(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk early = {{ADMIN, STRANGER}, {1, 2}},
			  channel = {{FTD, FMC}, {50001, 8305}};

	(void)state;
	udp(s, 0, &early, THERE);
	for (unsigned i = 0; i < 10; i++) {
		tcp_data(s, 1000 + 120 * i, &channel, BACK);
		tcp_data(s, 1000.1 + 120 * i, &channel, THERE);
	}
	assert_int_equal(s->flagged_count, 0);
	EXPECT(s, {FTD, FMC, 50001, 8305, {10, 10}, "^dD", VERDICT_EXPECTED, CONNECTION_MIDSTREAM,
			  BASIS_POLICY, END_END_OF_CAPTURE});
}

static void tracker_orients_equally_mild_ones_by_the_lower_port(void **state)
{
	(void)state;
	for (unsigned first = THERE; first <= BACK; first++) {
		struct sensor *s = sensor_open(16, 1);
		tcp_data(s, 0, &backdoor, first);
		tcp_data(s, 1, &backdoor, 1 - first);
		EXPECT(s, {STRANGER, FTD, 50001, 4444, {1, 1}, first == THERE ? "Dd" : "^dD",
				  VERDICT_UNEXPECTED_PORT, CONNECTION_MIDSTREAM, BASIS_PORT,
				  END_END_OF_CAPTURE});
	}
}

static void tracker_takes_the_first_sender_where_ports_are_equal(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk t = {{STRANGER, FTD}, {4444, 4444}};

	(void)state;
	tcp_data(s, 0, &t, THERE);
	EXPECT(s, {STRANGER, FTD, 4444, 4444, {1, 0}, "D", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_MIDSTREAM, BASIS_FIRST_PACKET, END_END_OF_CAPTURE});
}

/* 60 s after the first packet of the stream, whoever's it was. */
static void tracker_orients_datagrams_by_policy_only_in_warmup(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk first = {{FTD2, ADMIN}, {40001, 53}},
			  stranger = {{ADMIN, STRANGER}, {1, 2}};

	(void)state;
	udp(s, 0, &stranger, THERE);
	udp(s, 59.999, &first, BACK);
	udp(s, 60, &lookup, BACK);
	EXPECT(s,
		{FTD2, ADMIN, 40001, 53, {0, 1}, "d", VERDICT_EXPECTED, CONNECTION_ONE_WAY,
			BASIS_POLICY, END_END_OF_CAPTURE},
		{ADMIN, FTD, 53, 40001, {1, 0}, "D", VERDICT_UNEXPECTED_PORT, CONNECTION_ONE_WAY,
			BASIS_FIRST_PACKET, END_END_OF_CAPTURE});
}

static void tracker_turns_a_dhcp_answer_round_at_any_time(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk early = {{ADMIN, STRANGER}, {1, 2}}, dhcp = {{FTD, ADMIN}, {68, 67}},
			  server = {{ADMIN, FTD2}, {68, 67}};

	(void)state;
	udp(s, 0, &early, THERE);
	udp(s, 1000, &dhcp, BACK);
	udp(s, 1001, &server, BACK);
	sensor_finish(s);
	assert_int_equal(s->ended_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(s->ended[i].port[0], 68);
		assert_int_equal(s->ended[i].verdict,
			s->ended[i].appliance[0] == 1 ? VERDICT_EXPECTED : VERDICT_UNEXPECTED_PORT);
	}
	sensor_close(s);
}

/* --- how it stands
 * -------------------------------------------------------------------------------- */

static void tracker_tells_the_states_of_a_connection_apart(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk refused = {{STRANGER, FTD}, {50002, 4444}},
			  half = {{STRANGER, FTD}, {50003, 4444}},
			  one_sided = {{STRANGER, FTD}, {50004, 4444}};

	(void)state;
	tcp(s, 0, &backdoor, THERE, SYN);
	tcp(s, 1, &refused, THERE, SYN);
	tcp(s, 1.1, &refused, BACK, RST | ACK);
	tcp(s, 2, &half, THERE, SYN);
	tcp(s, 2.1, &half, BACK, SYN | ACK);
	tcp(s, 3, &one_sided, THERE, SYN);
	tcp(s, 3.1, &one_sided, THERE, ACK);
	EXPECT(s,
		{STRANGER, FTD, 50001, 4444, {1, 0}, "S", VERDICT_UNEXPECTED_PORT,
			CONNECTION_ATTEMPTED, BASIS_SYN, END_END_OF_CAPTURE},
		{STRANGER, FTD, 50002, 4444, {1, 1}, "Sr", VERDICT_UNEXPECTED_PORT,
			CONNECTION_REFUSED, BASIS_HANDSHAKE, END_RESET},
		{STRANGER, FTD, 50003, 4444, {1, 1}, "Sh", VERDICT_UNEXPECTED_PORT,
			CONNECTION_ESTABLISHED, BASIS_HANDSHAKE, END_END_OF_CAPTURE},
		{STRANGER, FTD, 50004, 4444, {2, 0}, "SA", VERDICT_UNEXPECTED_PORT,
			CONNECTION_ESTABLISHED, BASIS_SYN, END_END_OF_CAPTURE});
}

/* TCP Fast Open (RFC 7413), or a scanner: nobody has answered. */
static void tracker_does_not_take_a_syn_with_data_for_a_connection(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp_at(s, 0, &backdoor, THERE, SYN, 20, 1000);
	EXPECT(s, {STRANGER, FTD, 50001, 4444, {1, 0}, "SD", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_ATTEMPTED, BASIS_SYN, END_END_OF_CAPTURE});
}

/* The SYN comes again after a SYN+ACK of the same side, which fits nothing: neither does its data.
 */
static void tracker_takes_no_data_of_what_does_not_fit_for_a_connection(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp_at(s, 0, &backdoor, THERE, SYN, 20, 1000);
	tcp_full(s, 0.1, &backdoor, THERE, SYN | ACK, 300, 1001, 7777);
	tcp(s, 0.05, &backdoor, THERE, SYN); /* late: looked at closely */
	EXPECT(s, {STRANGER, FTD, 50001, 4444, {3, 0}, "SD", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_ATTEMPTED, BASIS_SYN, END_END_OF_CAPTURE});
}

static void tracker_reports_a_flagged_flow_once_and_again_when_it_is_graver(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp(s, 0, &backdoor, THERE, SYN);
	tcp(s, 1, &backdoor, THERE, SYN);
	assert_int_equal(s->flagged_count, 0); /* the answer may come yet */
	tcp(s, 3.1, &backdoor, THERE, SYN);
	assert_int_equal(s->flagged_count, 1);
	assert_int_equal(s->flagged[0].severity, 2);
	assert_int_equal(s->flagged[0].repeated_graver, 0);
	tcp(s, 4, &backdoor, BACK, SYN | ACK);
	tcp(s, 4.1, &backdoor, THERE, ACK);
	tcp_data(s, 5, &backdoor, THERE);
	assert_int_equal(s->flagged_count, 2);
	assert_int_equal(s->flagged[1].severity, 3);
	assert_int_equal(s->flagged[1].repeated_graver, 1);
	sensor_finish(s);
	sensor_close(s);
}

static void tracker_tells_an_answered_connection_at_once(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	handshake(s, 0, &backdoor);
	assert_int_equal(s->flagged_count, 1);
	assert_int_equal(s->flagged[0].severity, 3);
	sensor_finish(s);
	sensor_close(s);
}

/* --- what belongs together
 * ----------------------------------------------------------------------------------- */

static void tracker_lets_a_reset_come_before_its_syn(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp(s, 0, &backdoor, BACK, RST | ACK);
	tcp(s, 0.001, &backdoor, THERE, SYN);
	EXPECT(s, {STRANGER, FTD, 50001, 4444, {1, 1}, "^rS", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_REFUSED, BASIS_HANDSHAKE, END_RESET});
}

static void tracker_takes_the_number_of_a_syn_ack_in_a_syn_for_no_simultaneous_open(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk web = {{FTD, STRANGER}, {40004, 443}};

	(void)state;
	handshake(s, 100, &web);
	tcp_data(s, 101, &web, THERE);
	tcp_full(s, 102, &web, BACK, SYN, 0, 1000, 0);
	EXPECT(s, {FTD, STRANGER, 40004, 443, {3, 2}, "ShAD", VERDICT_EXPECTED,
			  CONNECTION_ESTABLISHED, BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

/* Or an answer to nothing would hide every attempt that follows it. */
static void tracker_begins_a_new_flow_with_a_syn_that_the_answer_before_it_does_not_answer(
	void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp_full(s, 100, &backdoor, BACK, SYN | ACK, 0, 0, 7777);
	tcp_at(s, 101, &backdoor, THERE, SYN, 0, 1000);
	EXPECT(s,
		{STRANGER, FTD, 50001, 4444, {0, 1}, "h", VERDICT_UNEXPECTED_PORT,
			CONNECTION_MIDSTREAM, BASIS_PORT, END_REPLACED},
		{STRANGER, FTD, 50001, 4444, {1, 0}, "S", VERDICT_UNEXPECTED_PORT,
			CONNECTION_ATTEMPTED, BASIS_SYN, END_END_OF_CAPTURE});
}

static void tracker_lets_a_reset_come_before_its_syn_with_data(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	tcp_full(s, 0, &backdoor, BACK, RST | ACK, 0, 0, 1021);
	tcp_at(s, 0.001, &backdoor, THERE, SYN, 20, 1000);
	EXPECT(s, {STRANGER, FTD, 50001, 4444, {1, 1}, "^rSD", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_REFUSED, BASIS_HANDSHAKE, END_RESET});
}

static void tracker_begins_a_new_flow_with_a_syn_against_it_once_that_is_acknowledged(void **state)
{
	const struct talk out = {{FTD, STRANGER}, {40000, 443}};

	(void)state;
	for (unsigned answered = 0; answered < 2; answered++) {
		struct sensor *s = sensor_open(16, 1);
		handshake(s, 0, &out);
		tcp_at(s, 1, &out, BACK, SYN, 0, 5000);
		if (!answered) {
			EXPECT(s, {FTD, STRANGER, 40000, 443, {2, 2}, "ShA", VERDICT_EXPECTED,
					  CONNECTION_ESTABLISHED, BASIS_HANDSHAKE,
					  END_END_OF_CAPTURE});
			continue;
		}
		tcp_full(s, 1.1, &out, THERE, SYN | ACK, 0, 7000, 5001);
		EXPECT(s,
			{FTD, STRANGER, 40000, 443, {2, 1}, "ShA", VERDICT_EXPECTED,
				CONNECTION_ESTABLISHED, BASIS_HANDSHAKE, END_REPLACED},
			{STRANGER, FTD, 443, 40000, {1, 1}, "Sh", VERDICT_UNEXPECTED_PORT,
				CONNECTION_ESTABLISHED, BASIS_HANDSHAKE, END_END_OF_CAPTURE});
	}
}

/* Many SYNs that fit nothing do not hide the one that was answered. */
static void tracker_knows_the_syn_that_was_answered_in_a_crowd(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk out = {{FTD, STRANGER}, {40000, 443}};

	(void)state;
	handshake(s, 0, &out);
	for (unsigned i = 0; i < 20; i++)
		tcp_at(s, 1 + i * 0.01, &out, BACK, SYN, 0, 5000 + 100 * i);
	tcp_full(s, 1.5, &out, THERE, SYN | ACK, 0, 7000, 5501);
	sensor_finish(s);
	assert_int_equal(s->ended_count, 2);
	assert_int_equal(s->ended[1].port[1], 40000);
	assert_int_equal(s->ended[1].verdict, VERDICT_UNEXPECTED_PORT);
	sensor_close(s);
}

static void tracker_judges_a_simultaneous_open_both_ways(void **state)
{
	const struct talk t = {{FTD, STRANGER}, {40000, 443}};

	(void)state;
	for (unsigned first = THERE; first <= BACK; first++) {
		struct sensor *s = sensor_open(16, 1);
		tcp(s, 0, &t, first, SYN);
		tcp(s, 0.001, &t, 1 - first, SYN);
		tcp(s, 0.01, &t, THERE, SYN | ACK);
		tcp(s, 0.011, &t, BACK, SYN | ACK);
		sensor_finish(s);
		assert_int_equal(s->ended_count, 1);
		assert_int_equal(s->ended[0].verdict, VERDICT_UNEXPECTED_PORT);
		assert_int_equal(s->ended[0].basis, BASIS_HANDSHAKE);
		sensor_close(s);
	}
}

static void tracker_replaces_a_syn_that_nobody_answered_by_one_from_the_other_side(void **state)
{
	struct sensor *s = sensor_open(16, 1);
	const struct talk t = {{STRANGER, FTD}, {4444, 885}};

	(void)state;
	tcp(s, 0, &t, THERE, SYN);
	tcp(s, 19, &t, BACK, SYN);
	tcp(s, 19.1, &t, THERE, SYN | ACK);
	EXPECT(s,
		{STRANGER, FTD, 4444, 885, {1, 0}, "S", VERDICT_FEATURE_DISABLED,
			CONNECTION_ATTEMPTED, BASIS_SYN, END_REPLACED},
		{FTD, STRANGER, 885, 4444, {1, 1}, "Sh", VERDICT_UNEXPECTED_PORT,
			CONNECTION_ESTABLISHED, BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

static void tracker_closes_nothing_by_a_reset_out_of_the_window(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	handshake(s, 0, &backdoor);
	tcp_at(s, 1, &backdoor, THERE, RST, 0, 2999999000u);
	tcp_data(s, 10, &backdoor, BACK);
	assert_int_equal(s->flagged_count, 2);
	assert_int_equal(s->flagged[1].kind, RECORD_EVASION);
	assert_int_equal(s->flagged[1].evasion_reason, EVASION_RESET_IGNORED);
	EXPECT(s, {STRANGER, FTD, 50001, 4444, {3, 2}, "ShAd", VERDICT_UNEXPECTED_PORT,
			  CONNECTION_ESTABLISHED, BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

/* --- when it ends
 * ----------------------------------------------------------------------------------- */

static void tracker_begins_a_new_flow_with_a_syn_on_a_closed_one(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	handshake(s, 0, &ssh);
	close_both(s, 1, &ssh);
	tcp_at(s, 1.5, &ssh, THERE, SYN, 0, 9000);
	tcp_full(s, 1.6, &ssh, BACK, RST | ACK, 0, 0, 9001);
	tcp_at(s, 1.7, &ssh, THERE, SYN, 0, 9500);
	EXPECT(s,
		{ADMIN, FTD, 51000, 22, {4, 2}, "ShAFf", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			BASIS_HANDSHAKE, END_FIN},
		{ADMIN, FTD, 51000, 22, {1, 1}, "Sr", VERDICT_EXPECTED, CONNECTION_REFUSED,
			BASIS_HANDSHAKE, END_RESET},
		{ADMIN, FTD, 51000, 22, {1, 0}, "S", VERDICT_EXPECTED, CONNECTION_ATTEMPTED,
			BASIS_SYN, END_END_OF_CAPTURE});
}

static void tracker_begins_a_new_flow_with_a_new_syn_once_that_is_acknowledged(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	handshake(s, 0, &ssh);
	tcp_at(s, 0.5, &ssh, THERE, SYN, 0, 777777);
	tcp_full(s, 0.6, &ssh, BACK, SYN | ACK, 0, 888888, 777778);
	EXPECT(s,
		{ADMIN, FTD, 51000, 22, {2, 1}, "ShA", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			BASIS_HANDSHAKE, END_REPLACED},
		{ADMIN, FTD, 51000, 22, {1, 1}, "Sh", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

static void tracker_keeps_a_flow_whose_syn_comes_again(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	handshake(s, 0, &ssh);
	tcp(s, 100, &ssh, THERE, SYN);
	tcp_at(s, 101, &ssh, THERE, SYN, 0, 777777); /* nobody answers */
	EXPECT(s, {ADMIN, FTD, 51000, 22, {4, 1}, "ShA", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			  BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

static void tracker_keeps_late_packets_with_a_closed_flow_for_five_seconds(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	handshake(s, 0, &ssh);
	close_both(s, 1, &ssh);
	tcp(s, 5.9, &ssh, BACK, ACK);
	tcp(s, 10.8, &ssh, BACK, ACK);
	tcp(s, 15.9, &ssh, BACK, ACK);
	EXPECT(s,
		{ADMIN, FTD, 51000, 22, {4, 4}, "ShAFfa", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			BASIS_HANDSHAKE, END_FIN},
		{FTD, ADMIN, 22, 51000, {1, 0}, "A", VERDICT_UNEXPECTED_PORT, CONNECTION_MIDSTREAM,
			BASIS_FIRST_PACKET, END_END_OF_CAPTURE});
}

static void tracker_ends_a_flow_by_the_gap_between_its_own_packets(void **state)
{
	const struct talk other = {{FTD2, ADMIN}, {40001, 53}};

	(void)state;
	for (unsigned noise = 0; noise < 2; noise++) {
		struct sensor *s = sensor_open(64, 32);
		udp(s, 0, &lookup, THERE);
		for (unsigned i = 1; i < 100 && noise; i++) {
			udp(s, i * 0.5, &other, THERE);
		}
		udp(s, 60, &lookup, THERE);
		udp(s, 120.001, &lookup, THERE);
		sensor_finish(s);
		assert_int_equal(s->ended_count, 2 + noise);
		sensor_close(s);
	}
}

static void tracker_keeps_its_clock_when_packet_time_runs_back(void **state)
{
	struct sensor *s = sensor_open(16, 1);

	(void)state;
	udp(s, 1000, &lookup, THERE);
	udp_skewed(s, 1001, 500, &lookup, THERE);
	sensor_finish(s);
	assert_int_equal(s->ended_count, 1);
	assert_int_equal(s->ended[0].packets[0], 2);
	assert_int_equal(
		s->ended[0].start_ns, START + S(501)); /* smallest and largest of its own */
	assert_int_equal(s->ended[0].end_ns, START + S(1000));
	sensor_close(s);
	/* And back to normal with the next packet that is on time. */
	s = sensor_open(16, 1);
	udp(s, 1000, &lookup, THERE);
	udp_skewed(s, 1001, 500, &lookup, THERE);
	udp(s, 1002, &lookup, THERE);
	sensor_finish(s);
	assert_int_equal(s->ended[0].end_ns, START + S(1002));
	sensor_close(s);
}

/* The stream believes a time so far ahead with the third packet; the flow is as old as its own. */
static void tracker_keeps_a_flow_that_began_while_the_time_leapt(void **state)
{
	struct sensor *s = sensor_open(16, 8);

	(void)state;
	udp(s, 0, &lookup, THERE);
	handshake(s, 100000, &ssh);
	s->burst.packet[1].now_ns = s->burst.packet[2].now_ns = START;
	tcp_data(s, 100001, &ssh, THERE);
	EXPECT(s,
		{FTD, ADMIN, 40001, 53, {1, 0}, "D", VERDICT_EXPECTED, CONNECTION_ONE_WAY,
			BASIS_POLICY, END_IDLE},
		{ADMIN, FTD, 51000, 22, {3, 1}, "ShAD", VERDICT_EXPECTED, CONNECTION_ESTABLISHED,
			BASIS_HANDSHAKE, END_END_OF_CAPTURE});
}

/* --- where there is no room
 * ------------------------------------------------------------------------------ */

/* The documented flow of two appliances outlives a scan of every port from many hosts. */
static void tracker_keeps_documented_flows_through_a_scan(void **state)
{
	struct sensor *s = sensor_open(64, 32);
	const struct talk channel = {{FTD, FMC}, {40001, 8305}};
	const struct counters *c;
	unsigned found = 0;

	(void)state;
	handshake(s, 0, &channel);
	for (unsigned i = 0; i < 5000; i++) {
		char host[32];
		struct talk t = {{host, FTD}, {(uint16_t)(1024 + i), (uint16_t)(10000 + i)}};
		snprintf(host, sizeof(host), "198.51.%u.%u", i % 250, i / 250 + 1);
		tcp(s, 1 + i * 0.001, &t, THERE, SYN);
		if (i % 2)
			tcp(s, 1 + i * 0.001, &t, BACK, RST | ACK);
		if (i % 10 == 0)
			tcp_data(s, 1 + i * 0.001, &channel, i % 20 ? THERE : BACK);
	}
	c = sensor_finish(s);
	check_accounting(s, c);
	assert_true(c->ended[END_EVICTED] > 0);
	assert_true(c->flows_active_peak <= 64);
	for (size_t i = 0; i < s->ended_count; i++) {
		const struct record *r = &s->ended[i];
		if (r->port[1] != 8305)
			continue;
		found++;
		assert_int_equal(r->end, END_END_OF_CAPTURE);
		assert_int_equal(r->packets[0] + r->packets[1], 503);
	}
	assert_int_equal(found, 1);
	sensor_close(s);
}

static void tracker_counts_what_found_no_room(void **state)
{
	struct sensor *s = sensor_open(1, 1);
	const struct counters *c;

	(void)state;
	handshake(s, 0, &ssh);
	udp(s, 1, &lookup, THERE);
	udp(s, 2, &lookup, BACK);
	tcp(s, 3, &backdoor, THERE, SYN);
	c = sensor_finish(s);
	check_accounting(s, c);
	assert_int_equal(c->untracked_packets, 3);
	assert_int_equal(c->verdict_packets[VERDICT_UNEXPECTED_PORT], 1);
	assert_int_equal(s->ended_count, 1);
	sensor_close(s);
}

/* --- the stupid twin
 * ---------------------------------------------------------------------------------- */

static const char *const host[] = {FMC, FTD, FTD2, STRANGER, ADMIN};
#define HOSTS 5
#define TWIN_MAX 60000

struct twin_flow {
	unsigned host[2]; /* [0] sent the first packet */
	uint16_t port[2];
	uint8_t protocol;
	unsigned initiator; /* 0 or 1 */
	char history[20];   /* upper case: of [0] */
	uint64_t first_ns, last_ns, last_own_ns;
	uint64_t packets[2], bytes[2];
	enum verdict verdict;
	enum connection connection;
	enum basis basis;
	int corrected;
};

/* Who answered whom, and when it became known last. */
struct twin_memory {
	unsigned from, to;
	uint16_t port;
	uint8_t protocol;
	uint64_t time_ns;
};

struct twin {
	const struct sensor *sensor;
	struct twin_memory memory[4000];
	unsigned memories;
	struct twin_flow flow[2000];
	unsigned flows;
	char (*line)[200];
	size_t lines;
	uint64_t start_ns;
	uint64_t verdict_packets[VERDICT_COUNT], corrected;
};

/* One packet, as the twin and the frames are told of it. */
struct event {
	unsigned from, to;
	uint16_t from_port, to_port;
	uint8_t protocol;
	unsigned flags;
	size_t payload;
	uint32_t sequence;
	uint64_t own_ns, now_ns, bytes;
};

static enum verdict twin_judge(const struct twin *t, const struct twin_flow *f, unsigned initiator)
{
	struct flow_tuple c = {.version = 4, .protocol = f->protocol};

	for (unsigned i = 0; i < 2; i++) {
		c.address[i] = address_at(host[f->host[i ^ initiator]], NULL);
		c.port[i] = f->port[i ^ initiator];
		c.appliance[i] = inventory_find(t->sensor->inventory, &c.address[i], 4);
	}
	return (enum verdict)policy_judge(t->sensor->book.policy, &c).verdict;
}

static uint64_t twin_limit(const struct twin_flow *f)
{
	int ike =
		f->port[0] == 500 || f->port[1] == 500 || f->port[0] == 4500 || f->port[1] == 4500;

	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_GRE)
		return 60 * SECOND;
	return (ike ? 3600 : f->connection == CONNECTION_TWO_WAY ? 180 : 60) * SECOND;
}

static void oriented(const struct twin_flow *f, char *out)
{
	if (f->corrected)
		*out++ = '^';
	strcpy(out, f->history);
	for (; *out && f->initiator == 1; out++)
		*out = (char)(*out ^ 0x20);
}

static void write_line(char line[200], const char *const ends[2], const uint16_t port[2],
	unsigned protocol, const uint64_t packets[2], const uint64_t bytes[2], unsigned from,
	const char *tail)
{
	snprintf(line, 200, "%u %s:%u > %s:%u %llu/%llu %llu/%llu %s", protocol, ends[from],
		port[from], ends[1 - from], port[1 - from], (unsigned long long)packets[from],
		(unsigned long long)packets[1 - from], (unsigned long long)bytes[from],
		(unsigned long long)bytes[1 - from], tail);
}

static void write_tail(char tail[120], unsigned verdict, unsigned connection, unsigned basis,
	unsigned end, const char *history, uint64_t start, uint64_t last)
{
	snprintf(tail, 120, "%s %s %s %s %s %llu %llu", verdict_name((enum verdict)verdict),
		connection_name((enum connection)connection), basis_name((enum basis)basis),
		end_name((enum end)end), history, (unsigned long long)start,
		(unsigned long long)last);
}

static void twin_end(struct twin *t, unsigned i, enum end otherwise)
{
	const struct twin_flow *f = &t->flow[i];
	const char *const ends[2] = {host[f->host[0]], host[f->host[1]]};
	char history[24], tail[120];

	oriented(f, history);
	write_tail(tail, f->verdict, f->connection, f->basis, otherwise, history, f->first_ns,
		f->last_own_ns);
	assert_true(t->lines < TWIN_MAX);
	write_line(t->line[t->lines++], ends, f->port, f->protocol, f->packets, f->bytes,
		f->initiator, tail);
	t->flow[i] = t->flow[--t->flows];
}

static int twin_find(const struct twin *t, const struct event *e, unsigned *way)
{
	for (unsigned i = 0; i < t->flows; i++)
		for (*way = 0; *way < 2; (*way)++) {
			const struct twin_flow *f = &t->flow[i];
			if (f->protocol == e->protocol && f->host[*way] == e->from &&
				f->host[1 - *way] == e->to && f->port[*way] == e->from_port &&
				f->port[1 - *way] == e->to_port)
				return (int)i;
		}
	return -1;
}

static struct twin_memory *twin_recall(
	struct twin *t, const struct twin_flow *f, unsigned initiator)
{
	for (unsigned i = 0; i < t->memories; i++) {
		struct twin_memory *m = &t->memory[i];
		if (m->from == f->host[initiator] && m->to == f->host[1 - initiator] &&
			m->port == f->port[1 - initiator] && m->protocol == f->protocol)
			return m;
	}
	return NULL;
}

static uint64_t twin_answered(
	struct twin *t, const struct twin_flow *f, unsigned initiator, uint64_t now_ns)
{
	const struct twin_memory *m = twin_recall(t, f, initiator);

	return m && now_ns - m->time_ns <= 3600 * SECOND ? m->time_ns : 0;
}

static int twin_is_settled(const struct twin_flow *f)
{
	return f->connection == CONNECTION_TWO_WAY && f->protocol == IPPROTO_UDP &&
	       f->basis == BASIS_FIRST_PACKET && f->port[0] != f->port[1];
}

static void twin_remember(struct twin *t, const struct twin_flow *f)
{
	struct twin_memory *m = twin_recall(t, f, f->initiator);

	if (!m) {
		assert_true(t->memories < 4000);
		m = &t->memory[t->memories++];
		m->from = f->host[f->initiator];
		m->to = f->host[1 - f->initiator];
		m->port = f->port[1 - f->initiator];
		m->protocol = f->protocol;
	}
	m->time_ns = f->last_ns;
}

/* Without payload that says anything: DHCP by its ports; in the warm-up a pair that was seen, or
 * the policy; else the sender. */
static void twin_orient(struct twin *t, struct twin_flow *f, const struct event *e)
{
	enum verdict straight = twin_judge(t, f, 0), turned = twin_judge(t, f, 1);
	int is_udp = f->protocol == IPPROTO_UDP;

	f->initiator = 0;
	f->basis = BASIS_FIRST_PACKET;
	if (is_udp && f->port[0] == 67 && f->port[1] == 68) {
		f->basis = BASIS_POLICY;
		f->initiator = 1;
	} else if (is_udp && !(f->port[0] == 68 && f->port[1] == 67) &&
		   e->now_ns - t->start_ns < 60 * SECOND) {
		if (twin_answered(t, f, 0, e->now_ns)) {
			f->basis = BASIS_MEMORY;
		} else if (straight != turned) {
			f->basis = BASIS_POLICY;
			f->initiator = turned < straight;
		} else if (f->port[0] != f->port[1]) {
			f->basis = BASIS_PORT;
			f->initiator = f->port[0] < f->port[1];
		}
	}
	f->verdict = f->initiator ? turned : straight;
}

static unsigned twin_begin(struct twin *t, const struct event *e)
{
	struct twin_flow *f = &t->flow[t->flows];

	assert_true(t->flows < 2000);
	*f = (struct twin_flow){
		.host = {e->from, e->to},
		.port = {e->from_port, e->to_port},
		.protocol = e->protocol,
		.first_ns = e->own_ns,
	};
	twin_orient(t, f, e);
	return t->flows++;
}

static void twin_add(struct twin *t, struct twin_flow *f, const struct event *e, unsigned way)
{
	int was_settled = f->packets[0] + f->packets[1] > 0 && twin_is_settled(f);
	char letter;

	letter = e->protocol == IPPROTO_UDP && e->payload == 0 ? 'A' : 'D';
	if (way)
		letter = (char)(letter | 0x20);
	if (!strchr(f->history, letter))
		strncat(f->history, &letter, 1);
	f->packets[way]++;
	f->bytes[way] += e->bytes;
	f->last_ns = e->now_ns;
	f->first_ns = e->own_ns < f->first_ns ? e->own_ns : f->first_ns;
	f->last_own_ns = e->own_ns > f->last_own_ns ? e->own_ns : f->last_own_ns;
	f->connection = f->packets[0] && f->packets[1] ? CONNECTION_TWO_WAY : CONNECTION_ONE_WAY;
	if (!was_settled && twin_is_settled(f))
		twin_remember(t, f);
	t->verdict_packets[f->verdict]++;
}

static void twin_see(struct twin *t, const struct event *e)
{
	unsigned way;
	int i = twin_find(t, e, &way);

	if (i >= 0 && e->now_ns - t->flow[i].last_ns > twin_limit(&t->flow[i])) {
		twin_end(t, (unsigned)i, END_IDLE);
		i = -1;
	}
	if (i < 0) {
		i = (int)twin_begin(t, e);
		way = 0;
	}
	twin_add(t, &t->flow[i], e, way);
}

/* --- random traffic, for both
 * ------------------------------------------------------------------------ */

/* `datagrams`: nothing of TCP, which the twin does not know. */
static struct event random_event(struct dice *d, uint64_t now_ns, int datagrams)
{
	static const uint16_t port[] = {
		22, 53, 67, 68, 123, 443, 500, 885, 4444, 8305, 40000, 40001};
	static const uint8_t protocol[] = {6, 6, 6, 6, 6, 17, 17, 17, 1, 47};
	static const unsigned flags[] = {SYN, SYN, SYN | ACK, SYN | ACK, ACK, ACK, ACK | PSH,
		ACK | PSH, FIN | ACK, FIN | ACK, RST, RST | ACK};
	struct event e = {.now_ns = now_ns, .own_ns = now_ns};

	e.from = dice_below(d, HOSTS);
	e.to = (e.from + 1 + dice_below(d, HOSTS - 1)) % HOSTS;
	e.protocol = protocol[datagrams ? 5 + dice_below(d, 5) : dice_below(d, 10)];
	if (e.protocol == IPPROTO_TCP || e.protocol == IPPROTO_UDP) {
		e.from_port = port[dice_below(d, 12)];
		e.to_port = port[dice_below(d, 12)];
	}
	e.flags = flags[dice_below(d, 12)];
	/* A SYN with data has a case of its own. */
	e.payload = e.protocol != IPPROTO_TCP || !(e.flags & SYN) ? dice_below(d, 3) * 50 : 0;
	e.sequence = 1000 * dice_below(d, 3);
	if (dice_below(d, 40) == 0 && now_ns > START + 500 * SECOND)
		e.own_ns = now_ns - dice_next(d) % (400 * SECOND);
	return e;
}

/* Mostly answers and repetitions, so that flows live. */
static struct event next_event(
	struct dice *d, const struct event *past, unsigned count, uint64_t now_ns, int datagrams)
{
	struct event e = random_event(d, now_ns, datagrams), old;

	if (count == 0 || dice_below(d, 12) == 0)
		return e;
	old = past[count - 1 - dice_below(d, count < 40 ? count : 40)];
	if (old.protocol != e.protocol && (old.protocol == 6 || e.protocol == 6))
		e.payload = 0;
	e.protocol = old.protocol;
	e.from = dice_below(d, 2) ? old.from : old.to;
	e.to = e.from == old.from ? old.to : old.from;
	e.from_port = e.from == old.from ? old.from_port : old.to_port;
	e.to_port = e.from == old.from ? old.to_port : old.from_port;
	return e;
}

static uint64_t random_gap(struct dice *d)
{
	static const uint64_t gap_ms[] = {
		0, 1, 1, 10, 100, 1000, 4999, 5001, 6000, 29000, 31000, 61000, 181000, 3700000};
	unsigned n = dice_below(d, 100);

	return gap_ms[n < 70	? dice_below(d, 5)
		       : n < 90 ? dice_below(d, 8)
				: dice_below(d, 14)] *
	       1000000;
}

static struct frame frame_of(const struct event *e)
{
	struct frame f = {0};

	put_ipv4(&f, host[e->from], host[e->to], e->protocol, 0);
	if (e->protocol == IPPROTO_TCP) {
		put_tcp(&f, e->from_port, e->to_port, e->flags, e->payload);
		set16(&f, 24, e->sequence >> 16);
		set16(&f, 26, e->sequence & 0xffff);
	} else if (e->protocol == IPPROTO_UDP) {
		put_udp(&f, e->from_port, e->to_port, e->payload);
	} else {
		put_fill(&f, 8, 8 + e->payload);
	}
	frame_close(&f);
	return f;
}

static struct event *random_traffic(uint64_t seed, unsigned count, int datagrams)
{
	struct dice d = dice_cast(seed);
	struct event *e = calloc(count, sizeof(*e));
	uint64_t clock_ns = START, now_ns = START;

	assert_non_null(e);
	for (unsigned i = 0; i < count; i++) {
		e[i] = next_event(&d, e, i, clock_ns, datagrams);
		e[i].bytes = frame_of(&e[i]).size;
		if (e[i].own_ns > now_ns)
			now_ns = e[i].own_ns;
		e[i].now_ns = now_ns; /* all that a stream knows of the clock */
		clock_ns += random_gap(&d);
	}
	return e;
}

static struct sensor *replayed(const struct event *e, unsigned count, unsigned burst_size)
{
	struct sensor *s = sensor_open(4096, burst_size);

	for (unsigned i = 0; i < count; i++) {
		struct frame f = frame_of(&e[i]);
		sensor_see(s, e[i].own_ns, 0, &f);
	}
	check_accounting(s, sensor_finish(s));
	return s;
}

static const char *text_of(const struct address *a)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		struct address b = address_at(host[i], NULL);
		if (address_equal(a, &b))
			return host[i];
	}
	return "?";
}

static void line_of_record(const struct record *r, char line[200])
{
	const char *const ends[2] = {text_of(&r->address[0]), text_of(&r->address[1])};
	char history[HISTORY_BYTES], tail[120];

	record_history(r, history);
	write_tail(
		tail, r->verdict, r->connection, r->basis, r->end, history, r->start_ns, r->end_ns);
	write_line(line, ends, r->port, r->protocol, r->packets, r->bytes, 0, tail);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void compare_records(struct twin *t, const struct sensor *s)
{
	char(*line)[200] = calloc(s->ended_count, sizeof(*line));

	for (size_t i = 0; i < s->ended_count; i++)
		line_of_record(&s->ended[i], line[i]);
	qsort(line, s->ended_count, sizeof(*line), compare_lines);
	qsort(t->line, t->lines, sizeof(*line), compare_lines);
	for (size_t i = 0; i < t->lines && i < s->ended_count; i++)
		assert_string_equal(line[i], t->line[i]);
	assert_int_equal(s->ended_count, t->lines);
	free(line);
}

static struct twin *twin_new(const struct sensor *s)
{
	struct twin *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->sensor = s;
	t->start_ns = START;
	t->line = calloc(TWIN_MAX, sizeof(*t->line));
	assert_non_null(t->line);
	return t;
}

static int is_monitored(const struct twin *t, const struct event *e)
{
	struct address from = address_at(host[e->from], NULL), to = address_at(host[e->to], NULL);

	return inventory_find(t->sensor->inventory, &from, 4) != APPLIANCE_NONE ||
	       inventory_find(t->sensor->inventory, &to, 4) != APPLIANCE_NONE;
}

static void tracker_accounts_as_a_list_of_flows_does(void **state)
{
	const unsigned count = 20000;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct event *e = random_traffic(seed, count, 1);
		struct sensor *s = replayed(e, count, 32);
		struct twin *t = twin_new(s);
		uint64_t now_ns = 0;
		for (unsigned i = 0; i < count; i++) {
			now_ns = e[i].now_ns;
			if (is_monitored(t, &e[i]))
				twin_see(t, &e[i]);
		}
		while (t->flows > 0)
			twin_end(t, 0,
				now_ns - t->flow[0].last_ns > twin_limit(&t->flow[0])
					? END_IDLE
					: END_END_OF_CAPTURE);
		compare_records(t, s);
		assert_memory_equal(worker_counters(s->worker)->verdict_packets, t->verdict_packets,
			sizeof(t->verdict_packets));
		assert_int_equal(worker_counters(s->worker)->corrected, t->corrected);
		sensor_close(s);
		free(t->line);
		free(t);
		free(e);
	}
}

static void tracker_gives_the_same_digest_whatever_the_burst_size(void **state)
{
	const unsigned count = 20000;
	struct event *e = random_traffic(99, count, 0);
	struct sensor *one = replayed(e, count, 1);

	(void)state;
	for (unsigned size = 2; size <= 32; size += 6) {
		struct sensor *s = replayed(e, count, size);
		const struct counters *a = worker_counters(one->worker),
				      *b = worker_counters(s->worker);
		assert_true(a->digest == b->digest);
		assert_memory_equal(a->ended, b->ended, sizeof(a->ended));
		assert_memory_equal(
			a->verdict_packets, b->verdict_packets, sizeof(a->verdict_packets));
		assert_int_equal(one->flagged_count, s->flagged_count);
		sensor_close(s);
	}
	sensor_close(one);
	free(e);
}

/* A SYN that is turned away by the fast path (Ethernet) or after a close look (a raw packet). */
static void lone_syn(struct sensor *s, double at, const struct talk *t, int at_a_glance)
{
	struct frame f = {0};

	if (at_a_glance)
		put_ethernet(&f, 0x0800);
	put_ipv4(&f, t->host[0], t->host[1], IPPROTO_TCP, 0);
	put_tcp(&f, t->port[0], t->port[1], SYN, 0);
	frame_close(&f);
	s->link = at_a_glance ? LINK_ETHERNET : LINK_RAW;
	sensor_see(s, START + S(at), 0, &f);
	sensor_flush(s);
}

static void check_same_report(const struct record *a, const struct record *b)
{
	char history[2][HISTORY_BYTES];

	assert_memory_equal(a->address, b->address, sizeof(a->address));
	assert_memory_equal(a->port, b->port, sizeof(a->port));
	assert_memory_equal(a->end_verdict, b->end_verdict, sizeof(a->end_verdict));
	assert_memory_equal(a->appliance, b->appliance, sizeof(a->appliance));
	assert_memory_equal(a->set, b->set, sizeof(a->set));
	assert_memory_equal(a->packets, b->packets, sizeof(a->packets));
	assert_memory_equal(a->bytes, b->bytes, sizeof(a->bytes));
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->connection, b->connection);
	assert_int_equal(a->basis, b->basis);
	assert_int_equal(a->end, b->end);
	assert_int_equal(a->severity, b->severity);
	assert_int_equal(a->corrected, b->corrected);
	assert_int_equal(a->repeated_graver, b->repeated_graver);
	record_history(a, history[0]);
	record_history(b, history[1]);
	assert_string_equal(history[0], history[1]);
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->detail, b->detail);
	assert_int_equal(a->start_ns, b->start_ns);
	assert_int_equal(a->end_ns, b->end_ns);
	assert_int_equal(a->encap.interface, b->encap.interface);
	assert_int_equal(a->encap.is_known, b->encap.is_known);
	assert_int_equal(a->encap.tunnel, b->encap.tunnel);
	assert_int_equal(a->encap.vlan[0], b->encap.vlan[0]);
	assert_int_equal(a->service, b->service);
	assert_int_equal(a->service_basis, b->service_basis);
	assert_int_equal(a->facts.known, b->facts.known);
}

static void tracker_turns_a_flood_away_as_if_it_had_looked_closely(void **state)
{
	const struct talk up = {{FTD, ADMIN}, {40000, 443}};
	struct sensor *s[2] = {sensor_open(1, 64), sensor_open(1, 64)};
	struct dice d = dice_cast(7);
	const struct counters *c[2];

	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		handshake(s[way], 0, &up);
		sensor_flush(s[way]);
	}
	for (unsigned i = 0; i < 500; i++) {
		struct talk t = {{host[dice_below(&d, 5)], host[dice_below(&d, 5)]},
			{(uint16_t)dice_below(&d, 65536), (uint16_t)dice_below(&d, 65536)}};
		if (dice_below(&d, 4) == 0)
			t.port[1] = 443;
		for (unsigned way = 0; way < 2; way++)
			lone_syn(s[way], 1 + i * 0.001, &t, way == 0);
		assert_int_equal(s[0]->flagged_count, s[1]->flagged_count);
	}
	assert_true(s[0]->flagged_count > 100);
	for (size_t i = 0; i < s[0]->flagged_count; i++)
		check_same_report(&s[0]->flagged[i], &s[1]->flagged[i]);
	for (unsigned way = 0; way < 2; way++) {
		c[way] = sensor_finish(s[way]);
		check_accounting(s[way], c[way]);
	}
	assert_int_equal(c[0]->untracked_packets, c[1]->untracked_packets);
	assert_memory_equal(
		c[0]->verdict_packets, c[1]->verdict_packets, sizeof(c[0]->verdict_packets));
	assert_memory_equal(c[0]->verdict_bytes, c[1]->verdict_bytes, sizeof(c[0]->verdict_bytes));
	sensor_close(s[0]);
	sensor_close(s[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			tracker_takes_an_answer_that_nobody_asked_for_as_a_packet_to_a_port),
		cmocka_unit_test(tracker_takes_an_acknowledged_syn_ack_as_an_answer),
		cmocka_unit_test(tracker_takes_data_that_overtook_the_syn_ack),
		cmocka_unit_test(tracker_corrects_a_guess_when_the_handshake_comes_late),
		cmocka_unit_test(tracker_strengthens_a_guess_that_was_right),
		cmocka_unit_test(
			tracker_orients_midstream_by_the_milder_verdict_where_both_sides_talk),
		cmocka_unit_test(
			tracker_tells_of_connections_with_strangers_that_have_no_handshake),
		cmocka_unit_test(
			tracker_orients_midstream_between_appliances_by_policy_at_any_time),
		cmocka_unit_test(tracker_orients_equally_mild_ones_by_the_lower_port),
		cmocka_unit_test(tracker_takes_the_first_sender_where_ports_are_equal),
		cmocka_unit_test(tracker_orients_datagrams_by_policy_only_in_warmup),
		cmocka_unit_test(tracker_turns_a_dhcp_answer_round_at_any_time),
		cmocka_unit_test(tracker_tells_the_states_of_a_connection_apart),
		cmocka_unit_test(tracker_does_not_take_a_syn_with_data_for_a_connection),
		cmocka_unit_test(tracker_takes_no_data_of_what_does_not_fit_for_a_connection),
		cmocka_unit_test(tracker_reports_a_flagged_flow_once_and_again_when_it_is_graver),
		cmocka_unit_test(tracker_tells_an_answered_connection_at_once),
		cmocka_unit_test(tracker_lets_a_reset_come_before_its_syn),
		cmocka_unit_test(
			tracker_takes_the_number_of_a_syn_ack_in_a_syn_for_no_simultaneous_open),
		cmocka_unit_test(
			tracker_begins_a_new_flow_with_a_syn_that_the_answer_before_it_does_not_answer),
		cmocka_unit_test(tracker_lets_a_reset_come_before_its_syn_with_data),
		cmocka_unit_test(
			tracker_begins_a_new_flow_with_a_syn_against_it_once_that_is_acknowledged),
		cmocka_unit_test(tracker_knows_the_syn_that_was_answered_in_a_crowd),
		cmocka_unit_test(tracker_judges_a_simultaneous_open_both_ways),
		cmocka_unit_test(
			tracker_replaces_a_syn_that_nobody_answered_by_one_from_the_other_side),
		cmocka_unit_test(tracker_closes_nothing_by_a_reset_out_of_the_window),
		cmocka_unit_test(tracker_begins_a_new_flow_with_a_syn_on_a_closed_one),
		cmocka_unit_test(
			tracker_begins_a_new_flow_with_a_new_syn_once_that_is_acknowledged),
		cmocka_unit_test(tracker_keeps_a_flow_whose_syn_comes_again),
		cmocka_unit_test(tracker_keeps_late_packets_with_a_closed_flow_for_five_seconds),
		cmocka_unit_test(tracker_ends_a_flow_by_the_gap_between_its_own_packets),
		cmocka_unit_test(tracker_keeps_its_clock_when_packet_time_runs_back),
		cmocka_unit_test(tracker_keeps_a_flow_that_began_while_the_time_leapt),
		cmocka_unit_test(tracker_keeps_documented_flows_through_a_scan),
		cmocka_unit_test(tracker_counts_what_found_no_room),
		cmocka_unit_test(tracker_accounts_as_a_list_of_flows_does),
		cmocka_unit_test(tracker_gives_the_same_digest_whatever_the_burst_size),
		cmocka_unit_test(tracker_turns_a_flood_away_as_if_it_had_looked_closely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
