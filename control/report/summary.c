#include "report/summary.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/alerts.h"
#include "analysis/deployment.h"
#include "analysis/mirror_report.h"
#include "analysis/usage.h"
#include "base/format.h"
#include "base/heap.h"
#include "base/terminal.h"
#include "counters.h"
#include "policy/ruleset.h"
#include "report/policy_table.h"
#include "store/baseline.h"

#define FINDINGS_SHOWN 40
#define FINDINGS_WHOLE                                                                             \
	8 /* of these in full: the summary fits two screens, the gravest on the first */
#define SETS_WHOLE 16
#define SHORT_ID_BYTES                                                                             \
	18 /* of a finding's id: the hour and six digits, which `triage why` takes                 \
	    */
#define NAMES_SHOWN 6
#define CHANNELS_SHOWN 20
#define CORRELATIONS_SHOWN 20

static size_t most(const struct summary_input *in, size_t shown)
{
	return in->shows_all ? SIZE_MAX : shown;
}

/* --- totals --------------------------------------------------------------------------- */

static void print_share(FILE *out, const char *what, uint64_t n, uint64_t of, const char *more)
{
	char number[32];

	format_number(n, number);
	fprintf(out, "  %-15s %14s packets", what, number);
	if (of > 0 && n > 0)
		fprintf(out, "  %5.1f %%", 100.0 * (double)n / (double)of);
	fprintf(out, "%s\n", more);
}

static uint64_t flagged_flows(const struct counters *c)
{
	uint64_t n = 0;

	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (verdict_is_flagged((enum verdict)v))
			n += c->verdict_flows[v];
	return n;
}

/* A flow that found the table full is judged, and has no record. */
static bool is_untracked_flagged(const struct counters *c)
{
	uint64_t packets = 0;

	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (verdict_is_flagged((enum verdict)v))
			packets += c->verdict_packets[v];
	return c->untracked_packets > 0 && packets > 0;
}

static void print_not_understood(
	const struct counters *c, const struct terminal_style *st, FILE *out)
{
	uint64_t total = 0;
	char number[32], reasons[128] = "";
	size_t used = 0;

	for (unsigned d = 0; d < DISCARD_COUNT; d++) {
		total += c->discarded[d];
		if (c->discarded[d] == 0 || used >= sizeof(reasons))
			continue;
		format_number(c->discarded[d], number);
		used += (size_t)snprintf(reasons + used, sizeof(reasons) - used, "%s%s %s",
			used ? ", " : "   ", number, discard_name((enum discard)d));
	}
	fputs(total ? st->warn : "", out);
	print_share(out, "not understood", total, c->frames, reasons);
	fputs(total ? st->plain : "", out);
}

static void print_blind_spots(const struct counters *c, const struct terminal_style *st, FILE *out)
{
	char number[32];

	if (c->truncated_frames) {
		format_number(c->truncated_frames, number);
		fprintf(out, "  %-15s %14s packets were captured shorter than they were\n", "cut",
			number);
	}
	if (c->fragments_unattributed) {
		format_number(c->fragments_unattributed, number);
		fprintf(out, "  %s%-15s %14s later fragments without their first one%s\n", st->warn,
			"not classified", number, st->plain);
	}
	if (c->reassembly_exhausted) {
		format_number(c->reassembly_exhausted, number);
		fprintf(out, "  %s%-15s %14s flows, no buffer available%s\n", st->warn,
			"not inspected", number, st->plain);
	}
	if (c->untracked_packets) {
		format_number(c->untracked_packets, number);
		fprintf(out,
			"  %s%-15s %14s packets of flows that found the table full (see "
			"flow.max)%s\n",
			st->warn, "not tracked", number, st->plain);
	}
	if (c->ended[END_EVICTED]) {
		format_number(c->ended[END_EVICTED], number);
		fprintf(out, "  %s%-15s %14s flows gave way in a full table (see flow.max)%s\n",
			st->warn, "evicted", number, st->plain);
	}
}

static void print_head(const struct usage_table *s, const struct summary_input *in,
	const struct terminal_style *st, FILE *out)
{
	const struct ruleset *c = s->ecs->ruleset;
	char packets[32], bytes[32], start[TIME_TEXT_BYTES], end[TIME_TEXT_BYTES];

	format_number(in->counters->frames, packets);
	format_bytes(in->counters->frame_bytes, bytes);
	fprintf(out, "%s%s%s: %s packets, %s", st->bold, in->title, st->plain, packets, bytes);
	if (in->counters->frames > 0) {
		format_time_short(in->start_ns, start);
		format_time_short(in->end_ns, end);
		fprintf(out, ", %s to %s UTC", start, end);
	}
	fprintf(out, "\n%s: profile %s, %zu appliance%s, policy %.19s…\n", c->name, c->profile,
		c->appliances, c->appliances == 1 ? "" : "s", c->hash);
}

static void print_seen(const struct summary_input *in, const struct terminal_style *st, FILE *out)
{
	const struct counters *c = in->counters;
	char number[32], flows[64];

	fprintf(out, "\n%sSEEN%s\n", st->bold, st->plain);
	format_number(c->flows_created, number);
	snprintf(flows, sizeof(flows), "   %s flow%s", number, c->flows_created == 1 ? "" : "s");
	print_share(out, "monitored", c->monitored, c->frames, flows);
	print_share(out, "other hosts", c->unmonitored, c->frames, "");
	print_share(out, "not IP", c->non_ip, c->frames, "");
	if (c->duplicate)
		print_share(out, "duplicate", c->duplicate, c->frames, "");
	print_not_understood(c, st, out);
	print_blind_spots(c, st, out);
}

/* --- findings ------------------------------------------------------------------------- */

/* Order of findings by severity; equal ones by age, which is their order in memory. */
static int by_severity(const void *left, const void *right)
{
	const struct finding *a = *(const struct finding *const *)left;
	const struct finding *b = *(const struct finding *const *)right;

	if (a->description.severity != b->description.severity)
		return b->description.severity - a->description.severity;
	if (a->key.verdict != b->key.verdict)
		return b->key.verdict - a->key.verdict;
	if (a->flows != b->flows)
		return a->flows < b->flows ? 1 : -1;
	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* NULL: out of memory. */
static const struct finding **findings_sorted(const struct findings *all)
{
	const struct finding **sorted = heap_calloc(all->count + 1, sizeof(*sorted));

	for (size_t i = 0; sorted && i < all->count; i++)
		sorted[i] = &all->finding[i];
	if (sorted)
		qsort(sorted, all->count, sizeof(*sorted), by_severity);
	return sorted;
}

static const char *appliance_name(const struct usage_table *s, uint16_t appliance)
{
	return s->ecs->ruleset->appliance[appliance].name;
}

static void peer_text(const struct usage_table *s, const struct finding *f, char text[128])
{
	char address[ADDRESS_TEXT_BYTES];
	uint16_t peer = f->description.appliance[f->key.direction == DIRECTION_OUTBOUND];

	if (f->several_peers) {
		snprintf(text, 128, "%u peers", f->members);
		return;
	}
	format_address(&f->key.peer, f->key.version, address);
	if (peer != APPLIANCE_NONE)
		snprintf(text, 128, "%s (%s)", address, appliance_name(s, peer));
	else
		snprintf(text, 128, "%s", address);
}

static void ports_text(const struct finding *f, char text[ENDPOINT_TEXT_BYTES])
{
	if (f->several_ports)
		snprintf(text, ENDPOINT_TEXT_BYTES, "%u ports (%u to %u/%s)", f->members,
			f->port_low, f->port_high, f->key.protocol == IPPROTO_TCP ? "tcp" : "udp");
	else
		format_port(f->key.protocol, f->key.port, text);
}

static void reason_text(
	const struct usage_table *s, const struct finding *f, char text[EVENT_MESSAGE_BYTES])
{
	struct record worst = finding_flow(f);

	if (finding_is_evasion(&f->key))
		snprintf(text, EVENT_MESSAGE_BYTES, "%s",
			evasion_sentence(finding_evasion(&f->key)));
	else
		event_message(s->ecs, &worst, text, EVENT_MESSAGE_BYTES);
}

static void print_level(enum severity severity, const struct terminal_style *st, FILE *out)
{
#define SEVERITY_TEXT(name, number, text, cef, syslog) [number] = text,
	static const char *const level[] = {SEVERITY_LIST(SEVERITY_TEXT)};
#undef SEVERITY_TEXT
	const char *colour = severity == SEVERITY_HIGH	   ? st->grave
			     : severity == SEVERITY_MEDIUM ? st->warn
							   : "";

	fprintf(out, "  %s%-4s%s", colour, level[severity], *colour ? st->plain : "");
}

/* " data interface" and the like, where the site tells them apart. */
static const char *interface_text(const struct usage_table *s, const struct finding *f)
{
	struct record worst = finding_flow(f);
	unsigned end = record_judged_end(&worst);
	const char *interface = ruleset_interface_at(
		s->ecs->ruleset, f->key.appliance, &worst.address[end], worst.version);

	if (!*interface)
		return "";
	if (strcmp(interface, "data") == 0)
		return f->several_own ? " (data interface, and others)" : " (data interface)";
	return f->several_own ? " (management interface, and others)" : " (management interface)";
}

/* How grave, of which appliance, what, with whom. */
static void print_subject(const struct usage_table *s, const struct finding *f,
	const struct terminal_style *st, FILE *out)
{
	char port[ENDPOINT_TEXT_BYTES], peer[128];
	int outbound = f->key.direction == DIRECTION_OUTBOUND;

	ports_text(f, port);
	peer_text(s, f, peer);
	print_level((enum severity)f->description.severity, st, out);
	fprintf(out, "  %s%s%s %s %s %s %s%s", st->bold, appliance_name(s, f->key.appliance),
		interface_text(s, f), outbound ? "outbound" : "inbound", port,
		outbound ? "to" : "from", peer, st->plain);
}

static void print_finding(const struct usage_table *s, const struct summary_input *in,
	const struct finding *f, const struct terminal_style *st, FILE *out)
{
	char flows[32], packets[32], reason[EVENT_MESSAGE_BYTES];
	char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES], id[FINDING_ID_BYTES];

	print_subject(s, f, st, out);
	format_number(f->flows, flows);
	format_number(f->packets, packets);
	format_time_short(f->first_ns, first);
	format_time_short(f->last_ns, last);
	reason_text(s, f, reason);
	alerts_id(in->alerts, f, id);
	fprintf(out, "  %s%s%s\n", st->dim, id, st->plain);
	fprintf(out, "        %s, %s; %s flow%s, %s packet%s, %s to %s\n", finding_name(&f->key),
		connection_name((enum connection)f->description.connection), flows,
		f->flows == 1 ? "" : "s", packets, f->packets == 1 ? "" : "s", first, last + 11);
	if (!f->several_ports || finding_is_evasion(&f->key))
		fprintf(out, "        %s%s%s\n", st->dim, reason, st->plain);
}

/* One line. */
static void print_finding_short(const struct usage_table *s, const struct summary_input *in,
	const struct finding *f, const struct terminal_style *st, FILE *out)
{
	char id[FINDING_ID_BYTES];

	print_subject(s, f, st, out);
	alerts_id(in->alerts, f, id);
	fprintf(out, "  %s, %s  %s%.*s%s\n", finding_name(&f->key),
		connection_name((enum connection)f->description.connection), st->dim,
		SHORT_ID_BYTES, id, st->plain);
}

/* The first of them in full. The number that is shown. */
static size_t print_findings(const struct usage_table *s, const struct summary_input *in,
	const struct findings *all, const struct terminal_style *st, FILE *out)
{
	const struct finding **sorted = findings_sorted(all);
	size_t shown = 0;

	for (; sorted && shown < all->count && shown < most(in, FINDINGS_SHOWN); shown++) {
		if (shown < most(in, FINDINGS_WHOLE))
			print_finding(s, in, sorted[shown], st, out);
		else
			print_finding_short(s, in, sorted[shown], st, out);
	}
	free(sorted);
	return shown;
}

/* What of the flagged flows is not shown. */
static void print_left_out(
	const struct usage_table *s, size_t shown, const struct terminal_style *st, FILE *out)
{
	if (s->findings.count > shown)
		fprintf(out, "  … and %zu more, less grave: replay --all shows them\n",
			s->findings.count - shown);
	if (s->findings_retired)
		fprintf(out,
			"  … and %llu of appliances or rules that a reload took away: --flows has "
			"them\n",
			(unsigned long long)s->findings_retired);
	if (s->findings.overflowed)
		fprintf(out, "  %s… and %llu flows beyond %d findings: --flows has them all%s\n",
			st->warn, (unsigned long long)s->findings.overflowed, USAGE_FINDINGS_MAX,
			st->plain);
}

static void print_flagged(struct usage_table *s, const struct summary_input *in,
	const struct terminal_style *st, FILE *out)
{
	char flows[32], count[32];
	uint64_t total = flagged_flows(in->counters);

	fprintf(out, "\n%sFLAGGED%s  ", st->bold, st->plain);
	if (total == 0) {
		if (is_untracked_flagged(in->counters))
			fprintf(out,
				"%spackets of flows that were not tracked: --events has "
				"them%s\n",
				st->warn, st->plain);
		else
			fprintf(out, "%snothing%s\n", st->good, st->plain);
		return;
	}
	findings_fold(&s->findings, finding_key_without_port, SCAN_PORTS);
	findings_fold(&s->findings, finding_key_without_peer, SCAN_PEERS);
	format_number(total, flows);
	format_number(s->findings.count, count);
	fprintf(out, "%s flow%s, %s finding%s, by severity%s\n", flows, total == 1 ? "" : "s",
		count, s->findings.count == 1 ? "" : "s",
		s->findings.count > most(in, FINDINGS_WHOLE) ? "; replay --all has the details"
							     : "");
	print_left_out(s, print_findings(s, in, &s->findings, st, out), st, out);
}

/* --- evasion ------------------------------------------------------------------------ */

static void print_evasion(struct usage_table *s, const struct summary_input *in,
	const struct terminal_style *st, FILE *out)
{
	size_t shown;
	char count[32];

	if (s->evasions.count == 0)
		return;
	findings_fold(&s->evasions, finding_key_without_port, SCAN_PORTS);
	findings_fold(&s->evasions, finding_key_without_peer, SCAN_PEERS);
	format_number(s->evasions.count, count);
	fprintf(out,
		"\n%sEVASION%s  %s finding%s: evidence that is missing, forged or contradicted\n",
		st->bold, st->plain, count, s->evasions.count == 1 ? "" : "s");
	shown = print_findings(s, in, &s->evasions, st, out);
	if (s->evasions.count > shown)
		fprintf(out, "  … and %zu more, less grave: replay --all shows them\n",
			s->evasions.count - shown);
	if (s->evasions.overflowed)
		fprintf(out, "  %s… and %llu flows beyond %d findings: --events has them%s\n",
			st->warn, (unsigned long long)s->evasions.overflowed, USAGE_EVASIONS_MAX,
			st->plain);
}

bool summary_has_findings(const struct usage_table *s, const struct counters *c)
{
	return flagged_flows(c) > 0 || is_untracked_flagged(c) || s->evasions.count > 0 ||
	       s->evasions.overflowed > 0;
}

/* --- exposures ------------------------------------------------------------------------ */

static void print_exposure(const struct usage_table *s, enum exposure kind, FILE *out)
{
	const uint64_t *flows = s->exposures.flows[kind];
	unsigned shown = 0, left_out = 0;
	char number[32];

	fprintf(out, "  %-48s ", exposure_text(kind));
	for (uint16_t i = 0; i < s->ecs->ruleset->appliances; i++) {
		if (flows[i] == 0)
			continue;
		if (shown == NAMES_SHOWN) {
			left_out++;
			continue;
		}
		format_number(flows[i], number);
		fprintf(out, "%s%s %s", shown++ ? ", " : "", appliance_name(s, i), number);
	}
	if (left_out)
		fprintf(out, " and %u more", left_out);
	fputc('\n', out);
}

/* Passwords of LDAP in clear text are a finding (CORRELATED), and told there. */
static bool is_told_as_finding(const struct summary_input *in, enum exposure kind)
{
	const struct correlation *f = in->deployment->correlations.first;

	while (f && f->key.kind != CORRELATION_CLEAR_LDAP)
		f = f->hh.next;
	return f && kind == EXPOSURE_CLEAR_BIND;
}

static void print_exposed(const struct usage_table *s, const struct summary_input *in,
	const struct terminal_style *st, FILE *out)
{
	int headed = 0;

	for (unsigned k = 0; k < EXPOSURE_COUNT; k++) {
		if (exposures_flows(&s->exposures, (enum exposure)k) == 0 ||
			is_told_as_finding(in, (enum exposure)k))
			continue;
		if (!headed++)
			fprintf(out, "\n%sCLEAR TEXT%s and weak protocols: no violations\n",
				st->bold, st->plain);
		print_exposure(s, (enum exposure)k, out);
	}
}

/* --- usage ---------------------------------------------------------------------------- */

static int by_rule(struct usage *a, struct usage *b)
{
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	if (a->key.set != b->key.set) /* one set a row, DHCP's two rules together */
		return a->key.set - b->key.set;
	if (a->key.protocol != b->key.protocol)
		return a->key.protocol - b->key.protocol;
	if (a->flows != b->flows)
		return a->flows < b->flows ? 1 : -1;
	return a->key.appliance - b->key.appliance;
}

/* "53/udp", or "67/udp, 68/udp" for DHCP; and the features, each once. */
static void set_text(
	const struct ruleset *c, uint16_t set, char *ports, char *features, size_t bytes)
{
	size_t p = 0, f = 0;
	char port[POLICY_PORT_BYTES];

	ports[0] = features[0] = '\0';
	for (uint32_t i = 0; i < c->policy->set[set].count; i++) {
		const struct rule *r = policy_rule(c->policy, set, i);
		const struct rule_text *words = ruleset_member_text(c, set, i);
		policy_port_text(r, port);
		if (r->is_pair)
			p = (size_t)snprintf(ports, bytes, "any");
		else if (p < bytes &&
			 (i == 0 || r->port != policy_rule(c->policy, set, i - 1)->port))
			p += (size_t)snprintf(ports + p, bytes - p, "%s%s/%s", p ? ", " : "", port,
				transport_name((enum transport)r->transport));
		if (f < bytes && r->enabled && !strstr(features, words->feature))
			f += (size_t)snprintf(
				features + f, bytes - f, "%s%s", f ? ", " : "", words->feature);
	}
}

/* Prints the appliances of consecutive usages with the same rule set or protocol; returns the next
 * usage. */
static struct usage *print_users(const struct usage_table *s, struct usage *u, FILE *out)
{
	struct usage *at = u;
	unsigned shown = 0, left_out = 0;
	char number[32];

	for (; at && at->key.set == u->key.set && at->key.protocol == u->key.protocol;
		at = at->hh.next) {
		if (shown == NAMES_SHOWN) {
			left_out++;
			continue;
		}
		format_number(at->flows, number);
		fprintf(out, "%s%s %s", shown++ ? ", " : "", appliance_name(s, at->key.appliance),
			number);
	}
	if (left_out)
		fprintf(out, " and %u more", left_out);
	fputc('\n', out);
	return at;
}

/* What is known of a row of the documentation, by its first rule: appliances of several classes may
 * have it. */
enum {
	ROW_HELD = 1, /* appliances have it */
	ROW_ON = 2,   /* and for some of them it is switched on */
	ROW_SEEN = 4, /* it was used */
};

/* The rows; the traffic of pairs is none. NULL: no memory. */
static uint8_t *rows_of(const struct usage_table *s)
{
	const struct ruleset *c = s->ecs->ruleset;
	uint8_t *row = heap_calloc(c->policy->rules + 1, 1);

	for (uint32_t i = 0; row && i < c->policy->rules; i++) {
		const struct rule *r = &c->policy->rule[i];
		if (c->rule[i].in_use && !r->is_pair)
			row[c->rule[i].same_as] |= ROW_HELD | (r->enabled ? ROW_ON : 0);
	}
	for (const struct usage *u = s->usage; row && u; u = u->hh.next)
		for (uint32_t i = 0; i < c->policy->set[u->key.set].count; i++) {
			uint32_t rule = policy_member(c->policy, u->key.set, i);
			if (c->policy->rule[rule].enabled)
				row[c->rule[rule].same_as] |= ROW_SEEN;
		}
	return row;
}

/* How many rows have all of these, of the documented ones or of the implied ones. */
static uint32_t count_rows(
	const struct ruleset *c, const uint8_t *row, uint8_t wanted, bool implied)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->policy->rules; i++)
		count += (row[i] & wanted) == wanted && c->policy->rule[i].implied == implied;
	return count;
}

/* Rows of a role and direction are together, those of pairs last. */
static int part_of(const struct ruleset *c, uint16_t set)
{
	const struct rule *r = policy_rule(c->policy, set, 0);

	return r->is_pair ? INT_MAX : r->role * DIRECTION_COUNT + r->direction;
}

/* Prints the heading if the role or direction changes: true. */
static bool enter_set(const struct ruleset *c, uint16_t set, int *part,
	const struct terminal_style *st, FILE *out)
{
	const struct rule *r = policy_rule(c->policy, set, 0);
	int here = part_of(c, set);
	bool is_new = here != *part;

	if (is_new && r->is_pair)
		fprintf(out, "  %spairs%s", st->bold, st->plain);
	else if (is_new)
		fprintf(out, "  %s%s %s%s", st->bold, role_name((enum role)r->role),
			direction_name((enum direction)r->direction), st->plain);
	*part = here;
	return is_new;
}

/* Nobody misses what is implied. */
static bool is_missed(const struct ruleset *c, const uint8_t *row, uint32_t i)
{
	return row[i] & ROW_ON && !(row[i] & ROW_SEEN) && !c->policy->rule[i].implied;
}

static void print_unseen(
	const struct ruleset *c, const uint8_t *row, const struct terminal_style *st, FILE *out)
{
	uint32_t unseen = 0;
	const char *last = "";

	for (uint32_t i = 0; i < c->policy->rules; i++)
		unseen += is_missed(c, row, i);
	if (unseen == 0)
		return;
	fprintf(out, "  %snot seen:", st->dim);
	for (uint32_t i = 0; i < c->policy->rules; i++) {
		if (!is_missed(c, row, i) || strcmp(last, c->rule[i].id) == 0)
			continue;
		fprintf(out, "%s %s", *last ? "," : "", c->rule[i].id);
		last = c->rule[i].id;
	}
	fprintf(out, "%s\n", st->plain);
}

static bool is_implied_set(const struct ruleset *c, uint16_t set)
{
	return policy_rule(c->policy, set, 0)->implied;
}

/* The sets in use that are documented, or those that are implied. */
static void print_sets(
	const struct usage_table *s, bool implied, const struct terminal_style *st, FILE *out)
{
	const struct ruleset *c = s->ecs->ruleset;
	char ports[128], features[128];
	int part = -1;

	for (struct usage *u = s->usage; u;) {
		if (u->key.set == SET_NONE || is_implied_set(c, u->key.set) != implied) {
			u = u->hh.next;
			continue;
		}
		fputs(enter_set(c, u->key.set, &part, st, out) ? "\n" : "", out);
		set_text(c, u->key.set, ports, features, sizeof(ports));
		fprintf(out, "    %-15s %-44s ", ports, features);
		u = print_users(s, u, out);
	}
}

static struct usage *next_set(struct usage *u)
{
	uint16_t set = u->key.set;

	while (u && u->key.set == set)
		u = u->hh.next;
	return u;
}

static size_t count_sets(const struct usage_table *s)
{
	const struct ruleset *c = s->ecs->ruleset;
	size_t count = 0;

	for (struct usage *u = s->usage; u; u = next_set(u))
		count += u->key.set != SET_NONE && !is_implied_set(c, u->key.set);
	return count;
}

/* The ports alone, a line for each role and direction. */
static void print_ports(const struct usage_table *s, const struct terminal_style *st, FILE *out)
{
	const struct ruleset *c = s->ecs->ruleset;
	char ports[128], features[128];
	int part = -1;

	for (struct usage *u = s->usage; u; u = next_set(u)) {
		if (u->key.set == SET_NONE || is_implied_set(c, u->key.set))
			continue;
		if (part != -1)
			fputs(part == part_of(c, u->key.set) ? ", " : "\n", out);
		fputs(enter_set(c, u->key.set, &part, st, out) ? "  " : "", out);
		set_text(c, u->key.set, ports, features, sizeof(ports));
		fputs(ports, out);
	}
	fputc('\n', out);
}

/* A table of who uses them, or where that is long the ports. */
static void print_documented(const struct usage_table *s, const struct summary_input *in,
	const uint8_t *row, const struct terminal_style *st, FILE *out)
{
	const struct ruleset *c = s->ecs->ruleset;
	bool is_long = count_sets(s) > most(in, SETS_WHOLE);

	fprintf(out, "\n%sDOCUMENTED PORTS IN USE%s  %u of %u rows%s\n", st->bold, st->plain,
		count_rows(c, row, ROW_HELD | ROW_SEEN, false), count_rows(c, row, ROW_HELD, false),
		is_long ? "; replay --all says who uses them" : "");
	if (is_long)
		print_ports(s, st, out);
	else
		print_sets(s, false, st, out);
	print_unseen(c, row, st, out);
}

static void print_used(struct usage_table *s, const struct summary_input *in,
	const struct terminal_style *st, FILE *out)
{
	uint8_t *row = rows_of(s);

	if (!row)
		return;
	HASH_SORT(s->usage, by_rule);
	print_documented(s, in, row, st, out);
	if (count_rows(s->ecs->ruleset, row, ROW_HELD | ROW_SEEN, true))
		fprintf(out,
			"\n%sIMPLIED PORTS IN USE%s  not documented, and a documented feature "
			"needs them\n",
			st->bold, st->plain);
	print_sets(s, true, st, out);
	if (s->usage_overflowed)
		fprintf(out, "  … and %llu flows beyond %d pairs of port and appliance\n",
			(unsigned long long)s->usage_overflowed, USAGE_ROWS_MAX);
	free(row);
}

static void print_not_covered(struct usage_table *s, const struct terminal_style *st, FILE *out)
{
	char name[ENDPOINT_TEXT_BYTES];
	int headed = 0;

	for (struct usage *u = s->usage; u;) {
		if (u->key.set != SET_NONE) {
			u = u->hh.next;
			continue;
		}
		if (!headed++)
			fprintf(out,
				"\n%sNOT COVERED%s  by any port table: neither allowed nor "
				"flagged\n",
				st->bold, st->plain);
		format_protocol(u->key.protocol, name);
		fprintf(out, "    %-15s ", name);
		u = print_users(s, u, out);
	}
}

/* --- the mirror ---------------------------------------------------------------------- */

static void print_mirror(const struct summary_input *in, const struct terminal_style *st, FILE *out)
{
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count = mirror_report_find(in->mirror, in->counters, found);

	if (count == 0)
		return;
	fprintf(out, "\n%sMIRROR%s  what could not be seen may be there all the same\n", st->bold,
		st->plain);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "  %s%s%s\n        %s\n", st->warn, found[i].what, st->plain,
			found[i].remedy);
}

/* --- the deployment ---------------------------------------------------------------------- */

/* "; reconnected 3 times, the last at …", or nothing. */
static void print_reconnects(const struct channel *ch, FILE *out)
{
	char when[TIME_TEXT_BYTES];
	uint32_t times = channel_reconnects(ch);

	format_time_short(ch->began_ns, when);
	if (times)
		fprintf(out, "; reconnected %u time%s, the last at %s UTC", times,
			times == 1 ? "" : "s", when);
	fputc('\n', out);
}

static void print_channel(const struct channels *all, const struct channel *ch, FILE *out)
{
	char end[2][CHANNEL_END_BYTES], when[TIME_TEXT_BYTES], reason[CHANNEL_CAUSE_BYTES];

	for (unsigned i = 0; i < 2; i++)
		channel_end_text(all, ch, i, end[i]);
	format_time_short(ch->last_ns, when);
	fprintf(out, "  %-*s %s and %s", CHANNEL_TITLE_WIDTH, channel_state_title(ch->state),
		end[0], end[1]);
	if (ch->state != CHANNEL_UP)
		fprintf(out, "; last packet %s UTC", when);
	print_reconnects(ch, out);
	channel_reason(all, ch, reason);
	if (reason[0] && strcmp(reason, channel_state_words(ch->state)) != 0)
		fprintf(out, "  %-*s %s\n", CHANNEL_TITLE_WIDTH, "", reason);
}

/* Channels that are up are counted; the others, and what came and went, get a line each. */
static void print_channels(
	const struct summary_input *in, const struct terminal_style *st, FILE *out)
{
	const struct channels *all = &in->deployment->channels;
	size_t count[CHANNEL_STATE_COUNT], shown = 0, left_out = 0;

	if (all->count == 0)
		return;
	channels_count(all, count);
	fprintf(out, "\n%sCHANNELS%s  %zu pairs of appliances, %zu with both established\n",
		st->bold, st->plain, all->count, count[CHANNEL_UP]);
	for (const struct channel *ch = all->first; ch; ch = ch->hh.next) {
		if (ch->state == CHANNEL_UP && channel_reconnects(ch) == 0)
			continue;
		if (shown++ < most(in, CHANNELS_SHOWN))
			print_channel(all, ch, out);
		else
			left_out++;
	}
	if (left_out)
		fprintf(out, "  … and %zu more: replay --all shows them\n", left_out);
}

static int by_severity_and_time(const void *left, const void *right)
{
	const struct correlation *a = *(const struct correlation *const *)left,
				 *b = *(const struct correlation *const *)right;
	int order = (int)correlation_severity((enum correlation_kind)b->key.kind) -
		    (int)correlation_severity((enum correlation_kind)a->key.kind);

	if (order)
		return order;
	if (a->since_ns != b->since_ns)
		return a->since_ns < b->since_ns ? -1 : 1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* Gravest first, then in the order of time. To be freed; NULL: none, or no memory. */
static const struct correlation **correlations_sorted(const struct correlations *all, size_t *count)
{
	const struct correlation **sorted = heap_calloc(all->count + 1, sizeof(*sorted));

	*count = 0;
	for (const struct correlation *f = all->first; sorted && f; f = f->hh.next)
		sorted[(*count)++] = f;
	if (*count)
		qsort(sorted, *count, sizeof(*sorted), by_severity_and_time);
	return sorted;
}

static void print_correlations(
	const struct summary_input *in, const struct terminal_style *st, FILE *out)
{
	const struct correlations *all = &in->deployment->correlations;
	char text[CORRELATION_TEXT_BYTES];
	size_t shown = 0, count;
	const struct correlation **sorted = correlations_sorted(all, &count);

	if (count)
		fprintf(out,
			"\n%sCORRELATED%s findings, from several flows or from flows that are "
			"missing\n",
			st->bold, st->plain);
	for (; shown < count && shown < most(in, CORRELATIONS_SHOWN); shown++) {
		const struct correlation *f = sorted[shown];
		correlation_text(all, f, text);
		print_level(correlation_severity((enum correlation_kind)f->key.kind), st, out);
		fprintf(out, "  %s%s\n", text,
			f->inconclusive ? "; inconclusive: the mirror is degraded" : "");
	}
	if (count > shown)
		fprintf(out, "  … and %zu more: replay --all shows them\n", count - shown);
	free(sorted);
}

static void print_baseline(
	const struct summary_input *in, const struct terminal_style *st, FILE *out)
{
	const struct baseline_finding *f = in->baseline;
	size_t more = 0;

	if (!f)
		return;
	fprintf(out, "\n%sBASELINE%s  what differs from the learning time\n", st->bold, st->plain);
	for (size_t shown = 0; f && shown < most(in, CORRELATIONS_SHOWN); f = f->next, shown++)
		fprintf(out, "  %s\n", f->message);
	for (; f; f = f->next)
		more++;
	if (more)
		fprintf(out, "  … and %zu more: replay --all shows them\n", more);
}

void summary_print(struct usage_table *s, const struct summary_input *in,
	const struct terminal_style *st, FILE *out)
{
	print_head(s, in, st, out);
	print_seen(in, st, out);
	print_mirror(in, st, out);
	print_flagged(s, in, st, out);
	print_evasion(s, in, st, out);
	print_exposed(s, in, st, out);
	print_channels(in, st, out);
	print_correlations(in, st, out);
	print_baseline(in, st, out);
	print_used(s, in, st, out);
	print_not_covered(s, st, out);
}
