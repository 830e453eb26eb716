/* Writes reports of made-up models, for browsers to open: report_samples RULES FOLDER.
 *
 * busy.html: a week of 66 appliances, five channels of which two flap, a mirror that loses a
 * direction for an hour, a reload, a crash. quiet.html: a day in which nothing was wrong.
 * blind.html: nothing measured. hostile.html: names as an attacker would choose them.
 * crowd.html: 10,000 findings. picture.html: the busy week of eight appliances, for the README.
 * RULES are the documented rows, as comma-separated values.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "report/html_report.h"
#include "report/report_model.h"

#define S 1000000000ull
#define HOUR (3600 * S)
#define DAY (24 * HOUR)
#define MONDAY (20458 * DAY) /* 2026-01-05 */
#define RULES_MAX 64
#define APPLIANCES 66
#define CROWD 10000
#define TEXT 96
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* xorshift: the same samples on every machine. */
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t chance(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* Kept until the end: models lend their texts. */
static const char *text(const char *format, const char *word, uint64_t number)
{
	char *made = malloc(TEXT);

	if (!made)
		abort();
	snprintf(made, TEXT, format, word, (unsigned long long)number);
	return made;
}

/* ---- rules ---- */

static struct report_rule rule[RULES_MAX];
static size_t rules;

static void read_rule(char *line)
{
	char *field[5], *rest = line;

	for (size_t i = 0; i < COUNT(field); i++)
		field[i] = strsep(&rest, ",");
	if (!field[4] || rules == RULES_MAX)
		return;
	rule[rules++] = (struct report_rule){
		.id = strdup(field[4]),
		.role = strdup(field[0]),
		.direction = strdup(field[1]),
		.port = text(strcmp(field[3], "udp") ? "%s%llu/tcp" : "%s%llu/udp", "",
			strtoull(field[2], NULL, 10)),
		.features = strdup(field[4]),
	};
}

static int read_rules(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256];

	if (!file || !fgets(line, sizeof(line), file))
		return 1;
	while (fgets(line, sizeof(line), file))
		read_rule(line);
	return fclose(file);
}

/* ---- a busy week ---- */

static struct report_appliance appliance[APPLIANCES];
static struct report_cell cell[APPLIANCES * RULES_MAX];
static struct report_bucket bucket[7 * 24];

static struct report_cell busy_cell(size_t row, size_t column)
{
	struct report_cell made = {.state = REPORT_CELL_NEVER};
	bool is_bad = row >= 2 && chance(240) == 0;

	if (strcmp(appliance[row].role, rule[column].role) != 0)
		return (struct report_cell){.state = REPORT_CELL_NONE};
	if (column % 11 == 7)
		made.state = REPORT_CELL_OFF;
	else if ((column * 7 + row / 23) % 5 != 0) {
		made = (struct report_cell){.state = REPORT_CELL_USED,
			.last_ns = MONDAY + 7 * DAY - chance(HOUR),
			.flows = 1 + chance(9000)};
		if (chance(60) == 0) {
			made.state = REPORT_CELL_SILENT;
			made.last_ns = MONDAY - 3 * DAY;
			made.flows = 0;
		}
	}
	if (is_bad) {
		made.state = REPORT_CELL_VIOLATION;
		made.last_ns = MONDAY + chance(7 * DAY);
		made.violations = 1 + chance(40);
	}
	return made;
}

static struct report_matrix busy_matrix(void)
{
	for (size_t i = 0; i < APPLIANCES; i++)
		appliance[i] = (struct report_appliance){
			text(i < 2 ? "%sfmc-%llu" : "%sftd-%02llu", "", i < 2 ? i + 1 : i - 1),
			i < 2 ? "management-center" : "managed-device"};
	for (size_t i = 0; i < APPLIANCES; i++)
		for (size_t n = 0; n < rules; n++)
			cell[i * rules + n] = busy_cell(i, n);
	return (struct report_matrix){appliance, APPLIANCES, rule, rules, cell};
}

static struct report_traffic busy_traffic(void)
{
	for (size_t i = 0; i < COUNT(bucket); i++) {
		uint64_t of_day = i % 24, works = of_day > 6 && of_day < 19 ? 2 : 1;
		bucket[i].packets[REPORT_CLASS_EXPECTED] = works * 310000 + chance(90000);
		bucket[i].packets[REPORT_CLASS_IMPLIED] = works * 9000 + chance(2000);
		bucket[i].packets[REPORT_CLASS_NOT_COVERED] = 5000 + chance(1500);
		if (i >= 62 && i < 63) /* half a mirror */
			bucket[i].packets[REPORT_CLASS_EXPECTED] /= 2;
		if (i >= 100 && i < 140)
			bucket[i].packets[REPORT_CLASS_FLAGGED] = 60 + chance(10);
	}
	bucket[31].packets[REPORT_CLASS_FLAGGED] = 398;
	bucket[88].packets[REPORT_CLASS_FLAGGED] = 94;
	return (struct report_traffic){MONDAY, HOUR, bucket, COUNT(bucket)};
}

static const struct report_finding busy_finding[] = {
	{.id = "20260109T04-073c65658bf627af",
		.severity = 3,
		.state = "repeated",
		.first_ns = MONDAY + 4 * DAY + 4 * HOUR,
		.last_ns = MONDAY + 5 * DAY + 19 * HOUR,
		.flows = 39,
		.packets = 2514,
		.bytes = 371842,
		.appliance = "ftd-17",
		.peer = "198.51.100.200",
		.port = "4444/tcp",
		.direction = "outbound",
		.verdict = "unexpected-port",
		.connection = "established",
		.why = "No rule lets a managed-device begin a connection to 4444/tcp, and this one "
		       "was "
		       "answered: 39 connections, one every hour, to a peer that was never seen "
		       "before.",
		.nearest = "no similar rule: 4444/tcp is in no profile, in no direction",
		.evidence = "evidence/ftd-17-20260109T04.pcapng, 1,000 packets from the first on",
		.documents =
			"extra_rules: - {role: managed-device, direction: outbound, port: 4444, "
			"transport: tcp, feature: NAME, peers: [198.51.100.200]}"},
	{.id = "20260108T16-f91587e4511b604d",
		.severity = 3,
		.state = "new",
		.first_ns = MONDAY + 3 * DAY + 16 * HOUR + 1500 * S,
		.last_ns = MONDAY + 3 * DAY + 16 * HOUR + 1538 * S,
		.flows = 1,
		.packets = 94,
		.bytes = 21480,
		.appliance = "ftd-03",
		.peer = "203.0.113.22",
		.port = "443/tcp",
		.direction = "outbound",
		.verdict = "wrong-service",
		.connection = "established",
		.why = "443/tcp is documented for internet, which speaks tls; detected protocol: "
		       "ssh.",
		.nearest = "managed-device/outbound/443/tcp: the port is right, the service is not",
		.evidence = "evidence/ftd-03-20260108T16.pcapng, all 94 packets"},
	{.id = "20260106T07-106f994de8eb4d67",
		.severity = 2,
		.state = "ended",
		.first_ns = MONDAY + DAY + 7 * HOUR + 1200 * S,
		.last_ns = MONDAY + DAY + 7 * HOUR + 1203 * S,
		.flows = 199,
		.packets = 398,
		.bytes = 17512,
		.appliance = "ftd-02",
		.peer = "198.51.100.66",
		.port = "199 ports (1 to 200/tcp)",
		.direction = "inbound",
		.verdict = "unexpected-port",
		.connection = "refused",
		.why = "A scan: 199 ports in three seconds, each of which was refused.",
		.nearest = "managed-device/inbound/22/tcp is among them and is documented",
		.no_evidence =
			"nothing got through, and the site keeps packets of answered flows only"},
	{.id = "20260107T22-5a0be1fb0cf97a31",
		.severity = 2,
		.state = "repeated",
		.first_ns = MONDAY + 2 * DAY + 22 * HOUR,
		.last_ns = MONDAY + 6 * DAY + 22 * HOUR,
		.flows = 5,
		.packets = 410,
		.bytes = 96230,
		.appliance = "fmc-1",
		.peer = "10.44.7.19",
		.port = "443/tcp",
		.direction = "inbound",
		.verdict = "peer-not-allowed",
		.connection = "established",
		.why = "web-interface is bound to the group admins, and 10.44.7.19 is not in it.",
		.nearest = "management-center/inbound/443/tcp: another peer",
		.evidence = "evidence/fmc-1-20260107T22.pcapng, all 410 packets",
		.documents = "groups: admins: [..., 10.44.7.19]"},
	{.id = "20260105T03-2d7e9a4410c3b6f0",
		.severity = 1,
		.state = "repeated",
		.first_ns = MONDAY + 3 * HOUR,
		.last_ns = MONDAY + 6 * DAY + 23 * HOUR,
		.flows = 168,
		.packets = 504,
		.bytes = 38304,
		.appliance = "ftd-41",
		.peer = "10.1.1.123",
		.port = "123/udp",
		.direction = "inbound",
		.verdict = "feature-disabled",
		.connection = "one-way",
		.why = "ntp is switched off in this site; nobody answers.",
		.nearest = "managed-device/inbound/123/udp: feature off",
		.evidence = "evidence/ftd-41-20260105T03.pcapng, the first 256 KiB"},
	{.id = "20260105T09-90ffcc0121ab34de",
		.severity = 2,
		.state = "acknowledged",
		.is_settled = true,
		.first_ns = MONDAY + 9 * HOUR,
		.last_ns = MONDAY + 9 * HOUR + 60 * S,
		.flows = 2,
		.packets = 61,
		.bytes = 40211,
		.appliance = "ftd-09",
		.peer = "10.9.0.4",
		.port = "5900/tcp",
		.direction = "inbound",
		.verdict = "unexpected-port",
		.connection = "established",
		.why = "No rule lets anybody reach a managed-device at 5900/tcp.",
		.note = "Console of the lab's hypervisor, moved on 2026-01-05. (m. b.)",
		.evidence = "evidence/ftd-09-20260105T09.pcapng, all 61 packets"},
};

static const struct report_band steady[] = {
	{MONDAY, MONDAY + 7 * DAY, REPORT_TONE_GOOD, "up", NULL}};
static const struct report_band maintained[] = {
	{MONDAY, MONDAY + 2 * DAY + 21 * HOUR, REPORT_TONE_GOOD, "up", NULL},
	{MONDAY + 2 * DAY + 21 * HOUR, MONDAY + 3 * DAY + 3 * HOUR, REPORT_TONE_BAD, "refused",
		"attempts are answered with a reset"},
	{MONDAY + 3 * DAY + 3 * HOUR, MONDAY + 7 * DAY, REPORT_TONE_GOOD, "up", NULL}};
static const struct report_band halved[] = {
	{MONDAY, MONDAY + 5 * DAY + 2 * HOUR, REPORT_TONE_GOOD, "up", NULL},
	{MONDAY + 5 * DAY + 2 * HOUR, MONDAY + 7 * DAY, REPORT_TONE_PARTLY, "half",
		"partial: one of two established"}};
static const struct report_band lost[] = {
	{MONDAY, MONDAY + 2 * DAY + 14 * HOUR, REPORT_TONE_GOOD, "up", NULL},
	{MONDAY + 2 * DAY + 14 * HOUR, MONDAY + 2 * DAY + 15 * HOUR, REPORT_TONE_DOUBT,
		"inconclusive", "the mirror lost a direction"},
	{MONDAY + 2 * DAY + 15 * HOUR, MONDAY + 6 * DAY, REPORT_TONE_GOOD, "up", NULL},
	{MONDAY + 6 * DAY, MONDAY + 7 * DAY, REPORT_TONE_BAD, "silent",
		"idle: no packets any more"}};

#define FLAPS 80
static struct report_band flapping[2 * FLAPS + 1];

static struct report_bands flaps(void)
{
	uint64_t at = MONDAY;

	for (size_t i = 0; i < COUNT(flapping); i++) {
		uint64_t until = i + 1 == COUNT(flapping) ? MONDAY + 7 * DAY
				 : i % 2		  ? at + 60 * S + chance(1500 * S)
							  : at + HOUR + chance(80 * 60 * S);
		if (until > MONDAY + 7 * DAY - (COUNT(flapping) - i) * S)
			until = MONDAY + 7 * DAY - (COUNT(flapping) - 1 - i) * S;
		flapping[i] = (struct report_band){at, until,
			i % 2 ? REPORT_TONE_BAD : REPORT_TONE_GOOD, i % 2 ? "handshake-only" : "up",
			i % 2 ? "connections begin and never stay" : NULL};
		at = until;
	}
	return (struct report_bands){flapping, COUNT(flapping)};
}

static const struct report_band busy_mirror[] = {
	{MONDAY, MONDAY + 2 * DAY + 14 * HOUR, REPORT_TONE_GOOD, "sound", NULL},
	{MONDAY + 2 * DAY + 14 * HOUR, MONDAY + 2 * DAY + 15 * HOUR, REPORT_TONE_DOUBT, "in doubt",
		"one-sided: 97 % of the flows of lane 2 show one direction only"},
	{MONDAY + 2 * DAY + 15 * HOUR, MONDAY + 4 * DAY + 11 * HOUR, REPORT_TONE_GOOD, "sound",
		NULL},
	{MONDAY + 4 * DAY + 11 * HOUR, MONDAY + 4 * DAY + 13 * HOUR + 1620 * S, REPORT_TONE_NONE,
		"nobody listened", "the sensor was not running"},
	{MONDAY + 4 * DAY + 13 * HOUR + 1620 * S, MONDAY + 7 * DAY, REPORT_TONE_GOOD, "sound",
		NULL}};

static const struct report_mark busy_mark[] = {
	{MONDAY + DAY + 10 * HOUR, REPORT_MARK_RELOAD,
		"sha256:e57d020447e6 to sha256:41c09aa2be10"},
	{MONDAY + 4 * DAY + 11 * HOUR, REPORT_MARK_CRASH, "last heard of at 11:00:00"},
	{MONDAY + 4 * DAY + 13 * HOUR + 1620 * S, REPORT_MARK_START, "portolan 0.1.0"}};

#define TALKERS 34
static struct report_talker talker[TALKERS];

static size_t busy_talkers(void)
{
	static const char *const service[] = {"10.1.1.53", "10.1.1.123", "10.1.1.14", "10.1.1.25",
		"updates.example.net (192.0.2.80)"};
	static const char *const port[] = {"53/udp", "123/udp", "514/udp", "25/tcp", "443/tcp"};

	talker[0] = (struct report_talker){
		"ftd-17", "198.51.100.200", "4444/tcp", "outbound", 39, 371842, true};
	talker[1] =
		(struct report_talker){"fmc-1", "10.44.7.19", "443/tcp", "inbound", 5, 96230, true};
	talker[2] = (struct report_talker){
		"ftd-03", "203.0.113.22", "443/tcp", "outbound", 1, 21480, true};
	for (size_t i = 3; i < TALKERS; i++) {
		bool is_channel = i < 15;
		size_t peer = i % COUNT(service);
		talker[i] = (struct report_talker){
			text("%sftd-%02llu", "", is_channel ? i : 3 + i % 9),
			is_channel ? i % 2 ? "fmc-1" : "fmc-2" : service[peer],
			is_channel ? "8305/tcp" : port[peer], "outbound", 2 + chance(9000),
			(uint64_t)(is_channel ? 40000000000 : 900000000) / i + chance(1000000),
			false};
	}
	return TALKERS;
}

static const char *const busy_not_judged[] = {
	"2026-01-07 14:00 to 15:00: 41,208 flows were judged by one direction.",
	"2026-01-09 11:00 to 13:27: nobody listened.",
	"8,112 packets inside an encrypted tunnel between strangers were not looked into.",
	"312 flows on 8305/tcp speak TLS 1.3: their certificates cannot be seen."};
static const char *const busy_reason[] = {
	"the sensor was not running for 2 h 27 min (2026-01-09 11:00 to 13:27)",
	"the mirror lost one direction of lane 2 for an hour (2026-01-07 14:00 to 15:00)"};

static struct report_model busy_week(void)
{
	static struct report_channel channel[5];
	const struct report_bands states[] = {{steady, COUNT(steady)}, flaps(),
		{maintained, COUNT(maintained)}, {halved, COUNT(halved)}, {lost, COUNT(lost)}};

	for (size_t i = 0; i < COUNT(channel); i++)
		channel[i] = (struct report_channel){
			{i % 2 ? "fmc-2" : "fmc-1", text("%sftd-%02llu", "", i + 2)}, states[i]};
	return (struct report_model){.title = "portolan: site north, week 2 of 2026",
		.site = "north.yaml, profile cloud-delivered, 66 appliances",
		.policy = "sha256:41c09aa2be10",
		.program = "portolan 0.1.0",
		.generated_ns = MONDAY + 7 * DAY + 421 * S,
		.from_ns = MONDAY,
		.until_ns = MONDAY + 7 * DAY,
		.coverage = {true, 0.9854, 0.0031, 84211930, 1204, busy_reason, COUNT(busy_reason)},
		.finding = busy_finding,
		.findings = COUNT(busy_finding),
		.matrix = busy_matrix(),
		.channel = channel,
		.channels = COUNT(channel),
		.traffic = busy_traffic(),
		.mirror = {busy_mirror, COUNT(busy_mirror)},
		.mark = busy_mark,
		.marks = COUNT(busy_mark),
		.talker = talker,
		.talkers = busy_talkers(),
		.talkers_left_out = 412,
		.not_judged = busy_not_judged,
		.not_judged_lines = COUNT(busy_not_judged)};
}

/* ---- the others ---- */

/* The same week's Monday, without what was wrong. */
static struct report_model quiet_day(void)
{
	static const struct report_band sound = {
		MONDAY, MONDAY + DAY, REPORT_TONE_GOOD, "sound", NULL};
	static const struct report_band up = {MONDAY, MONDAY + DAY, REPORT_TONE_GOOD, "up", NULL};
	static struct report_channel channel = {{"fmc-1", "ftd-11"}, {&up, 1}};
	struct report_model model = busy_week();

	model.title = "portolan: site north, 2026-01-05";
	model.until_ns = MONDAY + DAY;
	model.findings = 0;
	model.coverage = (struct report_coverage){true, 1, 0.0004, 11820331, 0, NULL, 0};
	model.channel = &channel;
	model.channels = 1;
	model.traffic.buckets = 24;
	memset(&bucket[0].packets[REPORT_CLASS_FLAGGED], 0, sizeof(uint64_t));
	model.mirror = (struct report_bands){&sound, 1};
	model.marks = model.not_judged_lines = 0;
	model.talker += 3;
	model.talkers -= 3;
	for (size_t i = 0; i < APPLIANCES * rules; i++)
		if (cell[i].state == REPORT_CELL_VIOLATION || cell[i].state == REPORT_CELL_SILENT)
			cell[i].state = REPORT_CELL_USED;
	return model;
}

static struct report_model nothing_measured(void)
{
	return (struct report_model){.title = "portolan: site south, 2026-01-05",
		.from_ns = MONDAY,
		.until_ns = MONDAY + DAY,
		.generated_ns = MONDAY + DAY};
}

#define WORDS 5
#define LONGEST 4096

/* Names as an attacker would choose them; the last one is long. */
static const char *const *hostile_words(void)
{
	static char longest[LONGEST + 1];
	static const char *const word[WORDS] = {
		"</title></style><script>document.title='run'</script><img src=x onerror=alert(1)>",
		"\" onmouseover=\"alert(1)\" style=\"position:fixed;inset:0",
		"fmc\u202emoc.elpmaxe\u202c \xff\xfe\x80 \x1b[31m\x07 \r\n",
		"&lt;b&gt; <!-- <![CDATA[ ]]> --> ${{7*7}} javascript:alert(1)", longest};

	memset(longest, 'W', LONGEST);
	return word;
}

static struct report_finding hostile_finding(const char *w, const char *v, unsigned severity)
{
	return (struct report_finding){w, severity, v, false, MONDAY, MONDAY + DAY, 1, 1,
		UINT64_MAX, w, v, w, v, w, v, w, v, w, NULL, v, w};
}

static struct report_model hostile(void)
{
	static struct report_finding finding[8];
	static struct report_talker pair[WORDS - 1];
	static struct report_channel channel[WORDS - 1];
	const char *const *word = hostile_words();
	struct report_model model = busy_week();

	for (unsigned i = 0; i < COUNT(finding); i++)
		finding[i] = hostile_finding(word[i % WORDS], word[(i + 1) % WORDS], i % 4);
	for (size_t i = 0; i < COUNT(pair); i++) {
		pair[i] = (struct report_talker){
			word[i], word[i + 1], word[i], word[i], 1, 1, i == 0};
		channel[i] = (struct report_channel){{word[i + 1], word[i]}, {lost, COUNT(lost)}};
		appliance[i].name = word[i + 1];
		rule[i].features = rule[i].port = rule[i].id = word[i];
	}
	model.title = model.site = model.policy = model.program = word[0];
	model.coverage.reason = model.not_judged = word;
	model.coverage.reasons = model.not_judged_lines = WORDS;
	model.finding = finding;
	model.findings = COUNT(finding);
	model.talker = pair;
	model.channel = channel;
	model.talkers = model.channels = COUNT(pair);
	return model;
}

static struct report_model crowd(void)
{
	static const char *const verdict[] = {
		"unexpected-port", "wrong-service", "peer-not-allowed"};
	static const char *const connection[] = {"attempted", "established", "refused"};
	static struct report_finding finding[CROWD];
	struct report_model model = busy_week();

	for (size_t i = 0; i < CROWD; i++)
		finding[i] = (struct report_finding){.id = text("%s20260105T%02llu", "", i),
			.severity = 1 + (unsigned)chance(3),
			.state = "new",
			.first_ns = MONDAY + chance(6 * DAY),
			.last_ns = MONDAY + 6 * DAY + chance(DAY),
			.flows = 1 + chance(100),
			.packets = 100 + chance(1000),
			.bytes = 5000 + chance(1 << 24),
			.appliance = appliance[chance(APPLIANCES)].name,
			.peer = text("%s198.51.100.%llu", "", chance(256)),
			.port = text("%s%llu/tcp", "", 1 + chance(3000)),
			.direction = chance(2) ? "inbound" : "outbound",
			.verdict = verdict[chance(3)],
			.connection = connection[chance(3)],
			.why = "No rule of this role has this port in this direction.",
			.nearest = "no similar rule",
			.no_evidence = "the room for packets was full"};
	model.title = "portolan: site north under attack";
	model.finding = finding;
	model.findings = CROWD;
	return model;
}

static struct report_model picture(void)
{
	static struct report_finding finding[4];
	struct report_model model = busy_week();

	memcpy(finding, busy_finding, sizeof(finding));
	finding[0].appliance = talker[0].appliance = "ftd-05";
	finding[0].evidence = "evidence/ftd-05-20260109T04.pcapng, 1,000 packets from the first on";
	model.finding = finding;
	model.findings = COUNT(finding);
	model.site = "north.yaml, profile cloud-delivered, 8 appliances";
	model.matrix.appliances = 8;
	return model;
}

/* ---- files ---- */

static int write_report(const char *folder, const char *name, const struct report_model *model)
{
	struct buffer page = {0};
	char path[4096];
	FILE *file;
	int failed = html_report_write(&page, model);

	snprintf(path, sizeof(path), "%s/%s.html", folder, name);
	file = failed ? NULL : fopen(path, "w");
	if (!file || fwrite(page.text, 1, page.length, file) != page.length || fclose(file)) {
		fprintf(stderr, "report_samples: %s cannot be written\n", path);
		return 1;
	}
	printf("%s %zu\n", path, page.length);
	buffer_fini(&page);
	return 0;
}

int main(int count, char **argument)
{
	static struct report_model (*const model[])(void) = {
		busy_week, picture, quiet_day, nothing_measured, crowd, hostile};
	static const char *const name[] = {"busy", "picture", "quiet", "blind", "crowd", "hostile"};
	int failed = count == 3 ? read_rules(argument[1]) : 2;

	for (size_t i = 0; i < COUNT(model) && !failed; i++) {
		struct report_model made = model[i]();
		failed = write_report(argument[2], name[i], &made);
	}
	return failed;
}
