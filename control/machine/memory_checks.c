#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "machine/examination.h"

/* A port's buffers at the defaults, and what the EAL takes for itself. */
#define WANTED_BYTES (1ull << 30)

#define MACHINE_POOLS "sys/kernel/mm/hugepages"
#define NODES "sys/devices/system/node"

struct pool {
	uint64_t pages, bytes, free_bytes;
	int error;
};

static uint64_t page_bytes(const char *name)
{
	unsigned kib = 0;

	return sscanf(name, "hugepages-%7ukB", &kib) == 1 ? (uint64_t)kib << 10 : 0;
}

/* All sizes of a folder of pools. */
static struct pool read_pool(const struct examination *x, const char *folder)
{
	struct machine_names names;
	struct pool pool = {.error = machine_names(&x->files, folder, "hugepages-", &names)};
	char path[MACHINE_PATH_BYTES];

	for (size_t i = 0; pool.error == 0 && i < names.count; i++) {
		uint64_t bytes = page_bytes(names.name[i]), all = 0, unused = 0;

		machine_path(path, "%s/%s/nr_hugepages", folder, names.name[i]);
		pool.error = machine_number(&x->files, path, &all);
		machine_path(path, "%s/%s/free_hugepages", folder, names.name[i]);
		if (pool.error == 0)
			pool.error = machine_number(&x->files, path, &unused);
		if (pool.error < 0)
			break;
		pool.pages += all;
		pool.bytes += all * bytes;
		pool.free_bytes += unused * bytes;
	}
	return pool;
}

/* Whether a port of DPDK's is on this node, or on one that is not known. */
static bool is_wanted(const struct examination *x, int node)
{
	bool wanted = x->ports == 0;

	for (size_t i = 0; i < x->ports; i++)
		if (x->port[i].for_dpdk)
			wanted |= node < 0 || x->port[i].node < 0 || x->port[i].node == node;
	return x->wants_dpdk && wanted;
}

static void mend_pool(struct examination *x, const char *folder, const struct pool *pool)
{
	char path[MACHINE_PATH_BYTES];
	uint64_t pages = 0;

	machine_path(path, "%s/hugepages-2048kB/nr_hugepages", folder);
	if (machine_number(&x->files, path, &pages) == 0)
		mend_with(x, "echo %llu | sudo tee /%s",
			(unsigned long long)(pages +
					     (WANTED_BYTES - pool->free_bytes + (2u << 20) - 1) /
						     (2u << 20)),
			path);
}

static void judge_pool(struct examination *x, const char *folder, const char *subject, int node)
{
	struct pool pool = read_pool(x, folder);
	char all[32], unused[32];

	if (pool.error < 0) {
		tell_unread(x, "hugepages", subject, folder, pool.error);
		return;
	}
	snprintf(all, sizeof(all), "none");
	if (pool.pages)
		format_bytes(pool.bytes, all);
	format_bytes(pool.free_bytes, unused);
	if (pool.free_bytes >= WANTED_BYTES || !is_wanted(x, node)) {
		tell(x, ADVICE_OK, "hugepages", subject, "%s%s%s", all,
			pool.pages ? ", free: " : "; only DPDK needs them",
			pool.pages ? unused : "");
		return;
	}
	mend_pool(x, folder, &pool);
	tell(x, pool.free_bytes ? ADVICE_WARNING : ADVICE_PROBLEM, "hugepages", subject,
		"%s%s%s: DPDK's buffers want about 1 GB for each port", all,
		pool.pages ? ", free: " : "", pool.pages ? unused : "");
}

static void check_transparent(struct examination *x)
{
	static const char *const path = "sys/kernel/mm/transparent_hugepage/enabled";
	char text[128];
	int error = machine_text(&x->files, path, text, sizeof(text));

	if (error < 0) {
		tell_unread(x, "hugepages", "", path, error);
		return;
	}
	if (!strstr(text, "[never]")) {
		tell(x, ADVICE_OK, "hugepages", "", "the flow table may have transparent ones");
		return;
	}
	mend_with(x, "echo madvise | sudo tee /%s", path);
	tell(x, ADVICE_WARNING, "hugepages", "",
		"transparent ones are forbidden: looking up flows is slower");
}

void check_hugepages(struct examination *x)
{
	struct machine_names nodes;
	char path[MACHINE_PATH_BYTES];

	if (machine_names(&x->files, NODES, "node", &nodes) < 0 || nodes.count == 0)
		judge_pool(x, MACHINE_POOLS, "", -1);
	else
		for (size_t i = 0; i < nodes.count; i++) {
			int node, end = 0;

			if (sscanf(nodes.name[i], "node%4d%n", &node, &end) != 1 ||
				nodes.name[i][end])
				continue;
			machine_path(path, NODES "/node%d/hugepages", node);
			judge_pool(x, path, nodes.name[i], node);
		}
	check_transparent(x);
}
