/* `portolan discover`: proposes an inventory, from hosts that use appliance communications with
 * each other (DESIGN 8). For a person to review.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/hash_table.h"
#include "base/heap.h"
#include "cli/channel_signs.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "run/replay.h"

#define HOSTS_MAX 262144
#define PEERS_MAX 4096 /* of one host; a management center may manage hundreds */

/* A host with so many peers that have nobody else is who manages them. */
#define MANAGED_MIN 2

struct host_key {
	struct address address;
	uint8_t version;
	uint8_t zero[7];
};

/* A host, and the evidence for either role. */
struct host {
	struct host_key key;
	struct host **peer; /* hosts with which it has a connection that settled */
	size_t peers, peers_max;
	uint64_t connections;
	long evidence; /* flows that only a management center has, minus those that only a device
			  has */
	enum role role;
	int decided, guessed;
	UT_hash_handle hh;
};

struct discovery {
	const struct policy *policy;
	struct host *host;
	size_t hosts;
	uint16_t port;
};

/* All addresses are monitored, to find out which are appliances. */
static const char all_addresses[] =
	"profile: cloud-delivered\n"
	"appliances:\n"
	"  - {name: any, role: managed-device, addresses: [0.0.0.0/0, \"::/0\"]}\n";

static struct host *host_of(struct discovery *d, const struct record *r, unsigned end)
{
	struct host_key k;
	struct host *h;

	memset(&k, 0, sizeof(k));
	k.address = r->address[end];
	k.version = r->version;
	HASH_FIND(hh, d->host, &k, sizeof(k), h);
	if (h || d->hosts == HOSTS_MAX || !(h = heap_calloc(1, sizeof(*h))))
		return h;
	h->key = k;
	HASH_ADD(hh, d->host, key, sizeof(h->key), h);
	d->hosts++;
	return h;
}

static void add_peer(struct host *h, struct host *peer)
{
	struct host **bigger;
	size_t want = h->peers_max ? 2 * h->peers_max : 4;

	for (size_t i = 0; i < h->peers; i++)
		if (h->peer[i] == peer)
			return;
	if (h->peers == PEERS_MAX)
		return;
	if (h->peers == h->peers_max) {
		bigger = heap_reallocarray(h->peer, want, sizeof(*bigger));
		if (!bigger)
			return;
		h->peer = bigger;
		h->peers_max = want;
	}
	h->peer[h->peers++] = peer;
}

/* +1 if only the management center's table has the flow, -1 if only the device's has. */
static int evidence_of(const struct policy *p, const struct record *r, unsigned end)
{
	enum direction d = end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
	enum transport t = r->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
	int center = policy_set(p, ROLE_MANAGEMENT_CENTER, d, t, r->port[1]) != SET_NONE;
	int device = policy_set(p, ROLE_MANAGED_DEVICE, d, t, r->port[1]) != SET_NONE;

	return center - device;
}

static void take(void *context, const struct record *r)
{
	struct discovery *d = context;
	struct host *host[2];

	if (r->kind != RECORD_ENDED || (r->protocol != IPPROTO_TCP && r->protocol != IPPROTO_UDP) ||
		!flow_was_answered(r))
		return;
	host[0] = host_of(d, r, 0);
	host[1] = host_of(d, r, 1);
	if (!host[0] || !host[1] || host[0] == host[1])
		return;
	for (unsigned end = 0; end < 2; end++)
		host[end]->evidence += evidence_of(d->policy, r, end);
	if (r->protocol != IPPROTO_TCP || r->port[1] != d->port)
		return;
	for (unsigned end = 0; end < 2; end++) {
		if (channel_has_settled(r))
			add_peer(host[end], host[1 - end]);
		host[end]->connections++;
	}
}

/* Of two peers the one with more such peers is the manager; then evidence decides. */
static int outranks(const struct host *a, const struct host *b)
{
	if (a->peers != b->peers)
		return a->peers > b->peers ? 1 : -1;
	if (a->evidence != b->evidence)
		return a->evidence > b->evidence ? 1 : -1;
	return 0;
}

/* Settled connections with several hosts that have no other peer. */
static int manages_several(const struct host *h)
{
	size_t alone = 0;

	for (size_t i = 0; i < h->peers; i++)
		alone += h->peer[i]->peers == 1;
	return alone >= MANAGED_MIN;
}

/* Decides by ports that only one role uses, or by who has several to manage. */
static void decide_by_evidence(struct host *h)
{
	h->decided = h->evidence != 0;
	h->role = h->evidence > 0 ? ROLE_MANAGEMENT_CENTER : ROLE_MANAGED_DEVICE;
	if (!h->decided && manages_several(h)) {
		h->decided = 1;
		h->role = ROLE_MANAGEMENT_CENTER;
	}
}

static int has_center(const struct host *h)
{
	for (size_t i = 0; i < h->peers; i++)
		if (h->peer[i]->decided && h->peer[i]->role == ROLE_MANAGEMENT_CENTER)
			return 1;
	return 0;
}

/* Without such ports: a peer of a known center is a device; else the host with more peers is the
 * manager; else one of the two is chosen. */
static void decide_by_peers(struct host *h)
{
	long balance = 0;

	if (h->decided)
		return;
	h->role = ROLE_MANAGED_DEVICE;
	if (has_center(h) || h->peers == 0)
		return;
	for (size_t i = 0; i < h->peers; i++)
		balance += outranks(h, h->peer[i]);
	h->guessed = 1;
	if (balance > 0 || (balance == 0 && memcmp(&h->key, &h->peer[0]->key, sizeof(h->key)) < 0))
		h->role = ROLE_MANAGEMENT_CENTER;
}

static const char *doubt_of(const struct host *h)
{
	if (!h->peers)
		return "; none of them settled: a probe looks the same";
	if (h->guessed)
		return "; a guess: nothing seen tells who manages whom";
	if (h->role == ROLE_MANAGED_DEVICE && !has_center(h))
		return "; no management center among them: is it yours?";
	return "";
}

static int by_role_and_address(struct host *a, struct host *b)
{
	if (a->role != b->role)
		return (int)a->role - (int)b->role;
	if (a->key.version != b->key.version)
		return a->key.version - b->key.version;
	return memcmp(&a->key.address, &b->key.address, sizeof(a->key.address));
}

/* What is a guess is a comment: a stranger's address among the appliances hides what it does. */
static void print_host(const struct host *h, unsigned number, FILE *out)
{
	const char *begin = *doubt_of(h) ? "#" : "";
	char address[ADDRESS_TEXT_BYTES];

	format_address(&h->key.address, h->key.version, address);
	fprintf(out, "%s  # %llu connection%s, settled with %zu host%s%s\n", begin,
		(unsigned long long)h->connections, h->connections == 1 ? "" : "s", h->peers,
		h->peers == 1 ? "" : "s", doubt_of(h));
	fprintf(out, "%s  - name: %s-%u\n%s    role: %s\n%s    addresses: [\"%s\"]\n", begin,
		h->role == ROLE_MANAGEMENT_CENTER ? "center" : "device", number, begin,
		role_name(h->role), begin, address);
}

static unsigned print_site(
	struct discovery *d, const char *const *capture, size_t captures, FILE *out)
{
	unsigned number[ROLE_COUNT] = {0}, total = 0;

	for (struct host *h = d->host; h; h = h->hh.next)
		if (h->connections > 0) {
			decide_by_evidence(h);
			total++;
		}
	for (struct host *h = d->host; h; h = h->hh.next)
		if (h->connections > 0)
			decide_by_peers(h);
	if (total == 0)
		return 0;
	HASH_SORT(d->host, by_role_and_address);
	fprintf(out,
		"# A proposal, from %s%s: hosts that shared %u/tcp with each other.\n"
		"# Read it and correct it: names, roles, further addresses\n"
		"# of the same appliance, and appliances that were silent.\n"
		"# What is a guess is a comment, with the reason: take the\n"
		"# '#' away where you know better. Then: portolan check FILE\n"
		"profile: cloud-delivered\n",
		captures == 1 && strcmp(capture[0], "-") != 0 ? capture[0] : "captures", "",
		d->port);
	if (d->port != 8305)
		fprintf(out, "features:\n  appliance-communications: {ports: {8305/tcp: %u/tcp}}\n",
			d->port);
	fputs("appliances:\n", out);
	for (struct host *h = d->host; h; h = h->hh.next)
		if (h->connections > 0)
			print_host(h, ++number[h->role], out);
	return total;
}

static void discovery_fini(struct discovery *d)
{
	struct host *h, *next;

	HASH_ITER(hh, d->host, h, next)
	{
		HASH_DEL(d->host, h);
		free(h->peer);
		free(h);
	}
}

/* Prints the site as YAML. Returns the command's exit status: 1 if nothing was found or a capture
 * could not be read. */
static int discover(const char *const *capture, size_t captures, uint16_t port, FILE *out)
{
	struct errors errors = {0};
	struct settings *settings = NULL;
	struct ruleset *ruleset = NULL;
	struct discovery d = {.port = port};
	struct replay replay = {
		.capture = capture, .captures = captures, .take = take, .context = &d};
	int status = 0, error;

	if (ruleset_parse_site(&ruleset, &settings, "discover", all_addresses,
		    sizeof(all_addresses) - 1, &errors) < 0) {
		errors_print(&errors, stderr);
		return 1;
	}
	if (cli_compile(ruleset) < 0) {
		ruleset_close(ruleset);
		settings_free(settings);
		return 1;
	}
	d.policy = ruleset->policy;
	replay.ruleset = ruleset;
	replay.settings = settings;
	error = replay_run(&replay);
	if (error < 0)
		errors_say("discover: %s", strerror(-error));
	if (error < 0 || replay.failures || replay.interrupted)
		status = 1;
	if (print_site(&d, capture, captures, out) == 0 && !heap_was_short()) {
		fprintf(stderr,
			"portolan: discover: no two hosts shared %u/tcp: nothing to propose; if "
			"the "
			"deployment moved that port, give it with --port\n",
			port);
		status = 1;
	}
	discovery_fini(&d);
	ruleset_close(ruleset);
	settings_free(settings);
	return status;
}

/* --- command --- */

enum { PORT };

static const struct cli_option options[] = {
	[PORT] = {"port", "PORT", "the port of appliance communications (8305)", NULL},
	{0},
};

static int run(const struct cli_request *r)
{
	long port =
		r->value[PORT] ? cli_number("discover", "port", r->value[PORT], 1, 65535) : 8305;
	int status, flushed;
	FILE *out;

	if (port < 0)
		return EXIT_MISUSED;
	out = cli_yaml_open();
	status = discover(r->argument, r->arguments, (uint16_t)port, out);
	cli_yaml_close(out);
	flushed = cli_flush("discover");
	return flushed > status ? flushed : status;
}

const struct cli_command cli_discover = {
	.name = "discover",
	.summary = "propose an inventory from who speaks 8305 with whom",
	.arguments = "CAPTURE…",
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.description = "Prints a site file (YAML) that names the hosts which spoke appliance "
		       "communications\n"
		       "with each other, with the role that fits what they did. It proposes, a "
		       "person approves:\n"
		       "  portolan discover CAPTURE > site.yaml",
	.options = options,
	.run = run,
};
