#include "machine/examination.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/plain_text.h"
#include "machine/machine_ports.h"

#define STATE_NAME(name, text) text,

const char *advice_state_name(enum advice_state state)
{
	static const char *const names[] = {ADVICE_STATE_LIST(STATE_NAME)};

	return names[state];
}

void mend_with(struct examination *x, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(x->command, sizeof(x->command), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(x->command))
		x->command[0] = '\0'; /* half a command is worse than none */
	plain_text(x->command);
}

void tell(struct examination *x, enum advice_state state, const char *check, const char *subject,
	const char *format, ...)
{
	char found[ADVICE_FOUND_BYTES], name[MACHINE_NAME_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(found, sizeof(found), format, args);
	va_end(args);
	snprintf(name, sizeof(name), "%s", subject);
	x->told[state]++;
	x->tell(x->context, &(struct advice){.state = state,
				    .check = check,
				    .subject = plain_text(name),
				    .found = plain_text(found),
				    .command = x->command});
	x->command[0] = '\0';
}

void tell_unread(
	struct examination *x, const char *check, const char *subject, const char *what, int error)
{
	const char *why = error == -EINVAL || error == -ERANGE ? "it says something else"
			  : error == -EFBIG		       ? "it is too long"
							       : strerror(-error);

	tell(x, ADVICE_UNKNOWN, check, subject, "%s: %s", what, why);
}

const char *shell_word(const char *name, char word[QUOTED_BYTES])
{
	char *at = word;

	if (*name && name[0] != '-' &&
		!name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._-:@+/")]) {
		snprintf(word, QUOTED_BYTES, "%s", name);
		return word;
	}
	*at++ = '\'';
	for (size_t i = 0; name[i] && i < MACHINE_NAME_BYTES; i++) {
		const char *piece = name[i] == '\'' ? "'\\''" : (const char[]){name[i], '\0'};
		size_t length = strlen(piece);

		memcpy(at, piece, length);
		at += length;
	}
	memcpy(at, "'", 2);
	return word;
}

bool booted_with(const struct examination *x, const char *word)
{
	char line[MACHINE_TEXT_BYTES];

	machine_text(&x->files, "proc/cmdline", line, sizeof(line));
	for (const char *at = line; (at = strstr(at, word)); at++)
		if (at == line || isspace((unsigned char)at[-1]))
			return true;
	return false;
}

/* The first processor's flags are near the beginning. */
bool is_guest(const struct examination *x)
{
	char text[MACHINE_TEXT_BYTES];

	machine_text(&x->files, "proc/cpuinfo", text, sizeof(text));
	return strstr(text, " hypervisor") != NULL;
}

static void read_lcores(struct examination *x)
{
	if (!x->lcores || !*x->lcores)
		return;
	if (cpu_set_parse(x->lcores, &x->cores) == 0)
		x->has_cores = true;
	else
		tell(x, ADVICE_UNKNOWN, "cores", "", "lcores %s: a form that only DPDK reads",
			x->lcores);
}

#define CHECK_FUNCTION(name) check_##name,

int examination_run(struct examination *x, const char *root)
{
	static void (*const check[])(struct examination *) = {CHECK_LIST(CHECK_FUNCTION)};
	int error = machine_files_open(&x->files, root);

	if (error < 0)
		return error;
	read_lcores(x);
	machine_ports_find(x);
	for (size_t i = 0; i < sizeof(check) / sizeof(check[0]); i++)
		check[i](x);
	machine_files_close(&x->files);
	return 0;
}
