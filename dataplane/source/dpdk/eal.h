/* DPDK's environment: its arguments, its memory, its log. One a process, and only once. */
#ifndef PORTOLAN_EAL_H
#define PORTOLAN_EAL_H

#include <stdint.h>

#include "source_dpdk.h"

/* How much memory packet buffers take. */
struct dpdk_need {
	uint64_t huge_bytes;  /* in hugepages */
	uint64_t small_bytes; /* in pages of 4 KiB */
};

/* Starts it with hugepages if enough are free, else without; *remark then says so, and stays. 0 or
 * a negative errno with the reason in `error`. */
int dpdk_eal_start(const struct source_dpdk_config *, const struct dpdk_need *, const char **remark,
	char error[SOURCE_ERROR_BYTES]);

/* Gives hugepages and devices back. */
void dpdk_eal_stop(void);

/* DPDK's first error since it was forgotten, or "". */
const char *dpdk_eal_error(void);
void dpdk_eal_clear_error(void);

#endif
