#include "cli/import_compare.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/hash_table.h"
#include "base/heap.h"
#include "cli/channel_signs.h"
#include "inventory.h"
#include "policy/ruleset.h"
#include "run/replay.h"

#define STRANGERS_MAX 65536
#define CHANNEL_PORT 8305 /* a draft moves no port */

struct stranger_key {
	struct address address;
	uint8_t version;
	uint8_t zero[7];
};

struct stranger {
	struct stranger_key key;
	struct sighting sighting;
	uint64_t settled;
	uint16_t with; /* an appliance */
	UT_hash_handle hh;
};

static void see(struct sighting *s, const struct record *r)
{
	if (s->flows == 0 || r->start_ns < s->first_ns)
		s->first_ns = r->start_ns;
	if (r->end_ns > s->last_ns)
		s->last_ns = r->end_ns;
	s->flows++;
}

static struct stranger *stranger_of(
	struct import_comparison *c, const struct record *r, unsigned end)
{
	struct stranger_key k;
	struct stranger *s;

	memset(&k, 0, sizeof(k));
	k.address = r->address[end];
	k.version = r->version;
	HASH_FIND(hh, c->stranger, &k, sizeof(k), s);
	if (s || c->strangers == STRANGERS_MAX || !(s = heap_calloc(1, sizeof(*s))))
		return s;
	s->key = k;
	s->with = r->appliance[1 - end];
	HASH_ADD(hh, c->stranger, key, sizeof(s->key), s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	c->strangers++;
	return s;
}

static void see_stranger(struct import_comparison *c, const struct record *r, unsigned end)
{
	struct stranger *s;

	if (r->protocol != IPPROTO_TCP || r->port[1] != CHANNEL_PORT || !flow_was_answered(r))
		return;
	s = stranger_of(c, r, end);
	if (!s)
		return;
	see(&s->sighting, r);
	s->settled += channel_has_settled(r);
}

static void take(void *context, const struct record *r)
{
	struct import_comparison *c = context;

	if (r->kind != RECORD_ENDED)
		return;
	for (unsigned end = 0; end < 2; end++) {
		uint16_t mine = r->appliance[end], other = r->appliance[1 - end];
		if (mine != APPLIANCE_NONE && !(end == 1 && mine == other))
			see(&c->seen[mine], r);
		else if (mine == APPLIANCE_NONE && other != APPLIANCE_NONE)
			see_stranger(c, r, end);
	}
}

int comparison_run(struct import_comparison *c)
{
	struct replay replay = {.ruleset = c->ruleset,
		.settings = c->settings,
		.capture = &c->capture,
		.captures = 1,
		.take = take,
		.context = c};
	int error;

	c->seen = heap_calloc(c->ruleset->appliances + 1, sizeof(*c->seen));
	if (!c->seen)
		return -ENOMEM;
	error = replay_run(&replay);
	c->is_incomplete = replay.failures || replay.interrupted;
	return error;
}

static void print_sighting(const struct sighting *s, FILE *out)
{
	char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES], flows[32];

	format_time_short(s->first_ns, first);
	format_time_short(s->last_ns, last);
	format_number(s->flows, flows);
	fprintf(out, "%s flow%s, %s to %s UTC", flows, s->flows == 1 ? "" : "s", first, last);
}

void comparison_print_seen(const struct import_comparison *c, size_t appliance, FILE *out)
{
	const struct sighting *s = &c->seen[appliance];

	if (s->flows == 0) {
		fputs("not seen", out);
		return;
	}
	fputs("seen: ", out);
	print_sighting(s, out);
}

static int by_address(struct stranger *a, struct stranger *b)
{
	if (a->key.version != b->key.version)
		return a->key.version - b->key.version;
	return memcmp(&a->key.address, &b->key.address, sizeof(a->key.address));
}

/* Who shares the port with a device is its management center, or a probe. */
static void print_stranger(
	const struct import_comparison *c, const struct stranger *s, unsigned number, FILE *out)
{
	const struct appliance_text *with = &c->ruleset->appliance[s->with];
	bool is_center = with->role == ROLE_MANAGED_DEVICE;
	char address[ADDRESS_TEXT_BYTES];

	format_address(&s->key.address, s->key.version, address);
	fputs("#  # 8305/tcp: ", out);
	print_sighting(&s->sighting, out);
	fprintf(out, ", with \"%s\"%s\n", with->name,
		s->settled ? "" : "; none of them settled: a probe looks the same");
	fprintf(out, "#  - name: %s-unknown-%u\n#    role: %s\n#    addresses: [\"%s\"]\n",
		is_center ? "center" : "device", number,
		role_name(is_center ? ROLE_MANAGEMENT_CENTER : ROLE_MANAGED_DEVICE), address);
}

void comparison_print_strangers(struct import_comparison *c, FILE *out)
{
	unsigned number = 0;

	if (!c->strangers)
		return;
	fputs("# Not in the file, but they speak 8305/tcp with what is: take the '#' away of what "
	      "is yours.\n",
		out);
	HASH_SORT(c->stranger, by_address);
	for (struct stranger *s = c->stranger; s; s = s->hh.next)
		print_stranger(c, s, ++number, out);
}

void comparison_fini(struct import_comparison *c)
{
	struct stranger *s, *next;

	HASH_ITER(hh, c->stranger, s, next)
	{
		HASH_DEL(c->stranger, s);
		free(s);
	}
	free(c->seen);
}
