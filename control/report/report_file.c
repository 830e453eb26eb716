#include "report/report_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/leftovers.h"
#include "report/store_report.h"
#include "store/store_reader.h"

int report_file_open(struct report_file *f, const char *path, const char *store)
{
	const char *place = getenv("TMPDIR");
	int error;

	*f = (struct report_file){.folder = ""};
	error = json_lines_open(&f->page, path, JSON_LINES_REPLACE);
	if (error < 0 || store)
		return error;
	snprintf(f->folder, sizeof(f->folder), "%.40s/portolan-XXXXXX", place ? place : "/tmp");
	if (mkdtemp(f->folder)) {
		leftovers_add(f->folder);
		return 0;
	}
	error = -errno;
	f->folder[0] = '\0';
	report_file_close(f);
	return error;
}

/* Line by line, as the file takes them. */
static int write_page(struct json_lines *l, const struct buffer *page)
{
	size_t at = 0;

	while (at < page->length) {
		const char *end = memchr(page->text + at, '\n', page->length - at);
		size_t bytes = end ? (size_t)(end - page->text) - at : page->length - at;
		json_lines_write(l, page->text + at, bytes);
		at += bytes + 1;
	}
	return json_lines_close(l);
}

int report_file_write(struct report_file *f, const char *store)
{
	struct store_filter window = {.since_ns = 0};
	struct buffer page = {.length = 0};
	struct store_reader r;
	int error = store_reader_open(&r, store ? store : f->folder, 0);

	if (error < 0)
		return error;
	window.since_ns = r.first_ns;
	window.until_ns = r.now_ns;
	error = store_report_write(&page, &r, &window);
	store_reader_close(&r);
	if (error == 0)
		error = write_page(&f->page, &page);
	buffer_fini(&page);
	return error;
}

void report_file_close(struct report_file *f)
{
	json_lines_discard(&f->page);
	if (f->folder[0]) {
		leftover_remove(f->folder);
		leftovers_drop(f->folder);
	}
	f->folder[0] = '\0';
}
