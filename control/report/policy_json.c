#include "report/policy_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ruleset.h"
#include "protocol.h"
#include "report/policy_table.h"

static json_t *json_words(const char *text, char separator)
{
	json_t *list = json_array();

	while (*text) {
		const char *end = strchrnul(text, separator);
		json_array_append_new(list, json_stringn(text, (size_t)(end - text)));
		text = *end ? end + 1 : end;
	}
	return list;
}

/* `any`, `inventory`, or a list of addresses, as in a site. */
static json_t *json_peers(const struct ruleset *ruleset, const struct rule *r)
{
	char *text = policy_table_peers(ruleset, r, " ");
	json_t *peers;

	if (!text)
		return json_null();
	peers = r->peers & (PEERS_LISTED | PEERS_BOUND) ? json_words(text, ' ') : json_string(text);
	free(text);
	return peers;
}

static json_t *json_rule(const struct ruleset *ruleset, uint32_t i)
{
	const struct rule *r = &ruleset->policy->rule[i];
	const struct rule_text *w = &ruleset->rule[i];

	json_t *rule = json_pack(
		"{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:o, s:b, s:b, s:b, s:o, s:s, s:s, s:s, s:s}",
		"id", w->id, "role", role_name((enum role)r->role), "direction",
		direction_name((enum direction)r->direction), "port", r->port, "documented_port",
		w->documented_port, "transport", transport_name((enum transport)r->transport),
		"feature", w->feature, "services", json_words(w->service, '|'), "required",
		w->required, "configurable", w->configurable, "enabled", r->enabled, "peers",
		json_peers(ruleset, r), "status", rule_status_name(w->status), "description",
		w->description, "source", w->source, "origin", w->origin);

	if (rule && r->port_last != r->port)
		json_object_set_new(rule, "port_last", json_integer(r->port_last));
	return rule;
}

static json_t *json_rules(const struct ruleset *ruleset, uint16_t appliance, bool with_implied)
{
	struct rule_list list = ruleset_rules(ruleset, appliance);
	json_t *rules = json_array();
	size_t rows = 0;

	if (list.rule && policy_table_sort(ruleset, &list) == 0)
		rows = with_implied ? list.count : policy_table_documented(ruleset, &list);
	for (size_t i = 0; i < rows; i++)
		json_array_append_new(rules, json_rule(ruleset, list.rule[i]));
	free(list.rule);
	return rules;
}

/* Numbers of appliances that are in a class. */
static json_t *json_members(const struct ruleset *ruleset, uint32_t class)
{
	json_t *names = json_array();

	for (size_t i = 0; i < ruleset->appliances; i++)
		if (ruleset->class_of[i] == class)
			json_array_append_new(names, json_string(ruleset->appliance[i].name));
	return names;
}

static uint16_t first_of_class(const struct ruleset *ruleset, uint32_t class)
{
	for (size_t i = 0; i < ruleset->appliances; i++)
		if (ruleset->class_of[i] == class)
			return (uint16_t)i;
	return APPLIANCE_NONE;
}

static json_t *json_classes(const struct ruleset *ruleset, bool with_implied)
{
	json_t *classes = json_array();

	for (uint32_t i = ROLE_COUNT; i < ruleset->policy->classes; i++) {
		uint16_t first = first_of_class(ruleset, i);
		if (first == APPLIANCE_NONE) /* of data interfaces: with the class before it */
			continue;
		json_array_append_new(classes,
			json_pack("{s:s, s:s, s:o, s:o}", "role",
				role_name((enum role)ruleset->policy->class[i].role), "profile",
				ruleset->class[i].profile, "appliances", json_members(ruleset, i),
				"rules", json_rules(ruleset, first, with_implied)));
	}
	return classes;
}

static json_t *json_protocol(unsigned number)
{
	const char *name = protocol_name(number);

	return name ? json_string(name) : json_integer(number);
}

/* Lists only protocols that are not covered: all others are unexpected. */
static json_t *json_protocols(const struct ruleset *ruleset)
{
	json_t *list = json_array();

	for (unsigned number = 0; number < 256; number++) {
		if (ruleset->policy->protocol[number] == VERDICT_NOT_COVERED)
			json_array_append_new(list, json_protocol(number));
	}
	return json_pack("{s:o, s:s}", "not_covered", list, "others",
		verdict_name(VERDICT_UNEXPECTED_PROTOCOL));
}

int policy_json_print(
	const struct ruleset *ruleset, uint16_t appliance, bool with_implied, FILE *out)
{
	bool is_one = appliance != APPLIANCE_NONE;
	json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", ruleset->name, "profile",
		is_one ? ruleset->class[ruleset->class_of[appliance]].profile : ruleset->profile,
		"version", ruleset->version, "policy", ruleset->hash, "protocols",
		json_protocols(ruleset), "rules", json_rules(ruleset, appliance, with_implied));
	int rc;

	if (!root)
		return -ENOMEM;
	if (is_one)
		json_object_set_new(
			root, "appliance", json_string(ruleset->appliance[appliance].name));
	else if (ruleset->policy->classes > ROLE_COUNT)
		json_object_set_new(root, "classes", json_classes(ruleset, with_implied));
	rc = json_dumpf(root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(root);
	if (rc)
		return -EIO;
	fputc('\n', out);
	return 0;
}
