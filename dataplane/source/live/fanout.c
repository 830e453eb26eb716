#include "source/live/fanout.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#ifndef PACKET_FANOUT_FLAG_UNIQUEID
#define PACKET_FANOUT_FLAG_UNIQUEID 0x2000
#endif

#define ETHERTYPE_QINQ_OLD 0x9100
#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057

#define PROGRAM_MAX 240 /* a conditional jump reaches 255 instructions */
#define TAGS_MAX 4	/* in the packet; the kernel has taken the outermost out before */
#define LABELS_MAX 6

/* Where jumps lead before it is known where that is. */
enum label {
	LABEL_NEXT,
	LABEL_TAG,
	LABEL_SENT,
	LABEL_ETHERNET,
	LABEL_TYPE,
	LABEL_TYPED,
	LABEL_MPLS,
	LABEL_VERSION,
	LABEL_PPPOE,
	LABEL_IPV4,
	LABEL_IPV6,
	LABEL_MIX,
	LABEL_REST,
	LABEL_COUNT,
};

/* A program in the making. X is the offset of what is being looked at. */
struct program {
	struct sock_filter code[PROGRAM_MAX];
	uint8_t target[PROGRAM_MAX]; /* enum label of the jump at the same index */
	uint16_t length;
	uint16_t at[LABEL_COUNT];
};

static void emit(struct program *p, unsigned code, uint32_t k)
{
	assert(p->length < PROGRAM_MAX);
	p->code[p->length++] = (struct sock_filter){.code = (uint16_t)code, .k = k};
}

/* Jumps where A compares with k in the way `test` says, else goes on. */
static void jump_if(struct program *p, unsigned test, uint32_t k, enum label target)
{
	p->target[p->length] = (uint8_t)target;
	emit(p, BPF_JMP | test | BPF_K, k);
}

static void jump(struct program *p, enum label target)
{
	p->target[p->length] = (uint8_t)target;
	emit(p, BPF_JMP | BPF_JA, 0);
}

static void mark(struct program *p, enum label label)
{
	p->at[label] = p->length;
}

/* Resolves the jumps from `from` on that lead to a label marked by now. */
static void resolve(struct program *p, uint16_t from, enum label label)
{
	for (uint16_t i = from; i < p->length; i++) {
		unsigned distance = p->at[label] - i - 1u;

		if (p->target[i] != label || p->at[label] <= i)
			continue;
		if (BPF_OP(p->code[i].code) == BPF_JA) {
			p->code[i].k = distance;
		} else {
			assert(distance <= UINT8_MAX);
			p->code[i].jt = (uint8_t)distance;
		}
		p->target[i] = LABEL_NEXT;
	}
}

/* X += n; A stays. */
static void advance(struct program *p, uint32_t n)
{
	emit(p, BPF_ST, 0);
	emit(p, BPF_MISC | BPF_TXA, 0);
	emit(p, BPF_ALU | BPF_ADD, n); /* BPF_K is 0 too */
	emit(p, BPF_MISC | BPF_TAX, 0);
	emit(p, BPF_LD | BPF_MEM, 0);
}

/* A is the EtherType of what X points at: VLAN tags, then what is behind them. */
static void emit_tags(struct program *p)
{
	for (int i = 0; i < TAGS_MAX; i++) {
		uint16_t begin = p->length;

		jump_if(p, BPF_JEQ, ETH_P_IP, LABEL_IPV4);
		jump_if(p, BPF_JEQ, ETH_P_IPV6, LABEL_IPV6);
		jump_if(p, BPF_JEQ, ETH_P_8021Q, LABEL_TAG);
		jump_if(p, BPF_JEQ, ETH_P_8021AD, LABEL_TAG);
		jump_if(p, BPF_JEQ, ETHERTYPE_QINQ_OLD, LABEL_TAG);
		jump_if(p, BPF_JEQ, ETH_P_MPLS_UC, LABEL_MPLS);
		jump_if(p, BPF_JEQ, ETH_P_MPLS_MC, LABEL_MPLS);
		jump_if(p, BPF_JEQ, ETH_P_PPP_SES, LABEL_PPPOE);
		jump(p, LABEL_REST);
		mark(p, LABEL_TAG);
		resolve(p, begin, LABEL_TAG);
		emit(p, BPF_LD | BPF_H | BPF_IND, 2);
		advance(p, 4);
	}
	jump(p, LABEL_REST);
}

/* What no label says: the version is the first nibble behind the last label. */
static void emit_mpls(struct program *p)
{
	mark(p, LABEL_MPLS);
	for (int i = 0; i < LABELS_MAX; i++) {
		emit(p, BPF_LD | BPF_W | BPF_IND, 0);
		advance(p, 4);
		jump_if(p, BPF_JSET, 0x100, LABEL_VERSION);
	}
	jump(p, LABEL_REST);
	mark(p, LABEL_VERSION);
	emit(p, BPF_LD | BPF_B | BPF_IND, 0);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, 4);
	jump_if(p, BPF_JEQ, 4, LABEL_IPV4);
	jump_if(p, BPF_JEQ, 6, LABEL_IPV6);
	jump(p, LABEL_REST);
}

static void emit_pppoe(struct program *p)
{
	mark(p, LABEL_PPPOE);
	emit(p, BPF_LD | BPF_H | BPF_IND, 6);
	advance(p, 8);
	jump_if(p, BPF_JEQ, PPP_IPV4, LABEL_IPV4);
	jump_if(p, BPF_JEQ, PPP_IPV6, LABEL_IPV6);
	jump(p, LABEL_REST);
}

/* A = M[first] ^ … ^ M[first + words - 1] */
static void emit_xor(struct program *p, uint32_t first, uint32_t words)
{
	emit(p, BPF_LD | BPF_MEM, first);
	for (uint32_t i = 1; i < words; i++) {
		emit(p, BPF_LDX | BPF_MEM, first + i);
		emit(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	}
}

/* M[0] = the words of the address at X + offset folded into one, A = those of the next. */
static void emit_fold(struct program *p, enum label label, uint32_t offset, uint32_t words)
{
	mark(p, label);
	for (uint32_t i = 0; i < 2 * words; i++) {
		emit(p, BPF_LD | BPF_W | BPF_IND, offset + 4 * i);
		emit(p, BPF_ST, i);
	}
	emit_xor(p, 0, words);
	emit(p, BPF_ST, 0);
	emit_xor(p, words, words);
	jump(p, LABEL_MIX);
}

/* Sum and XOR of M[0] and A: both are the same for both directions, and where one of them is
 * the same for all pairs (a fixed distance between their numbers) the other is not. */
static void emit_mix(struct program *p)
{
	mark(p, LABEL_MIX);
	emit(p, BPF_ST, 1);
	emit(p, BPF_LDX | BPF_MEM, 0);
	emit(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	emit(p, BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1u);
	emit(p, BPF_ST, 2);
	emit(p, BPF_LD | BPF_MEM, 1);
	emit(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	emit(p, BPF_ALU | BPF_MUL | BPF_K, 0x85ebca6bu);
	emit(p, BPF_LDX | BPF_MEM, 2);
	emit(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, 16);
	emit(p, BPF_RET | BPF_A, 0);
}

/* A = EtherType of what X points at. What comes in begins behind its link header and behind
 * the tag that was taken out, and the kernel knows its type. Of what this host sends, tags in
 * the packet are neither part of the network header nor told: Ethernet is read from its start. */
static void emit_begin(struct program *p)
{
	emit(p, BPF_LDX | BPF_IMM, 0);
	emit(p, BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	jump_if(p, BPF_JEQ, PACKET_OUTGOING, LABEL_SENT);
	jump(p, LABEL_TYPE);
	mark(p, LABEL_SENT);
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_HATYPE));
	jump_if(p, BPF_JEQ, ARPHRD_ETHER, LABEL_ETHERNET);
	jump_if(p, BPF_JEQ, ARPHRD_LOOPBACK, LABEL_ETHERNET);
	emit(p, BPF_LDX | BPF_IMM, (uint32_t)SKF_NET_OFF);
	jump(p, LABEL_TYPE);
	mark(p, LABEL_ETHERNET);
	emit(p, BPF_LDX | BPF_IMM, (uint32_t)(SKF_LL_OFF + ETH_HLEN));
	emit(p, BPF_LD | BPF_H | BPF_IND, (uint32_t)-2);
	jump(p, LABEL_TYPED);
	mark(p, LABEL_TYPE);
	emit(p, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	mark(p, LABEL_TYPED);
}

/* The return value modulo the number of sockets is the index of one; a load past the end of
 * the packet returns 0. */
static void write_program(struct program *p)
{
	*p = (struct program){0};
	emit_begin(p);
	emit_tags(p);
	emit_mpls(p);
	emit_pppoe(p);
	emit_fold(p, LABEL_IPV4, 12, 1);
	emit_fold(p, LABEL_IPV6, 8, 4);
	emit_mix(p);
	mark(p, LABEL_REST);
	emit(p, BPF_RET | BPF_K, 0);
	for (enum label l = LABEL_SENT; l < LABEL_COUNT; l++)
		resolve(p, 0, l);
}

static int load_program(int fd)
{
	struct program p;
	struct sock_fprog given;

	write_program(&p);
	given = (struct sock_fprog){.len = p.length, .filter = p.code};
	return setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &given, sizeof(given)) < 0 ? -errno
											 : 0;
}

static int join(int fd, unsigned argument)
{
	return setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &argument, sizeof(argument)) < 0 ? -errno
											  : 0;
}

/* The kernel finds a group number that nobody has; it is read back. */
static int found(int fd, unsigned mode, unsigned *group)
{
	int argument = 0, error = join(fd, (mode | PACKET_FANOUT_FLAG_UNIQUEID) << 16);
	socklen_t length = sizeof(argument);

	if (error)
		return error;
	if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &argument, &length) < 0)
		return -errno;
	*group = (unsigned)argument & 0xffff;
	return 0;
}

int fanout_join(const int *fd, size_t fds, enum fanout kind)
{
	unsigned mode = kind == FANOUT_PAIRS ? PACKET_FANOUT_CBPF
					     : PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG;
	unsigned group = 0;
	int error = found(fd[0], mode, &group);

	if (error == 0 && kind == FANOUT_PAIRS)
		error = load_program(fd[0]);
	for (size_t i = 1; i < fds && error == 0; i++)
		error = join(fd[i], group | mode << 16);
	return error;
}

int fanout_filter(int fd, int open)
{
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	struct sock_fprog program = {.len = 1, .filter = &nothing};
	int unused = 0, got;

	if (open)
		got = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	else
		got = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	return got < 0 ? -errno : 0;
}
