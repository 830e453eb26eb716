/* Records as workers write them: flows between hosts, classified by a ruleset's policy. */
#ifndef PORTOLAN_RECORD_FIXTURE_H
#define PORTOLAN_RECORD_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/in.h>

#include "control/config_fixture.h"
#include "inventory.h"
#include "policy.h"
#include "record.h"

#define SECOND 1000000000ull

/* fmc has one address, the devices a network each. */
#define RECORD_SITE                                                                                \
	"appliances:\n"                                                                            \
	"  - {name: fmc, role: management-center, addresses: [10.0.0.1]}\n"                        \
	"  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16]}\n"                        \
	"  - {name: lone, role: managed-device, addresses: [10.2.0.1]}\n"

/* A live IPv4 flow from `from` to `to`:`port`, from `start_ns` to `end_ns`; established or
 * two-way. */
static inline struct record record_between(const struct ruleset *ruleset, const char *from,
	const char *to, uint8_t protocol, uint16_t port, uint64_t start_ns, uint64_t end_ns)
{
	struct flow_tuple flow = {.version = 4, .protocol = protocol, .port = {40000, port}};
	struct record r = {.version = 4,
		.protocol = protocol,
		.port = {40000, port},
		.kind = RECORD_LIVE,
		.connection = protocol == IPPROTO_TCP ? CONNECTION_ESTABLISHED : CONNECTION_TWO_WAY,
		.end = END_IDLE,
		.severity = 3,
		.generation = ruleset->policy->generation,
		.start_ns = start_ns,
		.end_ns = end_ns,
		.packets = {1, 1},
		.bytes = {100, 100},
		.service = SERVICE_COUNT};
	const char *const host[2] = {from, to};
	struct verdict_pair verdict;

	for (unsigned end = 0; end < 2; end++) {
		assert_int_equal(inet_pton(AF_INET, host[end], r.address[end].byte + 12), 1);
		r.appliance[end] = inventory_find(ruleset->policy->inventory, &r.address[end], 4);
		flow.address[end] = r.address[end];
		flow.appliance[end] = r.appliance[end];
	}
	verdict = policy_judge(ruleset->policy, &flow);
	r.verdict = verdict.verdict;
	memcpy(r.end_verdict, verdict.end_verdict, sizeof(r.end_verdict));
	memcpy(r.set, verdict.set, sizeof(r.set));
	return r;
}

/* The same flow, ended. */
static inline struct record record_ended(struct record r, enum end reason)
{
	r.kind = RECORD_ENDED;
	r.end = (uint8_t)reason;
	return r;
}

#endif
