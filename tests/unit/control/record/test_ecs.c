/* Events as JSON: for any record, jansson parses the document, and would write it in the same
 * bytes. */
#include "control/config_fixture.h"

#include <jansson.h>

#include "base/buffer.h"
#include "base/format.h"
#include "control/random.h"
#include "record/ecs.h"

#define ROUNDS 50000
#define SEED 20260105
#define HISTORY_LETTERS 7

static const char site[] =
	"appliances:\n"
	"  - {name: fmc, role: management-center, addresses: [10.10.0.5]}\n"
	"  - {name: \"ftd \\\"eins\\\" \\u00e9\", role: managed-device, addresses: [10.20.0.1]}\n";

static struct facts random_facts(uint64_t *seed)
{
	struct facts f = {
		.known = 1,
		.flags = (uint8_t)random_below(seed, 4),
		.length = {(uint8_t)random_below(seed, 61), (uint8_t)random_below(seed, 60)},
	};

	for (unsigned i = 0; i < 2; i++)
		f.number[i] =
			(uint16_t)(random_below(seed, 4) ? random_below(seed, 0x305) : FACT_NONE);
	for (unsigned i = 0; i < FACTS_TEXT_BYTES; i++)
		f.text[i] = (char)(32 + random_below(seed, 95));
	return f;
}

/* A record with random fields, including values that no worker writes. */
static struct record random_record(const struct ruleset *c, uint64_t *seed)
{
	static const uint8_t protocol[] = {6, 17, 1, 58, 132, 47, 99};
	struct record r = {
		.protocol = protocol[random_below(seed, sizeof(protocol))],
		.version = (uint8_t)(random_below(seed, 2) ? 4 : 6),
		.kind = (uint8_t)random_below(seed, RECORD_WITHDRAWN + 1),
		.verdict = (uint8_t)random_below(seed, VERDICT_COUNT),
		.connection = (uint8_t)random_below(seed, CONNECTION_COUNT),
		.basis = (uint8_t)random_below(seed, BASIS_COUNT),
		.end = (uint8_t)random_below(seed, END_COUNT),
		.severity = (uint8_t)random_below(seed, 4),
		.evasion_reason = (uint8_t)random_below(seed, EVASION_COUNT),
		.evasions = (uint16_t)random_below(seed, 1u << EVASION_COUNT),
		.corrected = (uint8_t)random_below(seed, 2),
		.history_length = (uint8_t)random_below(seed, 16),
		.detail = (uint32_t)random_next(seed),
		.start_ns = random_next(seed) >> 1,
		.end_ns = random_next(seed) >> 1,
		.service = (uint8_t)random_below(seed, SERVICE_COUNT + 1),
		.service_basis = (uint8_t)random_below(seed, SERVICE_BASIS_COUNT),
	};

	for (unsigned i = 0; i < r.history_length; i++)
		r.history |=
			(uint64_t)(random_below(seed, HISTORY_LETTERS) | random_below(seed, 2) << 3)
			<< (4 * i);
	for (unsigned end = 0; end < 2; end++) {
		for (unsigned i = r.version == 4 ? 12 : 0; i < 16; i++)
			r.address[end].byte[i] = (uint8_t)random_next(seed);
		r.port[end] = (uint16_t)random_next(seed);
		r.packets[end] = random_next(seed) >> random_below(seed, 64);
		r.bytes[end] = random_next(seed) >> random_below(seed, 64);
		r.end_verdict[end] = (uint8_t)random_below(seed, VERDICT_COUNT);
		r.appliance[end] = (uint16_t)random_below(seed, 2);
		r.set[end] = (uint16_t)random_below(seed, c->policy->sets);
	}
	if (random_below(seed, 2))
		r.appliance[random_below(seed, 2)] = APPLIANCE_NONE;
	r.encap.is_known = (uint8_t)random_below(seed, 2);
	r.encap.interface = (uint16_t)random_below(seed, 3);
	r.encap.vlan[0] = (uint16_t)random_below(seed, 3);
	r.encap.vlan[1] = (uint16_t)random_below(seed, 3);
	r.encap.tunnel = (uint8_t)random_below(seed, TUNNEL_COUNT);
	r.encap.tunnel_id = (uint32_t)random_next(seed);
	if (random_below(seed, 2))
		r.facts = random_facts(seed);
	return r;
}

/* Parses the JSON; jansson must write the same bytes again, which also excludes duplicate keys. */
static json_t *read_back(const struct event *v)
{
	json_error_t error;
	json_t *document = json_loadb(v->json, v->json_bytes, JSON_REJECT_DUPLICATES, &error);
	char *again;

	if (!document)
		fail_msg("%s: %.*s", error.text, (int)v->json_bytes, v->json);
	again = json_dumps(document, JSON_COMPACT);
	assert_int_equal(strlen(again), v->json_bytes);
	assert_memory_equal(again, v->json, v->json_bytes);
	free(again);
	return document;
}

/* The document's member by its ECS name; fails if it is missing. */
static const json_t *at(const json_t *document, const char *object, const char *member)
{
	const json_t *value = json_object_get(json_object_get(document, object), member);

	assert_non_null(value);
	return value;
}

static void check_fields(const json_t *document, const struct event *v)
{
	static const char *const side[] = {"source", "destination"};
	const struct record *r = v->record;
	bool flagged = verdict_is_flagged((enum verdict)r->verdict);
	char text[ADDRESS_TEXT_BYTES];

	for (unsigned end = 0; end < 2; end++) {
		format_address(&r->address[end], r->version, text);
		assert_string_equal(json_string_value(at(document, side[end], "ip")), text);
		assert_true(json_integer_value(at(document, side[end], "bytes")) ==
			    (json_int_t)r->bytes[end]);
	}
	assert_string_equal(json_string_value(at(document, "portolan", "verdict")),
		verdict_name((enum verdict)r->verdict));
	assert_int_equal(json_array_size(at(document, "portolan", "endpoints")),
		(r->appliance[0] != APPLIANCE_NONE) + (r->appliance[1] != APPLIANCE_NONE));
	assert_string_equal(
		json_string_value(at(document, "network", "community_id")), v->community_id);
	flagged |= r->kind == RECORD_EVASION;
	assert_int_equal(json_object_get(document, "message") != NULL, flagged);
	assert_int_equal(json_object_get(document, "rule") != NULL, v->rule != NULL);
	if (v->rule)
		assert_string_equal(json_string_value(at(document, "rule", "id")), v->rule);
}

static void ecs_of_random_records_is_what_jansson_would_write(void **state)
{
	static const char *const interface[] = {"eth0", "eth\xff"};
	struct ruleset *ruleset = site_opens(site);
	struct buffer json = {.text = NULL};
	uint64_t seed = SEED;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct ecs ecs = {
			.ruleset = ruleset, .observer = "s\n\x01", .interface = interface};
		struct record r = random_record(ruleset, &seed);
		struct event_words words;
		struct event v;
		json_t *document;
		ecs.interfaces = random_below(&seed, 3);
		event_of_record(&v, &ecs, &r, &words);
		if (random_below(&seed, 2))
			v.finding = (struct event_finding){.state = "scan",
				.flows = random_next(&seed),
				.several_ports = random_below(&seed, 2),
				.several_peers = random_below(&seed, 2)};
		ecs_render(&v, &ecs, &json);
		document = read_back(&v);
		check_fields(document, &v);
		json_decref(document);
	}
	buffer_fini(&json);
	ruleset_close(ruleset);
}

static void ecs_tells_of_channels_and_correlations_what_they_are(void **state)
{
	struct ruleset *ruleset = site_opens(site);
	struct ecs ecs = {.ruleset = ruleset, .observer = "sensor"};
	struct buffer json = {.text = NULL};
	struct event v;
	json_t *document;

	(void)state;
	event_init(&v, EVENT_CHANNEL, &ecs, 1);
	v.action = "channel-changed";
	v.severity = 2;
	v.message = "half a \xc3";
	v.channel = (struct event_channel){{"a", "b"}, "half", "up", "one stands", NULL};
	ecs_render(&v, &ecs, &json);
	document = read_back(&v);
	assert_string_equal(
		json_string_value(json_object_get(document, "message")), "half a \xef\xbf\xbd");
	assert_string_equal(
		json_string_value(json_object_get(at(document, "portolan", "channel"), "previous")),
		"up");
	json_decref(document);

	event_init(&v, EVENT_CORRELATION, &ecs, 1);
	v.action = "finding-ends";
	v.message = "over";
	v.correlation = (struct event_correlation){.kind = "clear-ldap", .state = "ends"};
	ecs_render(&v, &ecs, &json);
	document = read_back(&v);
	assert_null(json_object_get(at(document, "portolan", "relation"), "appliance"));
	assert_null(json_object_get(json_object_get(document, "event"), "severity"));
	json_decref(document);
	buffer_fini(&json);
	ruleset_close(ruleset);
}

/* The original's memory may be freed. */
static void event_copies_own_what_they_say(void **state)
{
	struct ruleset *ruleset = site_opens(site);
	char observer[] = "sensor";
	struct ecs ecs = {.ruleset = ruleset, .observer = observer};
	struct buffer json = {.text = NULL};
	uint64_t seed = SEED;
	struct record r = random_record(ruleset, &seed);
	struct event_words words;
	struct event v, *copy;
	char want[EVENT_MESSAGE_BYTES];

	(void)state;
	r.verdict = VERDICT_UNEXPECTED_PORT;
	event_of_record(&v, &ecs, &r, &words);
	ecs_render(&v, &ecs, &json);
	snprintf(want, sizeof(want), "%s|%s|%s|%s|%s", v.message, v.rule, v.technique, v.policy,
		v.observer);
	copy = event_hold(event_copy(&v));
	memset(json.text, 'x', json.length);
	memset(&words, 'x', sizeof(words));
	memset(observer, 'x', sizeof(observer) - 1);
	memset(&r, 0, sizeof(r));
	ruleset_close(ruleset);
	event_drop(copy);
	assert_int_equal(copy->json_bytes, v.json_bytes);
	json_decref(read_back(copy));
	snprintf(words.message, sizeof(words.message), "%.600s|%s|%s|%s|%s", copy->message,
		copy->rule, copy->technique, copy->policy, copy->observer);
	assert_string_equal(words.message, want);
	assert_int_equal(copy->record->verdict, VERDICT_UNEXPECTED_PORT);
	event_drop(copy);
	buffer_fini(&json);
}

/* The document of a flow between a stranger and the device's documented SSH port. */
static json_t *document_of(struct record r, struct event *v, const char **rule)
{
	struct errors errors = {0};
	static struct event_words words;
	struct ruleset *ruleset;
	struct ecs ecs = {.observer = "sensor"};
	struct buffer json = {.text = NULL};
	json_t *document;

	assert_int_equal(
		ruleset_parse_site(&ruleset, NULL, "site", site, strlen(site), &errors), 0);
	ecs.ruleset = ruleset;
	r.version = 4;
	r.protocol = 6;
	memcpy(r.address[0].byte + 12, (uint8_t[]){203, 0, 113, 66}, 4);
	memcpy(r.address[1].byte + 12, (uint8_t[]){10, 20, 0, 1}, 4);
	r.port[1] = 22;
	r.appliance[0] = APPLIANCE_NONE;
	r.appliance[1] = 1;
	r.set[1] = policy_set(
		ruleset->policy, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_TCP, 22);
	r.service = SERVICE_COUNT;
	event_of_record(v, &ecs, &r, &words);
	ecs_render(v, &ecs, &json);
	document = json_loadb(v->json, v->json_bytes, 0, NULL);
	assert_non_null(document);
	*rule = json_string_value(json_object_get(json_object_get(document, "rule"), "id"));
	buffer_fini(&json);
	ruleset_close(ruleset);
	return document;
}

static void ecs_tells_of_a_reason_of_evasion_whatever_the_verdict(void **state)
{
	struct record r = {.kind = RECORD_EVASION,
		.severity = 2,
		.evasion_reason = EVASION_NO_HANDSHAKE,
		.evasions = EVASION_BIT(NO_HANDSHAKE) | EVASION_BIT(RESET_IGNORED)};
	const char *kind, *action, *message, *reason, *sentence, *rule;
	struct event v;
	json_int_t severity;
	json_t *d = document_of(r, &v, &rule);

	(void)state;
	assert_int_equal(
		json_unpack(d, "{s:{s:s, s:s, s:I}, s:s, s:{s:{s:s, s:s}}}", "event", "kind", &kind,
			"action", &action, "severity", &severity, "message", &message, "portolan",
			"evasion", "reason", &reason, "sentence", &sentence),
		0);
	assert_string_equal(kind, "alert");
	assert_string_equal(action, "evasion");
	assert_int_equal(severity, 2);
	assert_string_equal(reason, "no-handshake");
	assert_string_equal(sentence, evasion_sentence(EVASION_NO_HANDSHAKE));
	assert_non_null(strstr(message, "203.0.113.66 to ftd"));
	assert_non_null(strstr(message, "22/tcp, "));
	assert_non_null(strstr(message, ": TCP talks both ways"));
	assert_string_equal(rule, "managed-device/inbound/22/tcp");
	json_decref(d);
}

static void ecs_lists_the_reasons_of_evasion_of_a_flow(void **state)
{
	struct record r = {.kind = RECORD_ENDED,
		.evasions = EVASION_BIT(NO_HANDSHAKE) | EVASION_BIT(RESET_IGNORED)};
	const char *first, *second, *kind, *rule;
	struct event v;
	json_t *d = document_of(r, &v, &rule);

	(void)state;
	assert_int_equal(json_unpack(d, "{s:{s:s}, s:{s:{s:[s, s!]}}}", "event", "kind", &kind,
				 "portolan", "evasion", "reason", &first, &second),
		0);
	assert_string_equal(kind, "event");
	assert_string_equal(first, "no-handshake");
	assert_string_equal(second, "reset-ignored");
	assert_null(rule);
	json_decref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecs_of_random_records_is_what_jansson_would_write),
		cmocka_unit_test(ecs_tells_of_channels_and_correlations_what_they_are),
		cmocka_unit_test(ecs_tells_of_a_reason_of_evasion_whatever_the_verdict),
		cmocka_unit_test(ecs_lists_the_reasons_of_evasion_of_a_flow),
		cmocka_unit_test(event_copies_own_what_they_say),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
