#include "control/record_fixture.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "analysis/channels.h"
#include "analysis/correlation.h"
#include "analysis/exposure.h"
#include "analysis/matrix.h"

#define NOW (1800000000 * SECOND)
#define DAY (86400 * SECOND)

enum { FMC, FTD, LONE };

struct der {
	uint8_t byte[2048];
	size_t bytes;
};

static void name_it(gnutls_x509_crt_t c, const char *name)
{
	if (name[0])
		assert_int_equal(gnutls_x509_crt_set_dn_by_oid(c, GNUTLS_OID_X520_COMMON_NAME, 0,
					 name, (unsigned)strlen(name)),
			0);
}

/* The signer has the subject's key: nobody verifies it. */
static struct der certificate_of(const char *subject, const char *issuer, uint64_t until_ns)
{
	struct der der = {.bytes = sizeof(der.byte)};
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t c, signer;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	gnutls_x509_crt_init(&signer);
	name_it(signer, issuer);
	gnutls_x509_crt_set_key(signer, key);
	gnutls_x509_crt_init(&c);
	gnutls_x509_crt_set_version(c, 3);
	gnutls_x509_crt_set_serial(c, "\1", 1);
	gnutls_x509_crt_set_activation_time(c, (time_t)(NOW / SECOND) - 1000000);
	gnutls_x509_crt_set_expiration_time(c, (time_t)(until_ns / SECOND));
	name_it(c, subject);
	gnutls_x509_crt_set_key(c, key);
	assert_int_equal(gnutls_x509_crt_sign2(c, signer, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export(c, GNUTLS_X509_FMT_DER, der.byte, &der.bytes), 0);
	gnutls_x509_crt_deinit(c);
	gnutls_x509_crt_deinit(signer);
	gnutls_x509_privkey_deinit(key);
	return der;
}

/* --- one certificate ---------------------------------------------------------------------- */

static struct certificate read_certificate(const char *subject, uint64_t until_ns)
{
	struct der der = certificate_of(subject, "authority", until_ns);
	struct certificate c;

	assert_int_equal(certificate_read(&c, der.byte, der.bytes), 0);
	return c;
}

static void certificate_has_names_times_and_a_fingerprint(void **state)
{
	struct certificate c = read_certificate("ftd-1", NOW + 3 * DAY);
	char text[CERTIFICATE_TEXT_BYTES];

	(void)state;
	assert_string_equal(c.subject, "CN=ftd-1");
	assert_string_equal(c.issuer, "CN=authority");
	assert_int_equal(strlen(c.fingerprint), 64);
	assert_true(c.not_after_ns == NOW + 3 * DAY);
	certificate_text(&c, NOW, text);
	assert_string_equal(text, "CN=ftd-1 by CN=authority, 3 days left");
	certificate_text(&c, NOW + 2 * DAY, text);
	assert_string_equal(text, "CN=ftd-1 by CN=authority, 1 day left");
	certificate_text(&c, NOW + 4 * DAY, text);
	assert_string_equal(text, "CN=ftd-1 by CN=authority, ended");
}

static void certificate_without_subject_is_one(void **state)
{
	struct certificate c = read_certificate("", NOW + DAY);
	char text[CERTIFICATE_TEXT_BYTES];

	(void)state;
	certificate_text(&c, NOW, text);
	assert_string_equal(text, "no subject by CN=authority, 1 day left");
}

static void names_cannot_steer_a_terminal(void **state)
{
	struct certificate c = read_certificate("a\x1b[31mb\xe2\x80\xae", NOW + DAY);

	(void)state;
	assert_null(strchr(c.subject, '\x1b'));
	assert_null(strstr(c.subject, "\xe2\x80\xae"));
}

static void long_name_is_cut_where_a_character_ends(void **state)
{
	char name[500] = "";
	struct certificate c;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa4", 2);
	c = read_certificate(name, NOW + DAY);
	assert_true(strlen(c.subject) >= CERTIFICATE_NAME_BYTES - 3);
	assert_null(strchr(c.subject, '?'));
}

static void term_changes_at_its_days(void **state)
{
	static const struct {
		int64_t left_s;
		enum certificate_term term;
	} cases[] = {{91 * 86400, CERTIFICATE_GOOD}, {90 * 86400 + 1, CERTIFICATE_GOOD},
		{90 * 86400, CERTIFICATE_ENDS_IN_90}, {30 * 86400 + 1, CERTIFICATE_ENDS_IN_90},
		{30 * 86400, CERTIFICATE_ENDS_IN_30}, {7 * 86400 + 1, CERTIFICATE_ENDS_IN_30},
		{7 * 86400, CERTIFICATE_ENDS_IN_7}, {0, CERTIFICATE_ENDS_IN_7},
		{-1, CERTIFICATE_ENDED}};
	struct certificate c = {.not_after_ns = NOW};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			certificate_term(&c, NOW - (uint64_t)(cases[i].left_s * (int64_t)SECOND)),
			cases[i].term);
}

static void what_is_no_certificate_is_none(void **state)
{
	struct der der = certificate_of("ftd", "authority", NOW);
	struct certificate c;

	(void)state;
	for (size_t bytes = 0; bytes < der.bytes; bytes++)
		assert_int_not_equal(certificate_read(&c, der.byte, bytes), 0);
	assert_int_not_equal(certificate_read(&c, (const uint8_t *)"GET / HTTP/1.1", 14), 0);
}

/* --- of channels -------------------------------------------------------------------------- */

struct scene {
	struct ruleset *ruleset;
	struct matrix matrix;
	struct channels channels;
	struct exposures exposures;
	struct correlations correlations;
	unsigned begun[CORRELATION_COUNT], ended[CORRELATION_COUNT];
};

static void on_change(void *context, const struct correlation *f, bool begins)
{
	struct scene *w = context;

	*(begins ? &w->begun[f->key.kind] : &w->ended[f->key.kind]) += 1;
}

static struct scene *scene_open(const char *site)
{
	struct scene *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->ruleset = site_opens(site);
	assert_int_equal(matrix_init(&w->matrix, w->ruleset), 0);
	assert_int_equal(channels_init(&w->channels, w->ruleset), 0);
	exposures_init(&w->exposures, w->ruleset);
	assert_int_equal(correlations_init(&w->correlations, w->ruleset, NOW), 0);
	return w;
}

static void scene_close(struct scene *w)
{
	correlations_fini(&w->correlations);
	exposures_fini(&w->exposures);
	channels_fini(&w->channels);
	matrix_fini(&w->matrix);
	ruleset_close(w->ruleset);
	free(w);
}

static struct record connection_at(const struct scene *w, uint64_t at_ns)
{
	return record_between(
		w->ruleset, "10.2.0.1", "10.0.0.1", IPPROTO_TCP, 8305, at_ns - SECOND, at_ns);
}

/* The pieces of what the device (0) or the center (1) has shown; `skip`: one that is missing. */
static void show_pieces(
	struct scene *w, uint64_t at_ns, uint8_t end, const struct der *der, size_t skip)
{
	for (size_t at = 0; at < der->bytes; at += CERTIFICATE_PIECE_BYTES) {
		struct record r = connection_at(w, at_ns);
		size_t left = der->bytes - at;
		r.kind = RECORD_CERTIFICATE;
		r.piece = (struct certificate_piece){.size = (uint16_t)der->bytes,
			.offset = (uint16_t)at,
			.end = end,
			.length = (uint8_t)(left < CERTIFICATE_PIECE_BYTES
						    ? left
						    : CERTIFICATE_PIECE_BYTES)};
		memcpy(r.piece.byte, der->byte + at, r.piece.length);
		if (at / CERTIFICATE_PIECE_BYTES != skip)
			channels_take_certificate(&w->channels, &r);
	}
}

static void show(struct scene *w, uint64_t at_ns, uint8_t end, const char *subject,
	const char *issuer, uint64_t until_ns)
{
	struct der der = certificate_of(subject, issuer, until_ns);

	show_pieces(w, at_ns, end, &der, SIZE_MAX);
}

static void evaluate(struct scene *w, uint64_t now_ns)
{
	const struct correlation_evidence e = {
		&w->matrix, &w->channels, &w->exposures, now_ns, 1000 * DAY, false};

	memset(w->begun, 0, sizeof(w->begun));
	memset(w->ended, 0, sizeof(w->ended));
	correlations_evaluate(&w->correlations, &e, on_change, w);
}

static void finding_of_an_end_is_told_once_a_threshold_and_certificate(void **state)
{
	static const enum correlation_kind kind[] = {CORRELATION_CERTIFICATE_90,
		CORRELATION_CERTIFICATE_30, CORRELATION_CERTIFICATE_7,
		CORRELATION_CERTIFICATE_ENDED};
	static const unsigned days[] = {10, 70, 93, 100}, severity[] = {1, 1, 2, 2};
	struct scene *w = scene_open(RECORD_SITE);

	(void)state;
	show(w, NOW, 0, "lone", "authority", NOW + 99 * DAY);
	evaluate(w, NOW);
	assert_int_equal(w->correlations.count, 0);
	for (unsigned i = 0; i < 4; i++) {
		show(w, NOW + days[i] * DAY - SECOND, 1, "fmc", "authority", NOW + 900 * DAY);
		evaluate(w, NOW + days[i] * DAY);
		assert_int_equal(w->begun[kind[i]], 1);
		assert_int_equal(correlation_severity(kind[i]), severity[i]);
		evaluate(w, NOW + days[i] * DAY + 3600 * SECOND);
		assert_int_equal(w->begun[kind[i]], 0);
	}
	show(w, NOW + 101 * DAY, 0, "lone", "authority", NOW + 102 * DAY);
	evaluate(w, NOW + 101 * DAY);
	assert_int_equal(w->ended[CORRELATION_CERTIFICATE_ENDED], 1);
	assert_int_equal(w->begun[CORRELATION_CERTIFICATE_7], 1);
	scene_close(w);
}

static void issuers_that_differ_are_told_of_a_pair(void **state)
{
	struct scene *w = scene_open(RECORD_SITE);

	(void)state;
	show(w, NOW, 0, "lone", "one", NOW + 900 * DAY);
	evaluate(w, NOW);
	assert_int_equal(w->begun[CORRELATION_CERTIFICATE_ISSUERS], 0);
	show(w, NOW, 1, "fmc", "one", NOW + 900 * DAY);
	evaluate(w, NOW);
	assert_int_equal(w->begun[CORRELATION_CERTIFICATE_ISSUERS], 0);
	show(w, NOW + SECOND, 1, "fmc", "other", NOW + 900 * DAY);
	evaluate(w, NOW + SECOND);
	assert_int_equal(w->begun[CORRELATION_CERTIFICATE_ISSUERS], 1);
	scene_close(w);
}

static void issuer_that_became_another_is_told_for_a_day(void **state)
{
	struct scene *w = scene_open(RECORD_SITE);
	char text[CORRELATION_TEXT_BYTES];

	(void)state;
	show(w, NOW, 0, "lone", "one", NOW + 900 * DAY);
	show(w, NOW + SECOND, 0, "lone", "one", NOW + 901 * DAY);
	evaluate(w, NOW + SECOND);
	assert_int_equal(w->correlations.count, 0);
	show(w, NOW + 5 * SECOND, 0, "lone", "other", NOW + 900 * DAY);
	evaluate(w, NOW + 5 * SECOND);
	assert_int_equal(w->begun[CORRELATION_CERTIFICATE_CHANGED], 1);
	assert_int_equal(correlation_severity(CORRELATION_CERTIFICATE_CHANGED), 2);
	correlation_text(&w->correlations, w->correlations.first, text);
	assert_non_null(strstr(text, "lone: the certificate of a channel has another issuer than "
				     "before: to fmc: CN=one before, CN=other now"));
	evaluate(w, NOW + 2 * DAY);
	assert_int_equal(w->ended[CORRELATION_CERTIFICATE_CHANGED], 1);
	scene_close(w);
}

static void certificate_of_which_a_piece_is_missing_is_none(void **state)
{
	struct scene *w = scene_open(RECORD_SITE);
	struct der der = certificate_of("lone", "authority", NOW + DAY);

	(void)state;
	for (size_t skip = 0; skip <= der.bytes / CERTIFICATE_PIECE_BYTES; skip++)
		show_pieces(w, NOW, 0, &der, skip);
	assert_null(w->channels.first);
	show_pieces(w, NOW, 0, &der, SIZE_MAX);
	assert_non_null(w->channels.first);
	scene_close(w);
}

/* --- why a channel is not up ------------------------------------------------------------------ */

static const char *reason_of(struct scene *w, struct record r, char text[CHANNEL_CAUSE_BYTES])
{
	channels_take(&w->channels, &r);
	channels_evaluate(&w->channels, NOW, false, NULL, NULL);
	assert_non_null(w->channels.first);
	channel_reason(&w->channels, w->channels.first, text);
	return text;
}

static void reason_is_the_most_telling_cause(void **state)
{
	struct scene *w = scene_open(RECORD_SITE);
	struct record r = record_ended(connection_at(w, NOW - SECOND), END_RESET);
	char text[CHANNEL_CAUSE_BYTES];

	(void)state;
	assert_string_equal(reason_of(w, r, text), "connections begin and never stay");
	r.service = SERVICE_TLS;
	r.facts.known = 1;
	r.facts.number[1] = 0x0304;
	assert_string_equal(
		reason_of(w, r, text), "connections begin and never stay; TLS 1.3 hides why");
	r.packets[1] = 0;
	assert_string_equal(reason_of(w, r, text),
		"the mirror shows one direction only: nothing that fmc sends");
	r.opening.alert_from = 2;
	r.opening.alert = 48;
	assert_string_equal(
		reason_of(w, r, text), "fmc ended the handshake with the TLS alert unknown_ca");
	r.opening.stuck = 1;
	assert_string_equal(reason_of(w, r, text),
		"full segments of lone never come through, small ones do (MTU)");
	scene_close(w);
}

static void channel_that_is_up_needs_no_reason(void **state)
{
	struct scene *w = scene_open(RECORD_SITE);
	struct record r = connection_at(w, NOW);
	char text[CHANNEL_CAUSE_BYTES];

	(void)state;
	r.opening.alert_from = 1;
	reason_of(w, r, text);
	r.port[0]++;
	assert_string_equal(reason_of(w, r, text), "");
	scene_close(w);
}

#define MAC_SITE                                                                                   \
	"appliances:\n"                                                                            \
	"  - {name: fmc, role: management-center, addresses: [10.0.0.1]}\n"                        \
	"  - {name: lone, role: managed-device, addresses: [10.2.0.1], "                           \
	"macs: [\"02:00:00:00:00:07\"]}\n"                                                         \
	"  - {name: seen, role: managed-device, addresses: [10.3.0.1]}\n"

static struct record from_link(struct scene *w, const char *from, uint8_t mac)
{
	struct record r =
		record_between(w->ruleset, from, "10.0.0.1", IPPROTO_TCP, 8305, NOW - SECOND, NOW);

	r.opening.mac_known = 1;
	memcpy(r.opening.mac[0], (const uint8_t[6]){2, 0, 0, 0, 0, mac}, 6);
	return r;
}

static void stranger_with_the_link_address_of_an_appliance_is_meant_to_be_it(void **state)
{
	struct scene *w = scene_open(MAC_SITE);
	char text[CHANNEL_CAUSE_BYTES];

	(void)state;
	assert_string_equal(reason_of(w, from_link(w, "10.9.9.9", 7), text),
		"lone comes from 10.9.9.9, no address of its own (link address: inventory)");
	assert_int_equal(w->channels.first->state, CHANNEL_WRONG_ADDRESS);
	assert_false(channels_has(&w->channels, 1)); /* what a stranger sends hides no finding */
	scene_close(w);
}

static void link_address_that_was_seen_names_an_appliance_too(void **state)
{
	struct scene *w = scene_open(MAC_SITE);
	struct record r = record_ended(from_link(w, "10.3.0.1", 9), END_RESET);
	char text[CHANNEL_CAUSE_BYTES];

	(void)state;
	reason_of(w, r, text);
	assert_string_equal(reason_of(w, from_link(w, "10.9.9.9", 9), text),
		"seen comes from 10.9.9.9, no address of its own (link address: as seen)");
	scene_close(w);
}

static void count_meant(
	void *context, const struct record *meant, const char reason[CHANNEL_CAUSE_BYTES])
{
	unsigned *told = context;

	assert_string_equal(
		reason, "seen comes from 10.9.9.9, no address of its own (link address: as seen)");
	assert_int_equal(meant->appliance[0], 2);
	++*told;
}

/* Records come in the order in which flows end, not in that of their packets. */
static void link_address_that_is_seen_later_names_an_appliance_too(void **state)
{
	struct scene *w = scene_open(MAC_SITE);
	struct record own = record_ended(from_link(w, "10.3.0.1", 9), END_RESET), other;
	unsigned told = 0;

	(void)state;
	channels_listen_meant(&w->channels, count_meant, &told);
	for (unsigned i = 0; i < 3; i++) { /* attempts of one host, one that is meant */
		other = from_link(w, "10.9.9.9", 9);
		other.port[0] = (uint16_t)(50000 + i);
		other.end_ns += SECOND;
		channels_take(&w->channels, &other);
	}
	channels_evaluate(&w->channels, NOW + 2 * SECOND, false, NULL, NULL);
	assert_int_equal(told, 0);
	channels_take(&w->channels, &own);
	channels_evaluate(&w->channels, NOW + 2 * SECOND, false, NULL, NULL);
	assert_int_equal(told, 1);
	assert_int_equal(w->channels.first->state, CHANNEL_WRONG_ADDRESS);
	assert_true(w->channels.first->since_ns == NOW - SECOND);
	channels_evaluate(&w->channels, NOW + 2 * SECOND, false, NULL, NULL);
	assert_int_equal(told, 1);
	scene_close(w);
}

/* Of very many link addresses the latest are remembered, and an appliance's is not shut out. */
static void link_addresses_that_nobody_has_are_bounded(void **state)
{
	struct scene *w = scene_open(MAC_SITE);
	struct record r = from_link(w, "10.9.9.9", 0);
	unsigned told = 0;

	(void)state;
	channels_listen_meant(&w->channels, count_meant, &told);
	for (unsigned i = 0; i < 3 * CHANNEL_STRANGERS_MAX; i++) {
		r.opening.mac[0][3] = (uint8_t)(i >> 8 | 0x40);
		r.opening.mac[0][4] = (uint8_t)i;
		channels_take(&w->channels, &r);
	}
	assert_int_equal(w->channels.strangers.count, CHANNEL_STRANGERS_MAX);
	r = from_link(w, "10.9.9.9", 9);
	channels_take(&w->channels, &r);
	r = record_ended(from_link(w, "10.3.0.1", 9), END_RESET);
	channels_take(&w->channels, &r);
	channels_evaluate(&w->channels, NOW, false, NULL, NULL);
	assert_int_equal(told, 1);
	assert_int_equal(w->channels.strangers.count, CHANNEL_STRANGERS_MAX - 1);
	scene_close(w);
}

static void link_address_of_a_router_is_nobodys(void **state)
{
	struct scene *w = scene_open(MAC_SITE);
	struct record r[3] = {from_link(w, "10.3.0.1", 1), from_link(w, "10.2.0.1", 1),
		from_link(w, "10.9.9.9", 1)};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		channels_take(&w->channels, &r[i]);
	for (const struct channel *ch = w->channels.first; ch; ch = ch->hh.next)
		assert_true(ch->cause.wrong_ns == 0);
	scene_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_has_names_times_and_a_fingerprint),
		cmocka_unit_test(certificate_without_subject_is_one),
		cmocka_unit_test(names_cannot_steer_a_terminal),
		cmocka_unit_test(long_name_is_cut_where_a_character_ends),
		cmocka_unit_test(term_changes_at_its_days),
		cmocka_unit_test(what_is_no_certificate_is_none),
		cmocka_unit_test(finding_of_an_end_is_told_once_a_threshold_and_certificate),
		cmocka_unit_test(issuers_that_differ_are_told_of_a_pair),
		cmocka_unit_test(issuer_that_became_another_is_told_for_a_day),
		cmocka_unit_test(certificate_of_which_a_piece_is_missing_is_none),
		cmocka_unit_test(reason_is_the_most_telling_cause),
		cmocka_unit_test(channel_that_is_up_needs_no_reason),
		cmocka_unit_test(stranger_with_the_link_address_of_an_appliance_is_meant_to_be_it),
		cmocka_unit_test(link_address_that_was_seen_names_an_appliance_too),
		cmocka_unit_test(link_address_that_is_seen_later_names_an_appliance_too),
		cmocka_unit_test(link_addresses_that_nobody_has_are_bounded),
		cmocka_unit_test(link_address_of_a_router_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
