#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "machine/examination.h"

#define CLOCK "sys/devices/system/clocksource/clocksource0/"

/* Those whose reading needs no system call, or is as quick. */
static bool is_quick(const char *source)
{
	static const char *const quick[] = {
		"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "xen"};

	for (size_t i = 0; i < sizeof(quick) / sizeof(quick[0]); i++)
		if (strcmp(source, quick[i]) == 0)
			return true;
	return false;
}

static void check_source(struct examination *x)
{
	char source[64], available[256];
	int error = machine_text(&x->files, CLOCK "current_clocksource", source, sizeof(source));

	if (error < 0) {
		tell_unread(x, "clock", "", CLOCK "current_clocksource", error);
		return;
	}
	if (is_quick(source)) {
		tell(x, ADVICE_OK, "clock", "", "%s", source);
		return;
	}
	machine_text(&x->files, CLOCK "available_clocksource", available, sizeof(available));
	if (strstr(available, "tsc"))
		mend_with(x, "echo tsc | sudo tee /" CLOCK "current_clocksource");
	else
		mend_with(x, "sudo dmesg | grep -i -e tsc -e clocksource");
	tell(x, ADVICE_WARNING, "clock", "", "%s: every reading of the time is slow%s", source,
		strstr(available, "tsc") ? "" : "; the kernel's log says why tsc is not used");
}

/* adjtimex(2), or what `timedatectl show` printed, in the recorded tree's file of that name. 1: the
 * clock is synchronised; 0: not; or a negative errno. */
static int is_synchronised(const struct examination *x)
{
	struct timex clock = {.modes = 0};
	char text[1024];
	int state;

	if (x->files.is_live) {
		state = adjtimex(&clock);
		return state < 0 ? -errno : state != TIME_ERROR && !(clock.status & STA_UNSYNC);
	}
	state = machine_text(&x->files, "timedatectl", text, sizeof(text));
	if (state < 0)
		return state;
	if (strstr(text, "NTPSynchronized=yes"))
		return 1;
	return strstr(text, "NTPSynchronized=no") ? 0 : -EINVAL;
}

void check_clock(struct examination *x)
{
	int state;

	check_source(x);
	state = is_synchronised(x);
	if (state < 0) {
		tell_unread(x, "clock", "", x->files.is_live ? "adjtimex" : "timedatectl", state);
	} else if (state) {
		tell(x, ADVICE_OK, "clock", "", "synchronised");
	} else {
		mend_with(x, "sudo timedatectl set-ntp true");
		tell(x, ADVICE_WARNING, "clock", "",
			"not synchronised: times of records fit no other log");
	}
}
