/* One line of a script that makes packets: when, who with whom, what they say, and
 * the shape of it.
 */
#ifndef GENERATE_STATEMENT_H
#define GENERATE_STATEMENT_H

#include "exchange/exchange.h"
#include "packet/bytes.h"
#include "random.h"
#include "tokens.h"

#define STEPS_MAX 256

/* Which kinds of statement a step belongs to. */
enum kind {
	KIND_TCP = 1 << 0,
	KIND_UDP = 1 << 1,
	KIND_ICMP = 1 << 2,
	KIND_IP = 1 << 3,
	KIND_ARP = 1 << 4,
	KIND_ETHERNET = 1 << 5,
	KIND_DHCP = 1 << 6,
	KIND_FRAME = 1 << 7,
};

enum clock {
	CLOCK_FOLLOWS, /* after the packets of the statement before */
	CLOCK_AT,      /* from the script's start */
	CLOCK_PLUS,    /* from the start of the statement before */
};

struct statement {
	enum clock clock;
	uint64_t time_ns;
	enum kind kind;
	uint8_t protocol;
	uint16_t ethertype;
	struct endpoint end[SIDE_COUNT];
	struct step step[STEPS_MAX];
	size_t steps;
	struct packet_options shape;
};

/* What reading a line needs beside the line. */
struct reader {
	struct tokens tokens;
	struct hosts *hosts;
	struct bytes store; /* the payloads of the statement being read */
	struct random_state random;
};

/* Reads the line in `words`; false with words.fault set. `s->shape` begins as the defaults. */
bool statement_read(struct statement *, struct reader *);

/* A payload word, into the store. */
bool reader_payload(struct reader *, struct span *);
bool reader_number(struct reader *, const char *want, uint64_t max, uint64_t *);
bool reader_time(struct reader *, uint64_t *ns);

/* `N [every T]` */
bool reader_times(struct reader *, uint32_t *times, uint64_t *every_ns);

/* step.c. 1 if the next word was a step of this kind, 0 if it was none, -1 on a fault. */
int step_read(struct statement *, struct reader *);
void step_help(FILE *);
/* The names of the steps that such a statement knows, into `text`. */
void step_names(enum kind, char *text, size_t capacity);

/* option.c. The same for options. */
int option_read(struct packet_options *, struct reader *);
void option_help(FILE *);

void statement_help(FILE *);

#endif
