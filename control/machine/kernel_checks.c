#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine/examination.h"

#define RELEASE "proc/sys/kernel/osrelease"

/* PACKET_FANOUT_CBPF came with 4.3, TPACKET_V3 with 3.2. */
static void check_release(struct examination *x)
{
	char text[64];
	unsigned major = 0, minor = 0;
	int error = machine_text(&x->files, RELEASE, text, sizeof(text));

	if (error == 0 && sscanf(text, "%5u.%5u", &major, &minor) != 2)
		error = -EINVAL;
	if (error < 0) {
		tell_unread(x, "kernel", "", RELEASE, error);
		return;
	}
	if (major > 4 || (major == 4 && minor >= 3)) {
		tell(x, ADVICE_OK, "kernel", "", "%s: AF_PACKET v3, fanout by a program", text);
		return;
	}
	mend_with(x, "sudo apt-get install linux-image-amd64");
	tell(x, ADVICE_PROBLEM, "kernel", "", "%s: fanout by a program came with 4.3", text);
}

static void check_packet(struct examination *x)
{
	if (machine_has(&x->files, "proc/net/packet")) {
		tell(x, ADVICE_OK, "kernel", "", "packet sockets are there");
	} else if (!machine_has(&x->files, "proc/net")) {
		tell(x, ADVICE_UNKNOWN, "kernel", "", "proc/net: No such file or directory");
	} else {
		mend_with(x, "sudo modprobe af_packet");
		tell(x, ADVICE_PROBLEM, "kernel", "", "packet sockets are not there");
	}
}

static void check_jit(struct examination *x)
{
	static const char *const path = "proc/sys/net/core/bpf_jit_enable";
	uint64_t on;
	int error = machine_number(&x->files, path, &on);

	if (error < 0) {
		tell_unread(x, "kernel", "", path, error);
		return;
	}
	if (on) {
		tell(x, ADVICE_OK, "kernel", "", "filters and fanout run as machine code");
		return;
	}
	mend_with(x, "sudo sysctl -w net.core.bpf_jit_enable=1");
	tell(x, ADVICE_WARNING, "kernel", "",
		"filters and fanout are interpreted: each packet costs more");
}

static void check_landlock(struct examination *x)
{
	char text[256];
	int error = machine_text(&x->files, "sys/kernel/security/lsm", text, sizeof(text));

	if (error < 0) {
		tell_unread(x, "kernel", "", "sys/kernel/security/lsm", error);
		return;
	}
	if (strstr(text, "landlock")) {
		tell(x, ADVICE_OK, "kernel", "", "Landlock confines the sensor to its files");
		return;
	}
	if (!text[strspn(text, "abcdefghijklmnopqrstuvwxyz_,")]) /* it goes into a shell's line */
		mend_with(x,
			"sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&lsm=landlock,%s /' "
			"/etc/default/grub && sudo update-grub && sudo reboot",
			text);
	tell(x, ADVICE_WARNING, "kernel", "",
		"Landlock is off: the sensor is not confined to its files");
}

void check_kernel(struct examination *x)
{
	check_release(x);
	check_packet(x);
	check_jit(x);
	check_landlock(x);
}
