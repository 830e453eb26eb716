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
	peers = r->peers == PEERS_LISTED ? json_words(text, ' ') : json_string(text);
	free(text);
	return peers;
}

static json_t *json_rule(const struct ruleset *ruleset, uint32_t i)
{
	const struct rule *r = &ruleset->policy->rule[i];
	const struct rule_text *w = &ruleset->rule[i];

	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:o, s:b, s:b, s:b, s:o, s:s, s:s, "
			 "s:s, s:s}",
		"id", w->id, "role", role_name((enum role)r->role), "direction",
		direction_name((enum direction)r->direction), "port", r->port, "documented_port",
		w->documented_port, "transport", transport_name((enum transport)r->transport),
		"feature", w->feature, "services", json_words(w->service, '|'), "required",
		w->required, "configurable", w->configurable, "enabled", r->enabled, "peers",
		json_peers(ruleset, r), "status", rule_status_name(w->status), "description",
		w->description, "source", w->source, "origin", w->origin);
}

static json_t *json_rules(const struct ruleset *ruleset, bool with_implied)
{
	uint32_t rows = with_implied ? ruleset->policy->rules : policy_table_documented(ruleset);
	uint32_t *order = policy_table_order(ruleset);
	json_t *list = json_array();

	for (uint32_t i = 0; order && i < rows; i++)
		json_array_append_new(list, json_rule(ruleset, order[i]));
	free(order);
	return list;
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

int policy_json_print(const struct ruleset *ruleset, bool with_implied, FILE *out)
{
	json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", ruleset->name, "profile",
		ruleset->profile, "version", ruleset->version, "policy", ruleset->hash, "protocols",
		json_protocols(ruleset), "rules", json_rules(ruleset, with_implied));
	int rc;

	if (!root)
		return -ENOMEM;
	rc = json_dumpf(root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(root);
	if (rc)
		return -EIO;
	fputc('\n', out);
	return 0;
}
