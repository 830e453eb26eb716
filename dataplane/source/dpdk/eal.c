#include "source/dpdk/eal.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#define HUGEPAGES "/sys/kernel/mm/hugepages"
#define ARGUMENTS_MAX 256

static char errors[256];

struct arguments {
	const char *value[ARGUMENTS_MAX + 1]; /* NULL after the last */
	int count;
	char lcore[32], megabytes[32];
};

/* A site with more of them than fit has made a mistake that DPDK will name. */
static void add(struct arguments *a, const char *value)
{
	if (a->count < ARGUMENTS_MAX)
		a->value[a->count++] = value;
}

/* Whether the site's own arguments begin one of ours. */
static int has(const struct source_dpdk_config *c, const char *option)
{
	size_t length = strlen(option);

	for (size_t i = 0; i < c->eals; i++)
		if (strncmp(c->eal[i], option, length) == 0 &&
			(c->eal[i][length] == '\0' || c->eal[i][length] == '='))
			return 1;
	return 0;
}

/* Devices of a real bus have an address, virtual ones a name. */
static int is_virtual(const char *device)
{
	return strncmp(device, "net_", 4) == 0 || strncmp(device, "eth_", 4) == 0;
}

static void add_devices(struct arguments *a, const struct source_dpdk_config *c)
{
	int addresses = 0;

	for (size_t i = 0; i < c->devices; i++) {
		add(a, is_virtual(c->device[i]) ? "--vdev" : "-a");
		add(a, c->device[i]);
		addresses += !is_virtual(c->device[i]);
	}
	if (addresses == 0 && !has(c, "-a") && !has(c, "--allow") && !has(c, "--no-pci"))
		add(a, "--no-pci");
}

/* Our threads are our own; the EAL gets one CPU for its main one, which is moved back later. */
static void add_lcore(struct arguments *a, const struct source_dpdk_config *c)
{
	cpu_set_t allowed;
	int cpu = 0;

	if (has(c, "-l") || has(c, "-c") || has(c, "--lcores"))
		return;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
		while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &allowed))
			cpu++;
	snprintf(a->lcore, sizeof(a->lcore), "0@%d", cpu);
	add(a, "--lcores");
	add(a, a->lcore);
}

/* In memory: no files in hugetlbfs, so a process that is killed leaves nothing pinned, and no
 * mount point is needed. Without hugepages that is so anyway, and the option refused. */
static void add_memory(
	struct arguments *a, const struct source_dpdk_config *c, uint64_t need, int huge)
{
	if (has(c, "--huge-dir") || has(c, "--file-prefix") || has(c, "--proc-type"))
		return;
	add(a, huge ? "--in-memory" : "--no-shconf");
	if (huge)
		return;
	snprintf(a->megabytes, sizeof(a->megabytes), "%llu", (unsigned long long)(need >> 20));
	add(a, "--no-huge");
	add(a, "-m");
	add(a, a->megabytes);
}

static void fill(struct arguments *a, const struct source_dpdk_config *c, uint64_t need, int huge)
{
	add(a, "portolan");
	add(a, "--log-level=lib.telemetry:error"); /* it misses what it no longer wants */
	add_lcore(a, c);
	add_memory(a, c, need, huge);
	add_devices(a, c);
	for (size_t i = 0; i < c->eals; i++)
		add(a, c->eal[i]);
}

static uint64_t read_number(const char *folder, const char *name)
{
	char path[512], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), HUGEPAGES "/%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strtoull(text, NULL, 10);
}

static uint64_t free_hugepage_bytes(void)
{
	DIR *sizes = opendir(HUGEPAGES);
	struct dirent *entry;
	uint64_t bytes = 0;

	while (sizes && (entry = readdir(sizes)))
		if (strncmp(entry->d_name, "hugepages-", 10) == 0) /* hugepages-2048kB */
			bytes += read_number(entry->d_name, "free_hugepages") *
				 (strtoull(entry->d_name + 10, NULL, 10) << 10);
	if (sizes)
		closedir(sizes);
	return bytes;
}

/* What DPDK says goes to standard error in our form; the first error is kept, since its
 * functions return no more than a number, and what follows are consequences. */
static ssize_t write_log(void *cookie, const char *text, size_t length)
{
	size_t n = length < sizeof(errors) ? length : sizeof(errors) - 1;

	(void)cookie;
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	if (n == 0 || rte_log_cur_msg_loglevel() > (int)RTE_LOG_WARNING)
		return (ssize_t)length;
	fprintf(stderr, "portolan: DPDK: %.*s\n", (int)n, text);
	if (rte_log_cur_msg_loglevel() <= (int)RTE_LOG_ERR && !errors[0]) {
		memcpy(errors, text, n);
		errors[n] = '\0';
	}
	return (ssize_t)length;
}

static void open_log(void)
{
	static FILE *log;

	if (log)
		return;
	log = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_log});
	if (!log)
		return;
	setvbuf(log, NULL, _IOLBF, BUFSIZ);
	rte_openlog_stream(log);
}

const char *dpdk_eal_error(void)
{
	return errors;
}

void dpdk_eal_clear_error(void)
{
	errors[0] = '\0';
}

static int init(const struct arguments *a)
{
	char *given[ARGUMENTS_MAX + 1] = {0};
	cpu_set_t allowed;
	int known = pthread_getaffinity_np(pthread_self(), sizeof(allowed), &allowed) == 0;
	int got;

	/* It permutes them, and leaves what they point at alone. */
	for (int i = 0; i < a->count; i++)
		given[i] = (char *)a->value[i];
	got = rte_eal_init(a->count, given);
	if (known)
		pthread_setaffinity_np(pthread_self(), sizeof(allowed), &allowed);
	return got < 0 ? -(rte_errno ? rte_errno : EIO) : 0;
}

int dpdk_eal_start(const struct source_dpdk_config *c, const struct dpdk_need *need,
	const char **remark, char error[SOURCE_ERROR_BYTES])
{
	struct arguments a = {0};
	int huge = free_hugepage_bytes() >= need->huge_bytes && !has(c, "--no-huge"), status;

	open_log();
	dpdk_eal_clear_error();
	fill(&a, c, need->small_bytes, huge);
	status = init(&a);
	if (status < 0)
		snprintf(error, SOURCE_ERROR_BYTES, "DPDK: does not start: %s",
			errors[0] ? errors : rte_strerror(-status));
	if (!huge)
		*remark = "no free hugepages, so DPDK runs without: packet buffers in small pages "
			  "cost a third to a half of the peak rate, and NICs need an IOMMU; see "
			  "/proc/sys/vm/nr_hugepages";
	return status;
}

void dpdk_eal_stop(void)
{
	rte_eal_cleanup();
}
