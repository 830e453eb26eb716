#include "store/notes.h"

#include <stdio.h>
#include <string.h>

#include "store/segment_list.h"
#include "store/store_schema.h"

static int write_row(struct database *d, const struct note *n)
{
	struct sqlite3_stmt *s = NULL;
	int error = database_prepare(d, &s,
		n->text ? "INSERT INTO note(finding, at_ns, author, text) VALUES(?1, ?2, ?3, ?4)"
			: "INSERT OR REPLACE INTO acknowledgement VALUES(?1, ?2, ?3)");

	if (error < 0)
		return error;
	bind_text(s, 1, n->finding);
	bind_number(s, 2, (int64_t)n->at_ns);
	bind_text(s, 3, n->author);
	if (n->text)
		bind_text(s, 4, n->text);
	error = database_step(d, s);
	database_finalize(&s);
	return error;
}

int note_write(const char *folder, const struct note *n, char why[DATABASE_WHY_BYTES])
{
	char path[SEGMENT_PATH_BYTES];
	struct database d;
	int error;

	state_path(folder, path);
	error = database_open(&d, path, DATABASE_EXTEND, &state_kind);
	if (error == 0)
		error = write_row(&d, n);
	snprintf(
		why, DATABASE_WHY_BYTES, "%s", d.why[0] ? d.why : strerror(error < 0 ? -error : 0));
	if (d.connection)
		database_close(&d);
	return error;
}
