#include "report/site_overview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/literal.h"
#include "config/site.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "report/policy_table.h"

#define LABEL "%-12s"

/* ---- appliances ---- */

static size_t appliances_of(const struct chart *chart, enum role role)
{
	size_t count = 0;

	for (size_t i = 0; i < chart->appliances; i++)
		count += chart->appliance[i].role == role;
	return count;
}

static void print_appliance(const struct chart_appliance *a, FILE *out)
{
	fprintf(out, "  %-20s %-18s", a->name, role_name(a->role));
	for (size_t i = 0; i < a->addresses; i++)
		fprintf(out, "%s%s", i ? ", " : " ", a->address[i]);
	for (size_t i = 0; i < a->macs; i++)
		fprintf(out, ", %s", a->mac[i]);
	fputc('\n', out);
}

static void print_appliances(const struct chart *chart, FILE *out)
{
	if (chart->appliances == 0) {
		fprintf(out,
			LABEL "none; replay and run need some: portolan discover CAPTURE proposes "
			      "them\n",
			"appliances");
		return;
	}
	fprintf(out, LABEL "%zu: %zu management-center, %zu managed-device\n", "appliances",
		chart->appliances, appliances_of(chart, ROLE_MANAGEMENT_CENTER),
		appliances_of(chart, ROLE_MANAGED_DEVICE));
	for (size_t i = 0; i < chart->appliances; i++)
		print_appliance(&chart->appliance[i], out);
}

/* ---- rules ---- */

static bool is_moved(const struct chart *chart, uint32_t i)
{
	return chart->policy->rule[i].port != chart->rule[i].documented_port;
}

static bool is_own(const struct chart *chart, uint32_t i)
{
	return strcmp(chart->rule[i].origin, "site") == 0;
}

static bool is_disabled(const struct chart *chart, uint32_t i)
{
	return !chart->policy->rule[i].enabled;
}

static bool is_bound(const struct chart *chart, uint32_t i)
{
	return chart->policy->rule[i].peers != PEERS_ANY;
}

static uint32_t rules_that(const struct chart *chart, bool (*are)(const struct chart *, uint32_t))
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < chart->policy->rules; i++)
		count += are(chart, i);
	return count;
}

static void print_moved(const struct chart *chart, uint32_t i, FILE *out)
{
	fprintf(out, "  %-12s %s for %s, now %u\n", "moved", chart->rule[i].id,
		chart->rule[i].feature, chart->policy->rule[i].port);
}

static void print_disabled(const struct chart *chart, uint32_t i, FILE *out)
{
	fprintf(out, "  %-12s %s for %s\n", "disabled", chart->rule[i].id, chart->rule[i].feature);
}

static void print_bound(const struct chart *chart, uint32_t i, FILE *out)
{
	char *peers = listing_peers(chart, &chart->policy->rule[i], ", ");

	fprintf(out, "  %-12s %s for %s, to %s\n", "bound", chart->rule[i].id,
		chart->rule[i].feature, peers ? peers : "?");
	free(peers);
}

static void print_own(const struct chart *chart, uint32_t i, FILE *out)
{
	const char *service = chart->rule[i].service;

	fprintf(out, "  %-12s %s for %s, %s\n", "site's own", chart->rule[i].id,
		chart->rule[i].feature, *service ? service : "any service");
}

static void print_those(const struct chart *chart, FILE *out,
	bool (*are)(const struct chart *, uint32_t),
	void (*print)(const struct chart *, uint32_t, FILE *))
{
	for (uint32_t i = 0; i < chart->policy->rules; i++) {
		if (are(chart, i))
			print(chart, i, out);
	}
}

static void print_rules(const struct chart *chart, FILE *out)
{
	uint32_t disabled = rules_that(chart, is_disabled);

	fprintf(out,
		LABEL "%u: %u enabled, %u disabled, %u moved, %u bound to peers, %u site's own\n",
		"rules", chart->policy->rules, chart->policy->rules - disabled, disabled,
		rules_that(chart, is_moved), rules_that(chart, is_bound),
		rules_that(chart, is_own));
	print_those(chart, out, is_disabled, print_disabled);
	print_those(chart, out, is_moved, print_moved);
	print_those(chart, out, is_bound, print_bound);
	print_those(chart, out, is_own, print_own);
}

/* ---- protocols ---- */

static void print_protocols(const struct chart *chart, FILE *out)
{
	bool is_first = true;

	fprintf(out, LABEL, "protocols");
	for (unsigned number = 0; number < 256; number++) {
		int verdict = chart->policy->protocol[number];
		const char *name = protocol_name(number);
		if (verdict == protocol_default(number))
			continue;
		fputs(is_first ? "" : ", ", out);
		if (name)
			fprintf(out, "%s", name);
		else
			fprintf(out, "%u", number);
		fprintf(out, " %s", verdict_name((enum verdict)verdict));
		is_first = false;
	}
	fputs(is_first ? "as by default\n" : "; the others as by default\n", out);
}

/* ---- capture and limits ---- */

static void print_capture(const struct chart *chart, FILE *out)
{
	const struct chart_capture *c = &chart->capture;
	char text[PREFIX_TEXT_BYTES], warmup[DURATION_TEXT_BYTES];

	duration_text(c->warmup_ns, warmup);
	fprintf(out, LABEL "source %s", "capture", c->source);
	for (size_t i = 0; i < c->interfaces; i++)
		fprintf(out, "%s%s", i ? ", " : ", interfaces ", c->interface[i]);
	for (size_t i = 0; i < c->dpdk_devices; i++)
		fprintf(out, "%s%s", i ? ", " : ", devices ", c->dpdk_device[i]);
	fprintf(out, ", warm-up %s, duplicates %s", warmup, c->deduplicate ? "dropped" : "kept");
	for (size_t i = 0; i < c->mirror_endpoints; i++) {
		prefix_text(&c->mirror_endpoint[i], text);
		fprintf(out, "%s%s", i ? ", " : ", mirror endpoints ", text);
	}
	fputc('\n', out);
}

static void print_timeout(const char *name, uint64_t ns, bool is_last, FILE *out)
{
	char text[DURATION_TEXT_BYTES];

	duration_text(ns, text);
	fprintf(out, "%s %s%s", name, text, is_last ? "\n" : ", ");
}

static void print_flow(const struct chart *chart, FILE *out)
{
	const struct flow_timeouts *t = &chart->timeouts;

	fprintf(out, LABEL "%u per worker\n", "flows", chart->flow_max);
	fprintf(out, LABEL, "timeouts");
	print_timeout("tcp attempt", t->tcp_attempt_ns, false, out);
	print_timeout("established", t->tcp_established_ns, false, out);
	print_timeout("closed", t->tcp_closed_ns, false, out);
	print_timeout("udp one-way", t->udp_one_way_ns, false, out);
	print_timeout("two-way", t->udp_two_way_ns, false, out);
	print_timeout("ike", t->ike_ns, false, out);
	print_timeout("other", t->other_ns, true, out);
}

static void print_warnings(const struct chart *chart, FILE *out)
{
	fprintf(out, LABEL, "warnings");
	if (chart->warnings == 0)
		fputs("none\n", out);
	else
		fprintf(out, "%zu\n", chart->warnings);
	for (size_t i = 0; i < chart->warnings; i++)
		fprintf(out, "  %s\n", chart->warning[i]);
}

int overview_print(const struct chart *chart, FILE *out)
{
	fprintf(out, LABEL "%s\n", "site", chart->name);
	fprintf(out, LABEL "%s%s%s%s\n", "profile", chart->profile, *chart->version ? " (" : "",
		chart->version, *chart->version ? ")" : "");
	fprintf(out, LABEL "%s\n", "policy", chart->hash);
	print_appliances(chart, out);
	print_rules(chart, out);
	print_protocols(chart, out);
	print_capture(chart, out);
	print_flow(chart, out);
	print_warnings(chart, out);
	errno = 0;
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
