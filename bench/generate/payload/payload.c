#include "payload/payload.h"

#include <ctype.h>
#include <string.h>

#include "packet/value.h"
#include "payload/message.h"

#define PART_MAX 8192

struct payload_row {
	const char *name, *arguments, *help;
	message_function *write; /* or the text itself: */
	const char *text;
};

static void random_bytes(struct bytes *b, const struct message *m)
{
	message_random(b, m, message_number(m, 0, 16));
}

static void zero_bytes(struct bytes *b, const struct message *m)
{
	bytes_fill(b, 0, message_number(m, 0, 16));
}

static void fill_bytes(struct bytes *b, const struct message *m)
{
	bytes_fill(b, (uint8_t)message_number(m, 0, 'A'), message_number(m, 1, 16));
}

static const struct payload_row rows[] = {
	{"tls-client-hello", "SNI", "TLS 1.3 ClientHello", tls_client_hello, NULL},
	{"tls-server-hello", "BYTES", "ServerHello and encrypted rest", tls_server_hello, NULL},
	{"tls-finished", "", "the client's last handshake flight", tls_finished, NULL},
	{"tls-data", "BYTES", "application data", tls_data, NULL},
	{"tls-alert", "N", "a fatal alert", tls_alert, NULL},
	{"dtls-client-hello", "SNI", "DTLS 1.2 ClientHello", dtls_client_hello, NULL},
	{"dns-query", "NAME", "DNS question", dns_query, NULL},
	{"dns-response", "NAME,ADDRESS", "its answer", dns_response, NULL},
	{"dns-tcp-query", "NAME", "the same over TCP", dns_tcp_query, NULL},
	{"dns-tcp-response", "NAME,ADDRESS", "its answer", dns_tcp_response, NULL},
	{"snmp-get", "COMMUNITY", "SNMP v2c GetRequest", snmp_get, NULL},
	{"snmp-response", "COMMUNITY", "its Response", snmp_response, NULL},
	{"snmp-trap", "COMMUNITY", "SNMP v2c Trap", snmp_trap, NULL},
	{"snmp-trap-v1", "COMMUNITY", "SNMP v1 Trap", snmp_trap_v1, NULL},
	{"ldap-bind", "DN,PASSWORD", "LDAP simple bind", ldap_bind, NULL},
	{"ldap-bind-response", "", "its answer", ldap_bind_response, NULL},
	{"ldap-search", "BASE", "LDAP search", ldap_search, NULL},
	{"ldap-search-done", "", "its end", ldap_search_done, NULL},
	{"ldap-starttls", "", "LDAP StartTLS request", ldap_starttls, NULL},
	{"radius-access-request", "USER", "RADIUS code 1", radius_access_request, NULL},
	{"radius-access-accept", "", "RADIUS code 2", radius_access_accept, NULL},
	{"radius-access-reject", "", "RADIUS code 3", radius_access_reject, NULL},
	{"radius-accounting-request", "USER", "RADIUS code 4", radius_accounting_request, NULL},
	{"radius-accounting-response", "", "RADIUS code 5", radius_accounting_response, NULL},
	{"ike-sa-init", "", "IKEv2 IKE_SA_INIT", ike_sa_init, NULL},
	{"ike-sa-init-response", "", "its answer", ike_sa_init_response, NULL},
	{"ike-auth", "", "IKEv2 IKE_AUTH", ike_auth, NULL},
	{"ike-auth-response", "", "its answer", ike_auth_response, NULL},
	{"esp", "BYTES", "ESP: SPI, sequence number, ciphertext", esp, NULL},
	{"esp-in-udp", "BYTES", "the same, for UDP port 4500", esp_in_udp, NULL},
	{"ntp-client", "", "NTP mode 3", ntp_client, NULL},
	{"ntp-server", "", "NTP mode 4", ntp_server, NULL},
	{"http-get", "HOST,PATH", "HTTP request", http_get, NULL},
	{"http-put", "HOST,PATH", "HTTP request", http_put, NULL},
	{"http-connect", "HOST:PORT", "HTTP request to a proxy", http_connect, NULL},
	{"http-response", "BYTES", "HTTP response with a text", http_response, NULL},
	{"syslog", "HOST,TEXT", "RFC 3164 message", syslog, NULL},
	{"syslog-5424", "HOST,TEXT", "RFC 5424 message", syslog_5424, NULL},
	{"xmpp-stream", "TO", "XMPP stream header", xmpp_stream, NULL},
	{"xmpp-stream-response", "FROM", "its answer", xmpp_stream_response, NULL},
	{"ssh-banner", "", "SSH client's line", NULL, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"},
	{"ssh-server-banner", "", "SSH server's line", NULL, "SSH-2.0-CiscoSSH_1.12.45\r\n"},
	{"ssh-kexinit", "", "SSH key exchange", ssh_kexinit, NULL},
	{"smtp-banner", "", "SMTP greeting", NULL, "220 mail.example.com ESMTP ready\r\n"},
	{"smtp-ehlo", "", "SMTP EHLO", NULL, "EHLO fmc-1.example.com\r\n"},
	{"smtp-ehlo-response", "", "its answer", NULL,
		"250-mail.example.com\r\n250-SIZE 10240000\r\n250 STARTTLS\r\n"},
	{"smtp-starttls", "", "SMTP STARTTLS", NULL, "STARTTLS\r\n"},
	{"smtp-starttls-response", "", "its answer", NULL, "220 2.0.0 Ready to start TLS\r\n"},
	{"echo", "", "what an echo server returns", NULL, "connectivity check\n"},
	{"telnet-negotiation", "", "Telnet options", NULL, "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23"},
	{"telnet-login", "", "Telnet prompt", NULL, "\r\nlogin: "},
	{"irc-join", "", "IRC client's first lines", NULL,
		"NICK bot4711\r\nUSER bot 0 * :bot\r\nJOIN #harbour\r\n"},
	{"irc-welcome", "", "IRC server's answer", NULL,
		":irc.example.net 001 bot4711 :Welcome\r\n"},
	{"ftp-banner", "", "FTP greeting", NULL, "220 FTP server ready\r\n"},
	{"ftp-user", "", "FTP login", NULL, "USER anonymous\r\n"},
	{"redis-ping", "", "Redis command", NULL, "*1\r\n$4\r\nPING\r\n"},
	{"vnc-banner", "", "RFB version", NULL, "RFB 003.008\n"},
	{"socks5-hello", "", "SOCKS 5 greeting", NULL, "\x05\x02\x01\x02"},
	{"rdp-request", "", "RDP connection request", rdp_request, NULL},
	{"smb-negotiate", "", "SMB 2 negotiate", smb_negotiate, NULL},
	{"postgres-startup", "", "PostgreSQL startup", postgres_startup, NULL},
	{"mysql-greeting", "RELEASE", "MySQL server's greeting", mysql_greeting, NULL},
	{"stun-binding", "", "STUN binding request", stun_binding, NULL},
	{"wireguard-initiation", "", "WireGuard first message", wireguard_initiation, NULL},
	{"openvpn-reset", "", "OpenVPN hard reset", openvpn_reset, NULL},
	{"bittorrent-handshake", "", "BitTorrent handshake", bittorrent_handshake, NULL},
	{"random", "BYTES", "random bytes, as a plain number", random_bytes, NULL},
	{"zeros", "BYTES", "zero bytes", zero_bytes, NULL},
	{"fill", "N,BYTES", "the same byte again and again", fill_bytes, NULL},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

const char *payload_name(size_t number)
{
	return number < ROWS ? rows[number].name : NULL;
}

void payload_help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  %-26s %-13s %s\n", rows[i].name, rows[i].arguments, rows[i].help);
}

static const struct payload_row *find_row(const char *name)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

/* Where the part that begins here ends: at a `+` outside quotes and parentheses. */
static const char *part_end(const char *text)
{
	bool quoted = false;
	int depth = 0;

	for (; *text; text++) {
		if (quoted && *text == '\\' && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && *text == '(')
			depth++;
		else if (!quoted && *text == ')')
			depth--;
		else if (!quoted && depth <= 0 && *text == '+')
			break;
	}
	return text;
}

/* The byte that `\n`, `\r`, `\t`, `\0`, `\xHH`, `\"` or `\\` stands for; -1. */
static int escape(const char **text)
{
	static const char names[] = "nrt0\"\\", values[] = "\n\r\t\0\"\\";
	const char *name = **text ? strchr(names, **text) : NULL;
	uint8_t byte;

	if (name) {
		++*text;
		return (uint8_t)values[name - names];
	}
	if (**text != 'x' || value_hex(*text + 1, strnlen(*text + 1, 2), &byte, 1) != 1)
		return -1;
	*text += 3;
	return byte;
}

/* The text between quotes. NULL or what was wanted. */
static const char *unquote(struct bytes *b, const char *text)
{
	for (text++; *text && *text != '"';) {
		int byte = (uint8_t)*text++;
		if (byte == '\\')
			byte = escape(&text);
		if (byte < 0)
			return "an escape: \\n \\r \\t \\0 \\xHH \\\" \\\\";
		bytes_u8(b, (unsigned)byte);
	}
	return *text == '"' && !text[1] ? NULL : "a closing quote at the end of the text";
}

static const char *write_hex(struct bytes *b, const char *text)
{
	uint8_t binary[PART_MAX / 2];
	int count = value_hex(text, strlen(text), binary, sizeof(binary));

	if (count < 0)
		return "pairs of hexadecimal digits after 0x";
	bytes_put(b, binary, (size_t)count);
	return NULL;
}

/* An argument in quotes becomes its text, in place (a text is never longer unquoted). */
static const char *plain_argument(char *argument)
{
	char text[PART_MAX];
	struct bytes b = bytes_in(text, sizeof(text) - 1);
	const char *wanted;

	if (*argument != '"')
		return NULL;
	wanted = unquote(&b, argument);
	if (wanted)
		return wanted;
	memcpy(argument, text, b.length);
	argument[b.length] = '\0';
	return NULL;
}

static char *argument_end(char *text)
{
	bool quoted = false;

	for (; *text && (quoted || *text != ','); text++) {
		if (quoted && *text == '\\' && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
	}
	return text;
}

static const char *split_arguments(struct message *m, char *text)
{
	size_t length = strlen(text);

	if (!length || text[length - 1] != ')')
		return "a closing parenthesis after the arguments";
	text[length - 1] = '\0';
	for (unsigned i = 0; *text; i++) {
		char *end = argument_end(text);
		bool more = *end == ',';
		const char *wanted;
		if (i == PAYLOAD_ARGUMENTS_MAX)
			return "fewer arguments";
		*end = '\0';
		wanted = plain_argument(text);
		if (wanted)
			return wanted;
		m->argument[i] = text;
		text = end + more;
	}
	return NULL;
}

/* Arguments that the table calls BYTES or N must be numbers. */
static bool is_number(const char *name, size_t length)
{
	return (length == 5 && memcmp(name, "BYTES", 5) == 0) || (length == 1 && *name == 'N');
}

static const char *check_numbers(const struct payload_row *row, const struct message *m)
{
	const char *name = row->arguments;
	uint64_t value;

	for (unsigned i = 0; i < PAYLOAD_ARGUMENTS_MAX && m->argument[i]; i++) {
		size_t length = strcspn(name, ",");
		if (!length)
			return "fewer arguments, see `help script`";
		if (is_number(name, length) && !value_number(m->argument[i], PAYLOAD_MAX, &value))
			return "a number as argument, at most 196608";
		name += length + (name[length] == ',');
	}
	return NULL;
}

static const char *write_named(struct bytes *b, char *text, struct random_state *random)
{
	struct message m = {.random = random};
	char *open = strchr(text, '(');
	const char *wanted = NULL;
	const struct payload_row *row;

	if (open) {
		*open = '\0';
		wanted = split_arguments(&m, open + 1);
	}
	row = find_row(text);
	if (!row)
		return "a payload: 300, \"text\", 0x00ff, tls-client-hello(NAME) … (see `help "
		       "script`)";
	if (!wanted)
		wanted = check_numbers(row, &m);
	if (wanted)
		return wanted;
	if (row->write)
		row->write(b, &m);
	else
		format_bytes(b, row->text);
	return NULL;
}

static const char *write_part(struct bytes *b, char *text, struct random_state *random)
{
	struct message m = {.random = random};
	uint64_t count;

	if (*text == '"')
		return unquote(b, text);
	if (text[0] == '0' && text[1] == 'x')
		return write_hex(b, text + 2);
	if (!isdigit((unsigned char)*text))
		return write_named(b, text, random);
	if (!value_number(text, PAYLOAD_MAX, &count))
		return "a count of bytes, at most 196608";
	message_random(b, &m, count);
	return NULL;
}

const char *payload_write(struct bytes *b, const char *specification, struct random_state *random)
{
	char part[PART_MAX];

	for (;;) {
		const char *end = part_end(specification), *wanted;
		size_t length = (size_t)(end - specification);
		if (length >= sizeof(part))
			return "a shorter payload";
		memcpy(part, specification, length);
		part[length] = '\0';
		wanted = write_part(b, part, random);
		if (wanted)
			return wanted;
		if (b->overflow)
			return "a shorter payload: at most 196608 bytes";
		if (!*end)
			return NULL;
		specification = end + 1;
	}
}
