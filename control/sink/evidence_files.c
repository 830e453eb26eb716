#include "sink/evidence_files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/heap.h"
#include "base/log.h"
#include "config/settings.h"
#include "record.h"
#include "record/mask.h"
#include "record/pcapng_writer.h"
#include "sink/evidence_folder.h"
#include "sink/evidence_index.h"

#define INTERFACES_MAX 64
#define WRITE_BYTES (1u << 20)	 /* written at once */
#define WAITING_BYTES (8u << 20) /* what may wait for a full disk */
#define TEXT_BYTES (PCAPNG_COMMENT_BYTES + 1)

struct evidence_interface {
	uint16_t link, number;
};

/* What goes into a packet's options. */
struct options {
	uint64_t id;
	const char *comment[PCAPNG_COMMENTS];
	unsigned comments;
	char told[EVIDENCE_FLOW_FINDINGS][TEXT_BYTES], masked[MASK_TEXT_BYTES];
};

struct evidence_files {
	const struct evidence_settings *settings;
	struct evidence_folder folder;
	char name[EVIDENCE_NAME_BYTES]; /* of the file that is open */
	int fd;				/* -1: none */
	unsigned long file;		/* number of files so far */
	uint64_t file_bytes;		/* that are in it */
	uint64_t file_ns, last_ns;	/* packet time of its first and of the last packet */
	struct buffer waiting;		/* what is to be written next, from `written` on */
	size_t written;
	struct evidence_interface interface[INTERFACES_MAX];
	uint32_t interfaces;
	const char *const *interface_name;
	size_t interface_names;
	struct pcapng_loss loss;
	struct evidence_index index;
	struct evidence_told *fresh; /* of which packets came since places were told */
	struct evidence_told *noted; /* by the last evidence_files_note() */
	evidence_listener *listener;
	void *context;
	struct evidence_figures figures;
	uint8_t frame[EVIDENCE_FRAME_MAX]; /* scratch: the packet being masked */
	/* Scratch: 3 KiB, which the compiler clears where they are a function's own. */
	struct options options;
};

/* --- findings ------------------------------------------------------------------------------- */

uint64_t evidence_packet_id(const char *id)
{
	return evidence_hash(id) << 24;
}

/* Tells where packets of findings are that came since the last time. */
static void tell_places(struct evidence_files *e)
{
	while (e->fresh) {
		struct evidence_told *f = e->fresh;
		struct evidence_place place = {
			f->id, e->name, f->first_offset, f->packets, f->bytes};

		e->fresh = f->fresh;
		f->is_fresh = false;
		if (e->listener)
			e->listener(e->context, &place);
	}
}

static struct evidence_told *add_told(struct evidence_files *e, const char *id, uint64_t hash)
{
	struct evidence_told *oldest = evidence_index_oldest(&e->index, hash);

	if (oldest && oldest->is_fresh)
		tell_places(e);
	return evidence_index_add_told(&e->index, id, hash);
}

static struct evidence_key key_of_record(const struct record *r)
{
	struct evidence_key k = evidence_key_of(r->address, r->port);

	k.version = r->version;
	k.protocol = r->protocol;
	k.tunnel = r->tunnel;
	return k;
}

void evidence_files_expect(struct evidence_files *e, const struct record *r)
{
	struct evidence_key k = key_of_record(r);

	evidence_index_expect(&e->index, &k);
}

bool evidence_files_note(
	struct evidence_files *e, const struct record *r, const struct evidence_finding *finding)
{
	struct evidence_key k = key_of_record(r);
	struct evidence_flow *flow = evidence_index_flow(&e->index, &k, r->start_ns);
	uint64_t hash = evidence_hash(finding->id);
	struct evidence_told *told = evidence_index_told(&e->index, hash);
	bool is_new = !told;

	if (!flow)
		flow = evidence_index_add_flow(&e->index, &k, r->start_ns);
	if (is_new) {
		told = add_told(e, finding->id, hash);
		told->verdict = finding->verdict;
	}
	flow->start_ns = r->start_ns;
	evidence_flow_join(&e->index, flow, told, finding->is_evasion);
	e->noted = told;
	return is_new;
}

void evidence_files_explain(struct evidence_files *e, const char *message)
{
	free(e->noted->message);
	e->noted->message = heap_strdup(message);
}

/* --- files ---------------------------------------------------------------------------------- */

static void note_error(struct evidence_files *e, int error)
{
	if (error == e->figures.error)
		return;
	if (error < 0) {
		e->figures.since_ns = e->last_ns;
		log_say(LOG_LEVEL_ERROR, "evidence: %s: %s; will be tried again",
			e->name[0] ? e->name : e->folder.path, strerror(-error));
	} else {
		log_say(LOG_LEVEL_NOTICE, "evidence: is written again; %llu packets were lost",
			(unsigned long long)e->figures.lost);
	}
	e->figures.error = error;
}

static void write_section(struct evidence_files *e)
{
	struct utsname host;
	char os[sizeof(host.sysname) + sizeof(host.release) + 2] = "";

	if (uname(&host) == 0)
		snprintf(os, sizeof(os), "%s %s", host.sysname, host.release);
	pcapng_section(
		&e->waiting, &(struct pcapng_section){NULL, os, "portolan " PORTOLAN_VERSION});
}

/* Out of this follows no error of the caller: there is no file until there can be one. */
static bool begin_file(struct evidence_files *e, uint64_t time_ns)
{
	if (e->fd >= 0)
		return true;
	e->fd = evidence_folder_create(&e->folder, time_ns, e->name);
	if (e->fd < 0) {
		note_error(e, e->fd);
		e->fd = -1;
		return false;
	}
	e->file++;
	e->figures.files++;
	e->file_bytes = 0;
	e->file_ns = time_ns;
	e->interfaces = 0;
	e->written = 0;
	buffer_clear(&e->waiting);
	write_section(e);
	return true;
}

/* What is left of a write that failed is kept, so that the file goes on where it ended. */
static int write_waiting(struct evidence_files *e)
{
	while (e->fd >= 0 && e->written < e->waiting.length) {
		ssize_t n =
			write(e->fd, e->waiting.text + e->written, e->waiting.length - e->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			note_error(e, n < 0 ? -errno : -EIO);
			return e->figures.error;
		}
		e->written += (size_t)n;
		e->file_bytes += (size_t)n;
		e->figures.bytes += (uint64_t)n;
		evidence_folder_grow(&e->folder, (uint64_t)n);
	}
	if (e->fd >= 0)
		note_error(e, 0);
	buffer_clear(&e->waiting);
	e->written = 0;
	e->figures.removed += evidence_folder_trim(&e->folder, e->settings->size_bytes);
	return 0;
}

/* Only of one interface it is known whose the figures are. */
static void write_statistics(struct evidence_files *e)
{
	static const struct pcapng_loss unknown = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	const struct pcapng_loss *loss = e->interface_names == 1 ? &e->loss : &unknown;

	for (uint32_t i = 0; i < e->interfaces && e->interface_names > 0; i++)
		pcapng_statistics(&e->waiting, i, e->last_ns, loss);
}

/* Not while its end cannot be written. */
static void end_file(struct evidence_files *e)
{
	if (e->fd < 0 || e->figures.error)
		return;
	write_statistics(e);
	if (write_waiting(e) < 0)
		return;
	tell_places(e);
	close(e->fd);
	e->fd = -1;
	evidence_folder_done(&e->folder);
}

static bool is_old(const struct evidence_files *e, uint64_t now_ns)
{
	return e->fd >= 0 && now_ns > e->file_ns && now_ns - e->file_ns >= e->settings->age_ns;
}

static bool is_full(const struct evidence_files *e)
{
	uint64_t bytes = e->file_bytes + e->waiting.length - e->written;

	return e->fd >= 0 && bytes >= e->settings->file_bytes;
}

/* --- packets -------------------------------------------------------------------------------- */

static const char *interface_name(
	const struct evidence_files *e, uint16_t number, char text[EVIDENCE_ID_BYTES])
{
	if (number < e->interface_names)
		return e->interface_name[number];
	snprintf(text, EVIDENCE_ID_BYTES, "interface %u", number);
	return text;
}

/* Its number in this file, where it is described with its first packet. */
static uint32_t interface_of(struct evidence_files *e, const struct evidence_packet *p)
{
	char text[EVIDENCE_ID_BYTES];
	uint32_t i = 0;

	while (i < e->interfaces &&
		(e->interface[i].link != p->link || e->interface[i].number != p->interface))
		i++;
	if (i < e->interfaces)
		return i;
	e->interface[i] = (struct evidence_interface){p->link, p->interface};
	e->interfaces++;
	pcapng_interface(&e->waiting, link_number((enum link)p->link), EVIDENCE_FRAME_MAX,
		interface_name(e, p->interface, text));
	return i;
}

static void add_comment(struct options *o, const char *text)
{
	if (o->comments < PCAPNG_COMMENTS)
		o->comment[o->comments++] = text;
}

/* Counts the packet for one of its flow's findings. */
static void count_for(
	struct evidence_files *e, struct evidence_told *f, uint64_t offset, uint32_t bytes)
{
	if (f->file != e->file) {
		f->file = e->file;
		f->first_offset = offset;
		f->packets = f->bytes = 0;
	}
	f->packets++;
	f->bytes += bytes;
	f->running++;
	if (f->is_fresh)
		return;
	f->is_fresh = true;
	f->fresh = e->fresh;
	e->fresh = f;
}

/* In a flood once a packet, where printf() is half of the work. */
static char *put_text(char *at, const char *end, const char *text)
{
	size_t bytes = strnlen(text, (size_t)(end - at) - 1);

	memcpy(at, text, bytes);
	at[bytes] = '\0';
	return at + bytes;
}

static void say_first(const struct evidence_told *f, char text[TEXT_BYTES])
{
	const char *const end = text + TEXT_BYTES;
	char *at = put_text(text, end, "finding ");

	at = put_text(at, end, f->id);
	at = put_text(at, end, ": ");
	at = put_text(at, end, f->verdict);
	if (f->message) {
		at = put_text(at, end, ": ");
		put_text(at, end, f->message);
	}
}

static void say_also(const struct evidence_told *f, char text[TEXT_BYTES])
{
	put_text(put_text(text, text + TEXT_BYTES, "also "), text + TEXT_BYTES, f->id);
}

/* A finding's first packet says what it is of; others have its number, or say so where they are of
 * another one first. */
static void describe(struct evidence_files *e, const struct evidence_flow *flow, uint64_t offset,
	uint32_t bytes, struct options *o)
{
	for (unsigned i = 0; i < flow->findings; i++) {
		struct evidence_told *f = evidence_flow_told(&e->index, flow, i);
		bool is_first = !o->id;

		if (!f)
			continue;
		count_for(e, f, offset, bytes);
		if (is_first)
			o->id = f->hash << 24 | (f->running & 0xffffff);
		if (!f->is_begun)
			say_first(f, o->told[i]);
		else if (!is_first)
			say_also(f, o->told[i]);
		if (!f->is_begun || !is_first)
			add_comment(o, o->told[i]);
	}
}

/* Only what is written says what a finding is of. */
static void findings_are_begun(struct evidence_files *e, const struct evidence_flow *flow)
{
	for (unsigned i = 0; i < flow->findings; i++) {
		struct evidence_told *f = evidence_flow_told(&e->index, flow, i);

		if (!f || f->is_begun)
			continue;
		f->is_begun = true;
		free(f->message);
		f->message = NULL;
	}
}

static const uint8_t *masked_frame(struct evidence_files *e, struct evidence_flow *flow,
	const struct evidence_packet *p, struct options *o)
{
	struct mask_context context = {
		.state = flow->mask,
		.sender = p->from_initiator ? 0 : 1,
		.sender_port = p->port[0],
		.receiver_port = p->port[1],
		.is_stream = p->protocol == 6 && p->is_udp_or_tcp,
		.sequence = p->sequence,
	};
	uint32_t found;

	if (!e->settings->mask || p->payload_length == 0)
		return p->data;
	if (context.is_stream)
		context.state = evidence_index_mask(&e->index, flow);
	memcpy(e->frame, p->data, p->caplen);
	found = mask_payload(&context, e->frame + p->payload_offset, p->payload_length);
	if (!found)
		return p->data;
	e->figures.masked++;
	mask_describe(found, o->masked);
	add_comment(o, o->masked);
	return e->frame;
}

static void write_packet(
	struct evidence_files *e, struct evidence_flow *flow, const struct evidence_packet *p)
{
	uint32_t interface = interface_of(e, p);
	uint64_t offset = e->file_bytes + e->waiting.length - e->written;
	struct options *o = &e->options;
	struct pcapng_packet out = {.caplen = p->caplen,
		.wirelen = p->wirelen,
		.time_ns = p->time_ns,
		.interface = interface};
	size_t before = e->waiting.length;

	o->id = 0; /* the texts need not be cleared */
	o->comments = 0;
	memset(o->comment, 0, sizeof(o->comment));
	describe(e, flow, offset, p->caplen, o);
	out.data = masked_frame(e, flow, p, o);
	out.id = o->id;
	memcpy(out.comment, o->comment, sizeof(out.comment));
	pcapng_packet(&e->waiting, &out);
	if (e->waiting.length == before) {
		e->figures.lost++;
		return;
	}
	findings_are_begun(e, flow);
	e->figures.packets++;
}

static struct evidence_flow *flow_of(
	const struct evidence_files *e, const struct evidence_packet *p)
{
	struct evidence_key k = evidence_key_of(p->address, p->port);

	k.version = p->version;
	k.protocol = p->protocol;
	k.tunnel = p->tunnel;
	return evidence_index_flow(&e->index, &k, p->start_ns);
}

static bool has_room(const struct evidence_files *e)
{
	return e->waiting.length - e->written < WAITING_BYTES && !e->waiting.error;
}

void evidence_files_add(struct evidence_files *e, const struct evidence_packet *p)
{
	struct evidence_flow *flow = flow_of(e, p);

	if (!flow) {
		e->figures.unassigned++;
		return;
	}
	if (is_full(e) || is_old(e, p->time_ns) || e->interfaces == INTERFACES_MAX)
		end_file(e);
	if (p->time_ns > e->last_ns)
		e->last_ns = p->time_ns;
	if ((e->fd < 0 && e->figures.error) || !begin_file(e, p->time_ns) || !has_room(e) ||
		e->interfaces == INTERFACES_MAX) {
		e->figures.lost++;
		return;
	}
	write_packet(e, flow, p);
	if (e->waiting.length - e->written >= WRITE_BYTES && !e->figures.error)
		write_waiting(e);
}

/* --- life ----------------------------------------------------------------------------------- */

void evidence_files_flush(struct evidence_files *e, uint64_t now_ns)
{
	if (e->fd < 0) { /* a file could not be made: the next packet tries again */
		e->figures.error = 0;
		return;
	}
	if (write_waiting(e) < 0)
		return;
	tell_places(e);
	if (is_old(e, now_ns))
		end_file(e);
}

int evidence_files_open(
	struct evidence_files **out, const char *folder, const struct evidence_settings *settings)
{
	struct evidence_files *e = heap_calloc(1, sizeof(*e));
	int error;

	if (!e)
		return -ENOMEM;
	e->settings = settings;
	e->fd = -1;
	e->loss = (struct pcapng_loss){UINT64_MAX, UINT64_MAX, UINT64_MAX};
	error = evidence_folder_open(&e->folder, folder);
	if (error == 0)
		error = evidence_index_open(&e->index);
	if (error < 0) {
		evidence_folder_close(&e->folder);
		free(e);
		return error;
	}
	*out = e;
	return 0;
}

void evidence_files_name_interfaces(struct evidence_files *e, const char *const *name, size_t names)
{
	e->interface_name = name;
	e->interface_names = names;
}

void evidence_files_set_loss(struct evidence_files *e, const struct pcapng_loss *loss)
{
	e->loss = *loss;
}

void evidence_files_listen(struct evidence_files *e, evidence_listener *listener, void *context)
{
	e->listener = listener;
	e->context = context;
}

const struct evidence_figures *evidence_files_figures(const struct evidence_files *e)
{
	return &e->figures;
}

int evidence_files_finish(struct evidence_files *e)
{
	if (e->fd >= 0 && e->figures.error)
		write_waiting(e);
	end_file(e);
	return e->figures.error;
}

void evidence_files_close(struct evidence_files *e)
{
	if (!e)
		return;
	if (e->fd >= 0)
		close(e->fd);
	evidence_index_close(&e->index);
	buffer_fini(&e->waiting);
	evidence_folder_close(&e->folder);
	free(e);
}
