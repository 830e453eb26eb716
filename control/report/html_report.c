#include "report/html_report.h"

#include "base/markup.h"
#include "report/report_channels.h"
#include "report/report_findings.h"
#include "report/report_matrix.h"
#include "report/report_model.h"
#include "report/report_page.h"
#include "report/report_style.h"
#include "report/report_talkers.h"
#include "report/report_timeline.h"
#include "report/report_verdict.h"

static void put_head(struct buffer *b, const struct report_model *model)
{
	buffer_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	report_style_policy(b);
	markup_print(b,
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title>portolan: "
		"%s</title>\n",
		report_or(model->title, "report"));
	report_style_write(b);
	buffer_puts(b, "</head>\n<body>\n");
}

static void put_fact(struct buffer *b, const char *term, const char *text)
{
	if (report_has(text))
		markup_print(b, "<div><dt>%s</dt><dd><bdi>%s</bdi></dd></div>\n", term, text);
}

static void put_header(struct buffer *b, const struct report_model *model)
{
	markup_print(b, "<header>\n<h1><bdi>%s</bdi></h1>\n<dl>\n<div><dt>Window</dt><dd>",
		report_or(model->title, "Report"));
	report_span(b, model->from_ns, model->until_ns);
	buffer_puts(b, " UTC</dd></div>\n");
	put_fact(b, "Site", model->site);
	put_fact(b, "Policy", model->policy);
	buffer_puts(b, "<div><dt>Written</dt><dd>");
	report_time(b, model->generated_ns);
	buffer_puts(b, " UTC</dd></div>\n</dl>\n");
	buffer_puts(b, "<nav aria-label=\"Sections\"><ul>"
		       "<li><a href=\"#findings\">Findings</a></li>"
		       "<li><a href=\"#matrix\">Ports in use</a></li>"
		       "<li><a href=\"#channels\">Channels</a></li>"
		       "<li><a href=\"#timeline\">Traffic</a></li>"
		       "<li><a href=\"#talkers\">Who talks to whom</a></li>"
		       "<li><a href=\"#not-seen\">What could not be seen</a></li>"
		       "</ul></nav>\n</header>\n");
}

int html_report_write(struct buffer *b, const struct report_model *model)
{
	put_head(b, model);
	put_header(b, model);
	buffer_puts(b, "<main>\n");
	report_verdict_write(b, model);
	report_findings_write(b, model);
	report_matrix_write(b, model);
	report_channels_write(b, model);
	report_timeline_write(b, model);
	report_talkers_write(b, model);
	report_not_judged_write(b, model);
	markup_print(b,
		"</main>\n<footer>Written by <bdi>%s</bdi>. All times are UTC; bytes are bytes of "
		"IP packets.</footer>\n</body>\n</html>\n",
		report_or(model->program, "portolan"));
	return b->error;
}
