/* A folder of evidence in the temporary folder, and packets of flows to put there. */
#ifndef PORTOLAN_EVIDENCE_FIXTURE_H
#define PORTOLAN_EVIDENCE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"
#include "record.h"
#include "sink/evidence_files.h"

#define FIRST_NS 1700000000000000000ull
#define PAYLOAD_BYTES 60

struct evidence_fixture {
	char folder[64];
	struct evidence_settings settings;
	struct evidence_files *files;
};

static inline void fixture_open(struct evidence_fixture *f)
{
	*f = (struct evidence_fixture){
		.settings = {.size_bytes = 1u << 30,
			.file_bytes = 1u << 20,
			.age_ns = 3600000000000ull,
			.mask = true},
	};
	snprintf(f->folder, sizeof(f->folder), "/tmp/portolan-evidence-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(evidence_files_open(&f->files, f->folder, &f->settings), 0);
}

/* The names that are there; removes them with `remove`. */
static inline unsigned fixture_files(
	const struct evidence_fixture *f, char last[256], int is_removed)
{
	DIR *d = opendir(f->folder);
	struct dirent *entry;
	unsigned files = 0;

	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		files++;
		if (last)
			snprintf(last, 256, "%s", entry->d_name);
		if (is_removed)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	closedir(d);
	return files;
}

static inline void fixture_close(struct evidence_fixture *f)
{
	evidence_files_close(f->files);
	fixture_files(f, NULL, 1);
	rmdir(f->folder);
}

/* A record of flow `number`, from one address to another. */
static inline struct record fixture_record(unsigned number, uint64_t start_ns)
{
	struct record r = {.protocol = 17, .version = 4, .start_ns = start_ns, .end_ns = start_ns};

	r.address[0].byte[15] = 1;
	r.address[1].byte[15] = 2;
	r.port[0] = (uint16_t)(20000 + number);
	r.port[1] = 9999;
	return r;
}

/* A packet of it; `answers`: the responder's. */
static inline void fixture_packet(
	struct evidence_fixture *f, const struct record *r, uint64_t time_ns, unsigned answers)
{
	union {
		struct evidence_packet p;
		uint8_t room[sizeof(struct evidence_packet) + PAYLOAD_BYTES];
	} u;

	memset(&u, 0, sizeof(u));
	for (unsigned i = 0; i < 2; i++) {
		u.p.address[i] = r->address[i ^ answers];
		u.p.port[i] = r->port[i ^ answers];
	}
	u.p.protocol = r->protocol;
	u.p.version = r->version;
	u.p.from_initiator = !answers;
	u.p.time_ns = time_ns;
	u.p.start_ns = r->start_ns;
	u.p.caplen = u.p.wirelen = PAYLOAD_BYTES;
	u.p.payload_length = PAYLOAD_BYTES;
	memset(u.p.data, 'a', PAYLOAD_BYTES);
	evidence_files_add(f->files, &u.p);
}

static inline void fixture_note(struct evidence_fixture *f, const struct record *r, const char *id)
{
	if (evidence_files_note(
		    f->files, r, &(struct evidence_finding){id, "unexpected-port", false}))
		evidence_files_explain(f->files, "why");
}

#endif
