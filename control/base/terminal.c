#include "base/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fold.h"
#include "base/format.h"

#define REFRESH_NS 100000000ull
#define BAR_WIDTH 30

bool terminal_wants_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no && no[0] != '\0')
		return false;
	if (term && term[0] == 'd' && term[1] == 'u') /* TERM=dumb */
		return false;
	return isatty(fileno(f)) == 1;
}

struct terminal_style terminal_style_of(bool colour)
{
	if (!colour)
		return (struct terminal_style){"", "", "", "", "", ""};
	return (struct terminal_style){
		.grave = "\033[1;31m",
		.warn = "\033[33m",
		.good = "\033[32m",
		.bold = "\033[1m",
		.dim = "\033[2m",
		.plain = "\033[0m",
	};
}

int terminal_columns(FILE *f)
{
	enum { LEAST = 60, USUAL = 100, MOST = 1000 };
	const char *told = getenv("COLUMNS");
	long columns = told ? strtol(told, NULL, 10) : 0;
	struct winsize size;

	if (columns <= 0 && ioctl(fileno(f), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns <= 0)
		columns = USUAL;
	return (int)(columns < LEAST ? LEAST : columns > MOST ? MOST : columns);
}

int stream_flush(FILE *f)
{
	int failed = ferror(f);

	errno = 0;
	if (fflush(f) == EOF)
		return errno ? -errno : -EIO;
	if (!failed)
		return 0;
	/* stdio keeps that a write failed, not why: write again to learn the errno */
	clearerr(f);
	if (putc('\n', f) == EOF || fflush(f) == EOF)
		return errno ? -errno : -EIO;
	return -EIO;
}

void progress_init(struct progress *p)
{
	bool has_utf8 = fold_has_utf8();

	*p = (struct progress){.shown = isatty(STDERR_FILENO) == 1,
		.full = has_utf8 ? "█" : "#",
		.empty = has_utf8 ? "░" : "."};
	p->next_ns = clock_steady_ns() + REFRESH_NS;
}

void progress_show(struct progress *p, uint64_t done, uint64_t total, uint64_t packets)
{
	char count[32];
	uint64_t now;
	int full;

	if (!p->shown)
		return;
	now = clock_steady_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + REFRESH_NS;
	format_number(packets, count);
	if (total == 0) {
		fprintf(stderr, "\r\033[K%s packets", count);
		return;
	}
	if (done > total)
		done = total;
	full = (int)((double)done / (double)total * BAR_WIDTH);
	fputs("\r\033[K[", stderr);
	for (int i = 0; i < BAR_WIDTH; i++)
		fputs(i < full ? p->full : p->empty, stderr);
	fprintf(stderr, "] %3d %%  %s packets", (int)((double)done / (double)total * 100), count);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}
