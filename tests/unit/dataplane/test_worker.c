/* A worker under a flood of SYNs: far more flows than its table holds.
 *
 * FLOOD_SYNS in the environment is how many; two million unless it says otherwise.
 */
#include "dataplane/core/pipeline_fixture.h"

#include <sys/resource.h>

#define FLOWS 65536u
#define CONNECTIONS 500u
#define SYNS_A_PACKET 500u /* between two packets of an established connection */

struct flood {
	struct sensor *sensor; /* for its policy; the worker is the flood's own */
	struct worker *worker;
	struct record_buffer record_buffer;
	struct burst burst;
	uint8_t byte[BURST_MAX][64];
	uint64_t now_ns, syns;
	uint32_t packets[CONNECTIONS]; /* that each connection has had */
	uint64_t flagged, flagged_ended, kept[END_COUNT];
	uint32_t connections_ended;
	struct dice dice;
};

static uint64_t syns_wanted(void)
{
	const char *text = getenv("FLOOD_SYNS");

	return text ? strtoull(text, NULL, 10) : 2000000;
}

static struct flood *flood_open(void)
{
	struct flood *f = calloc(1, sizeof(*f));
	struct worker_config config;

	assert_non_null(f);
	f->dice = dice_cast(50);
	f->now_ns = START;
	f->sensor = sensor_open(16, 1);
	f->record_buffer.capacity = RECORD_BUFFER_MIN;
	f->record_buffer.record = calloc(RECORD_BUFFER_MIN, sizeof(struct record));
	memset(&config, 0, sizeof(config));
	config.policy = f->sensor->book.policy;
	config.timeouts = default_timeouts;
	config.warmup_ns = 60 * SECOND;
	config.seed = 7;
	config.flow_max = FLOWS;
	config.record_buffer = &f->record_buffer;
	assert_int_equal(worker_new(&f->worker, &config), 0);
	f->burst.start_ns = START;
	return f;
}

static void flood_close(struct flood *f)
{
	worker_free(f->worker);
	sensor_close(f->sensor);
	free(f->record_buffer.record);
	free(f);
}

/* A connection is known by the device's port. */
static void take_connection(struct flood *f, const struct record *r)
{
	uint32_t n = r->port[0] - 20000u;

	assert_int_equal(r->verdict, VERDICT_EXPECTED);
	assert_int_equal(r->connection, CONNECTION_ESTABLISHED);
	assert_int_equal(r->basis, BASIS_HANDSHAKE);
	assert_int_equal(r->end, END_END_OF_CAPTURE);
	assert_true(n < CONNECTIONS);
	assert_int_equal(r->packets[0] + r->packets[1], f->packets[n]);
	f->connections_ended++;
}

static void take_records(struct flood *f)
{
	for (size_t i = 0; i < f->record_buffer.count; i++) {
		const struct record *r = &f->record_buffer.record[i];
		if (r->kind == RECORD_FLAGGED)
			f->flagged++;
		else if (verdict_is_flagged((enum verdict)r->verdict))
			f->flagged_ended++;
		else
			take_connection(f, r);
		if (r->kind == RECORD_ENDED)
			f->kept[r->end]++;
	}
	f->record_buffer.count = 0;
}

static void flush(struct flood *f)
{
	worker_process(f->worker, &f->burst);
	take_records(f);
	burst_clear(&f->burst);
}

/* A segment without payload, in Ethernet. */
static void send_segment(struct flood *f, uint32_t from, uint32_t to, uint16_t from_port,
	uint16_t to_port, unsigned flags)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0,
		1, 0, 0, 64, IPPROTO_TCP};
	uint8_t *b = f->byte[f->burst.count];
	struct packet *p = &f->burst.packet[f->burst.count];

	memset(b, 0, 64);
	memcpy(b, head, sizeof(head));
	for (unsigned i = 0; i < 4; i++) {
		b[26 + i] = (uint8_t)(from >> (24 - 8 * i));
		b[30 + i] = (uint8_t)(to >> (24 - 8 * i));
	}
	b[34] = (uint8_t)(from_port >> 8);
	b[35] = (uint8_t)from_port;
	b[36] = (uint8_t)(to_port >> 8);
	b[37] = (uint8_t)to_port;
	b[41] = flags & SYN ? 0 : 1; /* both sides begin at 0 */
	b[45] = flags & ACK ? 1 : 0;
	b[46] = 0x50;
	b[47] = (uint8_t)flags;
	f->now_ns += 1000;
	*p = (struct packet){.data = b, .caplen = 60, .wirelen = 60, .link = LINK_ETHERNET};
	p->time_ns = p->now_ns = f->now_ns;
	if (++f->burst.count == BURST_MAX)
		flush(f);
}

#define DEVICE_V4 0x0a140001u /* FTD */
#define CENTER_V4 0x0a0a0005u /* FMC */

static void send_on(struct flood *f, uint32_t n, int back, unsigned flags)
{
	uint16_t port = (uint16_t)(20000 + n);

	f->packets[n]++;
	if (back)
		send_segment(f, CENTER_V4, DEVICE_V4, 8305, port, flags);
	else
		send_segment(f, DEVICE_V4, CENTER_V4, port, 8305, flags);
}

/* From everywhere to ports that nothing documents; no two the same. */
static void send_syn(struct flood *f)
{
	uint32_t from = 0x0b000000u + (uint32_t)f->syns++;

	send_segment(f, from, DEVICE_V4, (uint16_t)dice_next(&f->dice),
		(uint16_t)(10000 + dice_below(&f->dice, 9999)), SYN);
}

static long memory_kilobytes(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* Memory is fixed, what is established keeps its state to the last packet, and every flagged
 * flow is counted and reported, whether the table had room for it or not. */
static void worker_stands_a_flood_of_syns(void **state)
{
	struct flood *f = flood_open();
	const struct counters *c = worker_counters(f->worker);
	uint64_t wanted = syns_wanted();
	long before = 0;

	(void)state;
	for (uint32_t n = 0; n < CONNECTIONS; n++) {
		send_on(f, n, 0, SYN);
		send_on(f, n, 1, SYN | ACK);
		send_on(f, n, 0, ACK);
	}
	while (f->syns < wanted) {
		send_syn(f);
		if (f->syns % SYNS_A_PACKET == 0)
			send_on(f, dice_below(&f->dice, CONNECTIONS), f->syns & 1, ACK);
		if (f->syns == wanted / 4)
			before = memory_kilobytes();
	}
	flush(f);
	assert_true(memory_kilobytes() - before < 4096);
	assert_int_equal(c->flows_active_peak, FLOWS);
	while (worker_finish(f->worker, f->now_ns))
		take_records(f);
	take_records(f);
	assert_int_equal(f->connections_ended, CONNECTIONS);
	assert_int_equal(c->verdict_packets[VERDICT_UNEXPECTED_PORT], wanted);
	assert_int_equal(f->flagged, wanted);
	assert_int_equal(f->flagged_ended + c->untracked_packets, wanted);
	assert_int_equal(c->verdict_flows[VERDICT_UNEXPECTED_PORT], f->flagged_ended);
	assert_int_equal(c->flows_created, f->flagged_ended + CONNECTIONS);
	printf("# %llu SYNs: %llu flows kept for a while, %llu untracked, %llu evicted; %ld KiB\n",
		(unsigned long long)wanted, (unsigned long long)f->flagged_ended,
		(unsigned long long)c->untracked_packets, (unsigned long long)f->kept[END_EVICTED],
		memory_kilobytes());
	flood_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_stands_a_flood_of_syns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
