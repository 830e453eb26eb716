/* Sends the first and only datagrams of so many flows into an interface, so many a second:
 *
 *   flow_sender INTERFACE FLOWS RATE FIRST
 *
 * Each is a syslog message from 10.20.0.1 to another pair of port and address, counted from FIRST.
 * Says in a line of JSON how many went out, and in what time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define NS_PER_S 1000000000ull
#define PORTS 50000u
#define TEXT "<134>Jan  1 00:00:00 ftd-1 : %FTD-6-305012: Teardown dynamic UDP"
#define UDP_BYTES (8 + sizeof(TEXT) - 1)
#define FRAME_BYTES (14 + 20 + UDP_BYTES)

struct batch {
	uint8_t frame[BATCH][FRAME_BYTES];
	struct iovec piece[BATCH];
	struct mmsghdr message[BATCH];
};

static void put16(uint8_t *p, unsigned n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static unsigned header_checksum(const uint8_t *p)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16)) & 0xffff;
}

/* The UDP checksum is 0: there is none (RFC 768). */
static void write_flow(uint8_t *f, uint32_t number)
{
	static const uint8_t begin[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0,
		0, 0, 0, 64, 17, 0, 0, 10, 20, 0, 1, 198, 18};

	memcpy(f, begin, sizeof(begin));
	put16(f + 16, 20 + UDP_BYTES);
	put16(f + 32, number / PORTS);
	put16(f + 24, header_checksum(f + 14));
	put16(f + 34, 10000 + number % PORTS);
	put16(f + 36, 514);
	put16(f + 38, UDP_BYTES);
	put16(f + 40, 0);
	memcpy(f + 42, TEXT, sizeof(TEXT) - 1);
}

static struct batch *batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	for (unsigned i = 0; b && i < BATCH; i++) {
		b->piece[i] = (struct iovec){.iov_base = b->frame[i], .iov_len = FRAME_BYTES};
		b->message[i].msg_hdr.msg_iov = &b->piece[i];
		b->message[i].msg_hdr.msg_iovlen = 1;
	}
	return b;
}

static int open_interface(const char *name)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	address.sll_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || address.sll_ifindex == 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(name);
		exit(1);
	}
	return fd;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void wait_until(uint64_t time_ns)
{
	struct timespec t = {
		.tv_sec = (time_t)(time_ns / NS_PER_S), .tv_nsec = (long)(time_ns % NS_PER_S)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* A socket whose buffer is full waits or says so: the rest is sent again. */
static void send_all(int fd, struct mmsghdr *message, unsigned count)
{
	while (count > 0) {
		int sent = sendmmsg(fd, message, count, 0);

		if (sent < 0 && errno != ENOBUFS && errno != EAGAIN) {
			perror("sendmmsg");
			exit(1);
		}
		message += sent > 0 ? sent : 0;
		count -= sent > 0 ? (unsigned)sent : 0;
	}
}

int main(int argc, char **argv)
{
	unsigned flows = argc == 5 ? (unsigned)atoi(argv[2]) : 0;
	unsigned rate = argc == 5 ? (unsigned)atoi(argv[3]) : 0, first, count;
	struct batch *b = batch_new();
	uint64_t begin;
	int fd;

	if (!b || flows == 0 || rate == 0)
		return 2;
	fd = open_interface(argv[1]);
	first = (unsigned)atoi(argv[4]);
	begin = now_ns();
	for (unsigned sent = 0; sent < flows; sent += count) {
		count = flows - sent < BATCH ? flows - sent : BATCH;
		for (unsigned i = 0; i < count; i++)
			write_flow(b->frame[i], first + sent + i);
		wait_until(begin + sent * NS_PER_S / rate);
		send_all(fd, b->message, count);
	}
	printf("{\"flows\":%u,\"seconds\":%.3f}\n", flows,
		(double)(now_ns() - begin) / (double)NS_PER_S);
	free(b);
	close(fd);
	return 0;
}
