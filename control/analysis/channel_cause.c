#include "analysis/channel_cause.h"

#include <stdio.h>

#include "base/format.h"
#include "base/tls_alert.h"

static bool is_later(uint64_t *at, uint64_t ns)
{
	if (ns < *at)
		return false;
	*at = ns;
	return true;
}

/* More than an attempt, and nothing of the other side. */
static bool is_one_sided(const struct record *r)
{
	return (r->connection == CONNECTION_ESTABLISHED || r->connection == CONNECTION_MIDSTREAM) &&
	       (r->packets[0] == 0) != (r->packets[1] == 0);
}

void channel_cause_note(struct channel_cause *c, const struct record *r, unsigned first)
{
	const struct opening_report *o = &r->opening;

	if (o->alert_from && is_later(&c->alert_ns, r->end_ns)) {
		c->alert = o->alert;
		c->alert_end = (uint8_t)((o->alert_from & 1 ? 0u : 1u) ^ first);
	}
	if (o->stuck && is_later(&c->stuck_ns, r->end_ns))
		c->stuck_end = (uint8_t)((o->stuck & 1 ? 0u : 1u) ^ first);
	if (is_one_sided(r) && is_later(&c->one_sided_ns, r->end_ns))
		c->one_sided_end = (uint8_t)((r->packets[0] ? 0u : 1u) ^ first);
}

static bool is_since(uint64_t at_ns, uint64_t since_ns)
{
	return at_ns && at_ns >= since_ns;
}

static void alert_text(const struct channel_cause *c, const char *const end[2], char *text)
{
	char alert[TLS_ALERT_TEXT_BYTES];

	tls_alert_text(c->alert, alert);
	snprintf(text, CHANNEL_CAUSE_BYTES, "%.320s ended the handshake with the TLS alert %s",
		end[c->alert_end], alert);
}

static void wrong_text(const struct channel_cause *c, const char *const end[2], char *text)
{
	char address[ADDRESS_TEXT_BYTES];

	format_address(&c->wrong_address, c->wrong_version, address);
	snprintf(text, CHANNEL_CAUSE_BYTES,
		"%.320s comes from %s, no address of its own (link address: %s)", end[c->wrong_end],
		address, c->wrong_declared ? "inventory" : "as seen");
}

void channel_cause_text(const struct channel_cause *c, const char *const end[2], uint64_t since_ns,
	char text[CHANNEL_CAUSE_BYTES])
{
	text[0] = '\0';
	/* Who waits in vain for what does not come through sends an alert at last. */
	if (is_since(c->stuck_ns, since_ns))
		snprintf(text, CHANNEL_CAUSE_BYTES,
			"full segments of %.320s never come through, small ones do (MTU)",
			end[c->stuck_end]);
	else if (is_since(c->alert_ns, since_ns))
		alert_text(c, end, text);
	else if (is_since(c->wrong_ns, since_ns))
		wrong_text(c, end, text);
	else if (is_since(c->one_sided_ns, since_ns))
		snprintf(text, CHANNEL_CAUSE_BYTES,
			"the mirror shows one direction only: nothing that %.320s sends",
			end[1 - c->one_sided_end]);
}
