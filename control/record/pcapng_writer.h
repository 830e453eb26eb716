/* Blocks of a pcapng file, appended to a buffer: section, interfaces, packets, statistics
 * (draft-ietf-opsawg-pcapng, sections 4.1, 4.2, 4.3 and 4.6; options 3.5).
 *
 * Little-endian; times are nanoseconds since the epoch (if_tsresol 9). Every call appends one whole
 * block, or none where there is no memory, which the buffer's `error` says. Texts are cut to what
 * an option holds, at the end of a character. Nothing is written to a file here.
 */
#ifndef PORTOLAN_PCAPNG_WRITER_H
#define PORTOLAN_PCAPNG_WRITER_H

#include <stdint.h>

struct buffer;

#define PCAPNG_COMMENTS 4
#define PCAPNG_COMMENT_BYTES 1024

/* Section header (4.1); each text may be NULL. */
struct pcapng_section {
	const char *hardware, *os, *application;
};
void pcapng_section(struct buffer *, const struct pcapng_section *);

/* Interface description (4.2): numbered from 0 in the order in which they are written. `link_type`
 * is LINKTYPE's number; `name` may be NULL. */
void pcapng_interface(struct buffer *, uint16_t link_type, uint32_t snap_bytes, const char *name);

/* A packet as it is written. Comments that are NULL are left out. */
struct pcapng_packet {
	const uint8_t *data;
	uint32_t caplen, wirelen;
	uint64_t time_ns;
	uint32_t interface; /* as numbered in this section */
	uint64_t id;	    /* epb_packetid (4.3, option 5); 0: none */
	const char *comment[PCAPNG_COMMENTS];
};
void pcapng_packet(struct buffer *, const struct pcapng_packet *);

/* What an interface received and lost; UINT64_MAX: not known. */
struct pcapng_loss {
	uint64_t received, dropped_interface, dropped_os;
};

/* Interface statistics (4.6), as of a time. */
void pcapng_statistics(
	struct buffer *, uint32_t interface, uint64_t time_ns, const struct pcapng_loss *);

#endif
