/* The functions behind the steps, and what they share: inside exchange*.c only. */
#ifndef GENERATE_PLAY_H
#define GENERATE_PLAY_H

#include "exchange/exchange.h"

typedef void play_function(struct exchange *, const struct step *);

/* The next packet's way and time. */
struct packet_ends play_ends(struct exchange *, enum side);

/* Sends what is in the wire's frame; the clock goes on by the gap. */
void play_send(struct exchange *, const struct packet_ends *);

/* exchange/tcp.c */
play_function play_handshake, play_syn, play_syn_ack, play_ack, play_unanswered, play_refused;
play_function play_again, play_keepalive, play_skip, play_fin, play_close, play_reset, play_flags;

/* Sequence numbers from the table, and back into it. */
void tcp_load_sequence(struct exchange *);
void tcp_store_sequence(struct exchange *);

/* One side's data in segments, acknowledged by the other. */
void tcp_stream(struct exchange *, enum side, struct span);

#endif
