#include "store_load.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "service.h"
#include "verdict.h"

struct load_row {
	const char *direction, *port, *features;
	uint16_t number;
	uint8_t protocol, service;
};

static const struct load_row row[LOAD_ENDS] = {
	{"outbound", "443/tcp", "updates", 443, 6, SERVICE_TLS},
	{"outbound", "53/udp", "dns", 53, 17, SERVICE_DNS},
	{"outbound", "123/udp", "ntp", 123, 17, SERVICE_NTP},
	{"outbound", "514/udp", "syslog-audit", 514, 17, SERVICE_SYSLOG},
	{"outbound", "8305/tcp", "appliance-communications", 8305, 6, SERVICE_TLS},
	{"inbound", "8305/tcp", "appliance-communications", 8305, 6, SERVICE_TLS},
	{"inbound", "22/tcp", "cli", 22, 6, SERVICE_SSH},
	{"inbound", "443/tcp", "web-interface", 443, 6, SERVICE_TLS},
	{"inbound", "161/udp", "snmp", 161, 17, SERVICE_SNMP},
	{"outbound", "162/udp", "snmp-traps", 162, 17, SERVICE_SNMP_TRAP},
	{"outbound", "389/tcp", "ldap", 389, 6, SERVICE_LDAP},
	{"outbound", "1812/udp", "radius", 1812, 17, SERVICE_RADIUS},
	{"outbound", "4444/tcp", "", 4444, 6, SERVICE_SSH},
};

/* xorshift64*, Vigna 2014. */
uint64_t load_random(struct store_load *l)
{
	uint64_t x = l->seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	l->seed = x;
	return x * 0x2545f4914f6cdd1dull;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t load_clock_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t load_process_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t load_thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

const char *load_name(unsigned appliance)
{
	static char name[32];

	snprintf(name, sizeof(name), "ftd-%02u", appliance + 1);
	return name;
}

static bool is_documented(unsigned end)
{
	return end < LOAD_ROWS;
}

static void tell_appliance(struct store_load *l, unsigned appliance, uint64_t now_ns)
{
	char address[32];
	struct stored_appliance a = {load_name(appliance), "managed-device", address, now_ns};

	snprintf(address, sizeof(address), "10.20.%u.1", appliance);
	store_appliance(l->store, &a);
	for (unsigned end = 0; end < LOAD_ENDS; end++) {
		char rule[96] = "";
		struct stored_endpoint e = {.number = appliance * LOAD_ENDS + end + 1,
			.appliance = a.name,
			.role = a.role,
			.direction = row[end].direction,
			.rule = rule,
			.features = row[end].features,
			.verdict = is_documented(end) ? "expected" : "unexpected-port"};
		if (is_documented(end))
			snprintf(rule, sizeof(rule), "managed-device/%s/%s", row[end].direction,
				row[end].port);
		store_endpoint(l->store, &e);
	}
}

void load_begin(struct store_load *l, uint64_t now_ns)
{
	store_run(l->store,
		&(struct stored_run){"sensor", "bench", "0", "site.yaml", "bench", now_ns, 0});
	store_policy(
		l->store, &(struct stored_policy){"sha256:0", "cloud-delivered", "{}", now_ns});
	for (unsigned i = 0; i < l->appliances; i++)
		tell_appliance(l, i, now_ns);
}

static void set_address(struct address *a, uint32_t ipv4)
{
	memset(a, 0, sizeof(*a));
	for (unsigned i = 0; i < 4; i++)
		a->byte[12 + i] = (uint8_t)(ipv4 >> (24 - 8 * i));
}

struct stored_flow load_flow(
	struct store_load *l, unsigned appliance, unsigned end, unsigned peer, uint64_t end_ns)
{
	const struct load_row *r = &row[end];
	unsigned own = strcmp(r->direction, "outbound") != 0;
	uint64_t any = load_random(l), packets = 4 + any % 60;
	struct stored_flow f = {
		.start_ns = end_ns - 1000000000u - any % 20000000000u,
		.end_ns = end_ns,
		.port = {(uint16_t)(32768 + (any >> 16) % 28000), r->number},
		.packets = {packets, packets},
		.bytes = {packets * 90, packets * 700},
		.all_packets = {packets, packets},
		.all_bytes = {packets * 90, packets * 700},
		.version = 4,
		.protocol = r->protocol,
		.verdict = is_documented(end) ? VERDICT_EXPECTED : VERDICT_UNEXPECTED_PORT,
		.connection = r->protocol == 6 ? CONNECTION_ESTABLISHED : CONNECTION_TWO_WAY,
		.basis = r->protocol == 6 ? BASIS_HANDSHAKE : BASIS_MESSAGE,
		.severity = is_documented(end) ? 0 : 3,
		.service = (uint8_t)(r->service + 1),
		.service_basis = SERVICE_RECOGNISED,
		.end = r->protocol == 6 ? END_FIN : END_IDLE,
		.is_flagged = !is_documented(end),
		.is_first = 1,
		.has_ports = 1,
	};

	set_address(&f.address[own], 0x0a140001u | appliance << 8);
	set_address(&f.address[1 - own], 0xcb000000u + end * 65536u + peer);
	f.endpoint[own] = appliance * LOAD_ENDS + end + 1;
	snprintf(f.history, sizeof(f.history), r->protocol == 6 ? "ShADadfF" : "Dd");
	if (r->service == SERVICE_TLS)
		snprintf(f.name, sizeof(f.name), "host-%u.example.net", peer % 50);
	return f;
}
