#include "base/markup.h"
#include "report/report_findings.h"
#include "report/report_model.h"
#include "report/report_page.h"

#define NAME_SHOWN 80

static const char *severity_word(unsigned severity)
{
	static const char *const word[] = {"NONE", "LOW", "MED", "HIGH"};

	return word[severity & 3];
}

static void put_detail(struct buffer *b, const char *term, const char *text)
{
	if (report_has(text))
		markup_print(b, "<div><dt>%s</dt><dd><bdi>%s</bdi></dd></div>\n", term, text);
}

static void put_name(struct buffer *b, const char *before, const char *name)
{
	markup_print(b, "%s<bdi>", before);
	markup_text_short(b, name, NAME_SHOWN);
	buffer_puts(b, "</bdi>");
}

static void put_who(struct buffer *b, const struct report_finding *f)
{
	bool is_inbound = report_has(f->direction) && f->direction[0] == 'i';

	buffer_puts(b, "<span class=\"who\">");
	put_name(b, "", report_or(f->appliance, "unknown appliance"));
	put_name(b, " ", f->direction);
	put_name(b, " ", f->port);
	if (report_has(f->peer))
		put_name(b, is_inbound ? " from " : " to ", f->peer);
	buffer_puts(b, "</span>");
}

/* What it is and why, whether or not the rest is open. */
static void put_summary(struct buffer *b, const struct report_finding *f)
{
	markup_print(b, "<summary><span class=\"sev\">%s</span> ", severity_word(f->severity));
	put_who(b, f);
	buffer_puts(b, " <span class=\"when\">");
	report_span(b, f->first_ns, f->last_ns);
	markup_print(b, "</span> <span class=\"what\"><i>%s", report_or(f->verdict, "finding"));
	if (report_has(f->connection))
		markup_print(b, ", %s", f->connection);
	if (f->is_settled)
		markup_print(b, ", %s", report_or(f->state, "settled"));
	markup_print(b, "%s</i> <bdi>%s</bdi></span></summary>\n", report_has(f->why) ? "." : "",
		report_or(f->why, ""));
}

static void put_amount(struct buffer *b, const struct report_finding *f)
{
	buffer_puts(b, "<div><dt>How much</dt><dd>");
	report_count(b, f->flows, "flow", "flows");
	buffer_puts(b, ", ");
	report_count(b, f->packets, "packet", "packets");
	buffer_puts(b, ", ");
	report_bytes(b, f->bytes);
	if (f->last_ns > f->first_ns + 1000000000) {
		buffer_puts(b, " within ");
		report_duration(b, f->last_ns - f->first_ns);
	}
	buffer_puts(b, "</dd></div>\n");
}

static void put_evidence(struct buffer *b, const struct report_finding *f)
{
	if (report_has(f->evidence))
		put_detail(b, "Packets", f->evidence);
	else
		markup_print(b, "<div><dt>Packets</dt><dd>none kept%s<bdi>%s</bdi></dd></div>\n",
			report_has(f->no_evidence) ? ": " : "", report_or(f->no_evidence, ""));
}

void report_finding_write(struct buffer *b, const struct report_finding *f, size_t number)
{
	bool is_open = f->severity == 3 && !f->is_settled;

	markup_print(b, "<li id=\"f%u\" class=\"s%u%s\"><details%s>\n", (unsigned)number,
		f->severity & 3, f->is_settled ? " settled" : "", is_open ? " open" : "");
	put_summary(b, f);
	buffer_puts(b, "<dl class=\"facts\">\n");
	put_detail(b, "Nearest rule", f->nearest);
	put_amount(b, f);
	put_evidence(b, f);
	if (report_has(f->documents))
		markup_print(b, "<div><dt>Would document it</dt><dd><code>%s</code></dd></div>\n",
			f->documents);
	put_detail(b, "Note", f->note);
	put_detail(b, "State", f->is_settled ? NULL : f->state);
	if (report_has(f->id))
		markup_print(b, "<div><dt>Id</dt><dd><code>%s</code></dd></div>\n", f->id);
	buffer_puts(b, "</dl>\n</details></li>\n");
}
