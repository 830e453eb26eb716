#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine/examination.h"

#define CPUS "sys/devices/system/cpu"
#define CPU_LIST_BYTES 1024

/* 0 or a negative errno. */
static int read_set(const struct examination *x, const char *path, struct cpu_set *set)
{
	char text[CPU_LIST_BYTES];
	int error = machine_text(&x->files, path, text, sizeof(text));

	if (error == 0 && strcmp(text, "(null)") == 0) /* nohz_full, where there are none */
		text[0] = '\0';
	return error < 0 ? error : cpu_set_parse(text, set);
}

static void check_online(struct examination *x)
{
	struct cpu_set online, missing;
	char list[CPU_SET_TEXT_BYTES];
	int error = read_set(x, CPUS "/online", &online);

	if (error < 0) {
		tell_unread(x, "cores", "", CPUS "/online", error);
		return;
	}
	missing = cpu_set_without(&x->cores, &online);
	if (x->has_cores && cpu_set_count(&missing) > 0) {
		mend_with(x, "lscpu --extended");
		tell(x, ADVICE_PROBLEM, "cores", "", "lcores %s are not there, or off",
			cpu_set_text(&missing, list));
		return;
	}
	tell(x, ADVICE_OK, "cores", "", "%u%s%s", cpu_set_count(&online),
		x->has_cores ? "; lcores " : "", x->has_cores ? x->lcores : "");
}

/* Two workers on one core have half a core each. */
static void check_siblings(struct examination *x)
{
	char path[MACHINE_PATH_BYTES], list[CPU_SET_TEXT_BYTES];

	for (unsigned cpu = 0; x->has_cores && cpu < CPU_SET_MAX; cpu++) {
		struct cpu_set siblings = {0}, both;

		if (!cpu_set_has(&x->cores, cpu))
			continue;
		machine_path(path, CPUS "/cpu%u/topology/thread_siblings_list", cpu);
		if (read_set(x, path, &siblings) < 0)
			continue;
		both = cpu_set_common(&x->cores, &siblings);
		if (cpu_set_count(&both) < 2)
			continue;
		mend_with(x, "lscpu --extended");
		tell(x, ADVICE_WARNING, "cores", "",
			"lcores %s share a core: one of them is enough", cpu_set_text(&both, list));
		return;
	}
}

static void tell_not_kept_free(struct examination *x, const char *what, const struct cpu_set *cores)
{
	char all[CPU_SET_TEXT_BYTES], list[CPU_SET_TEXT_BYTES];

	cpu_set_text(&x->cores, all);
	mend_with(x,
		"sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&isolcpus=%s nohz_full=%s rcu_nocbs=%s /' "
		"/etc/default/grub && sudo update-grub && sudo reboot",
		all, all, all);
	tell(x, ADVICE_WARNING, what, "", "lcores %s are not kept free of %s",
		cpu_set_text(cores, list),
		strcmp(what, "isolcpus") == 0 ? "other programs" : "the timer's interrupts");
}

static void check_kept_free(struct examination *x, const char *what, const char *path)
{
	struct cpu_set set, missing;
	char list[CPU_SET_TEXT_BYTES];
	int error = read_set(x, path, &set);

	if (error < 0) {
		tell_unread(x, what, "", path, error);
		return;
	}
	missing = cpu_set_without(&x->cores, &set);
	if (x->has_cores && cpu_set_count(&missing) > 0)
		tell_not_kept_free(x, what, &missing);
	else if (cpu_set_count(&set) > 0)
		tell(x, ADVICE_OK, what, "", "%s", cpu_set_text(&set, list));
	else if (x->wants_dpdk)
		tell(x, ADVICE_UNKNOWN, what, "", "none; --site says which cores DPDK polls on");
	else
		tell(x, ADVICE_OK, what, "", "none; only DPDK's polling wants cores for itself");
}

static void check_governor(struct examination *x)
{
	struct machine_names cpus;
	char path[MACHINE_PATH_BYTES], text[32], found[32] = "";
	int error = machine_names(&x->files, CPUS, "cpu", &cpus);
	unsigned known = 0, slow = 0;

	for (size_t i = 0; error == 0 && i < cpus.count; i++) {
		machine_path(path, CPUS "/%s/cpufreq/scaling_governor", cpus.name[i]);
		if (machine_text(&x->files, path, text, sizeof(text)) < 0)
			continue;
		known++;
		if (strcmp(text, "performance") == 0)
			continue;
		slow++;
		memcpy(found, text, sizeof(found));
	}
	if (error < 0) {
		tell_unread(x, "governor", "", CPUS, error);
	} else if (known == 0) {
		tell(x, ADVICE_UNKNOWN, "governor", "",
			"no cpufreq: the firmware, or a guest's host, sets the clock");
	} else if (slow == 0) {
		tell(x, ADVICE_OK, "governor", "", "performance");
	} else {
		mend_with(x, "echo performance | sudo tee /" CPUS "/cpu*/cpufreq/scaling_governor");
		tell(x, ADVICE_WARNING, "governor", "",
			"%s on %u of %u cores: they are slow when a burst comes", found, slow,
			known);
	}
}

/* --- NUMA ------------------------------------------------------------------------------ */

static void judge_node(struct examination *x, const struct machine_port *p)
{
	char path[MACHINE_PATH_BYTES], list[CPU_SET_TEXT_BYTES], word[QUOTED_BYTES];
	struct cpu_set near, far;
	int error;

	machine_path(path, "sys/devices/system/node/node%d/cpulist", p->node);
	error = read_set(x, path, &near);
	if (error < 0) {
		tell_unread(x, "numa", p->name, path, error);
		return;
	}
	far = cpu_set_without(&x->cores, &near);
	cpu_set_text(&near, list);
	if (!x->has_cores || cpu_set_count(&far) == 0) {
		tell(x, ADVICE_OK, "numa", p->name, "node %d, cores %s", p->node, list);
		return;
	}
	if (x->site)
		mend_with(x, "sudoedit %s", shell_word(x->site, word));
	tell(x, ADVICE_WARNING, "numa", p->name,
		"node %d, whose cores are %s; the site's lcores are %s: every packet crosses nodes",
		p->node, list, x->lcores);
}

static void check_nodes(struct examination *x)
{
	struct machine_names nodes;
	int error = machine_names(&x->files, "sys/devices/system/node", "node", &nodes);

	for (size_t i = 0; i < x->ports; i++) {
		const struct machine_port *p = &x->port[i];

		if (!p->is_there || !p->folder[0])
			continue;
		if (error < 0)
			tell_unread(x, "numa", p->name, "sys/devices/system/node", error);
		else if (nodes.count < 2)
			tell(x, ADVICE_OK, "numa", p->name, "the machine has one node");
		else if (p->node < 0)
			tell(x, ADVICE_UNKNOWN, "numa", p->name,
				"the firmware does not say which node it is at");
		else
			judge_node(x, p);
	}
}

void check_cores(struct examination *x)
{
	check_nodes(x);
	check_online(x);
	check_siblings(x);
	check_kept_free(x, "isolcpus", CPUS "/isolated");
	check_kept_free(x, "nohz_full", CPUS "/nohz_full");
	check_governor(x);
}
