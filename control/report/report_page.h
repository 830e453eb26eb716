/* What the sections of a report have in common: headings, tables that scroll by themselves, times
 * and figures. All at the end of a buffer. */
#ifndef PORTOLAN_REPORT_PAGE_H
#define PORTOLAN_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "svg/time_axis.h"

struct report_model;

/* All pictures with an axis of time have the same, so that what is above each other is at the same
 * time. */
#define REPORT_PICTURE_WIDTH 1000.0
#define REPORT_GUTTER 200.0

static inline bool report_has(const char *text)
{
	return text && *text;
}

static inline const char *report_or(const char *text, const char *otherwise)
{
	return report_has(text) ? text : otherwise;
}

struct time_axis report_axis(const struct report_model *);

void report_section_open(struct buffer *, const char *id, const char *heading);
void report_section_close(struct buffer *);

/* What is wider than a telephone scrolls in a region of its own, by keyboard too; `label` is its
 * name. */
void report_scroll_open(struct buffer *, const char *label);
void report_scroll_close(struct buffer *);

/* A table's beginning, up to its first heading cell; `caption` is its name. */
void report_table_open(struct buffer *, const char *class, const char *caption);
/* A heading cell of the first row, of a column of numbers or of texts. */
void report_table_column(struct buffer *, const char *word, bool is_number);

/* "2026-01-05 06:00:00", marked up as a time; 0: "never". */
void report_time(struct buffer *, uint64_t time_ns);

/* "2026-01-05 06:00:00 to 09:45:00": the second date only if it is another. */
void report_span(struct buffer *, uint64_t from_ns, uint64_t until_ns);

/* "3 d 4 h", "12 s": the two largest units. */
void report_duration(struct buffer *, uint64_t ns);

/* "1.2 MB" */
void report_bytes(struct buffer *, uint64_t bytes);

/* "1 flow", "1,234 flows" */
void report_count(struct buffer *, uint64_t, const char *one, const char *many);

/* "99.2 %": neither 0 nor 100 where it is not. */
void report_share(struct buffer *, double share);

#endif
