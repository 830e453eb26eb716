/* The sinks and their keys in an entry of `outputs.events`: one line each. Enums, names, the site's
 * schema with its checks, its manual page, and the operations (defined in the sink's own file) are
 * derived from these lists.
 */
#ifndef PORTOLAN_SINK_LIST_H
#define PORTOLAN_SINK_LIST_H

#include <stdbool.h>

/* Kind, name in the site, operations (sink/sink.h). */
#define SINK_LIST(X)                                                                               \
	X(JSON, "json", sink_json_file)                                                            \
	X(SYSLOG, "syslog", sink_syslog)

/* All kinds, for messages. */
#define SINK_KINDS "json or syslog"

/* Key, name in the site, type of its value, sinks that have it, whether they require it and are
 * named by it, and the expected value (NULL: a text). A sink parses its values when it opens. */
#define SINK_KEY_LIST(X)                                                                           \
	X(PATH, "path", FILE, OF(JSON), true, "a file, or \"-\" for standard output")              \
	X(ROTATE, "rotate", SIZE, OF(JSON), false, "a size such as 100MB, or 0 for never")         \
	X(KEEP, "keep", COUNT, OF(JSON), false, "a number of files from 1 to 1000")                \
	X(ADDRESS, "address", ADDRESS, OF(SYSLOG), true,                                           \
		"udp://host:port, tcp://host:port or tls://host:port")                             \
	X(CA, "ca", TLS_FILE, OF(SYSLOG), false, NULL)                                             \
	X(CERTIFICATE, "certificate", TLS_FILE, OF(SYSLOG), false, NULL)                           \
	X(KEY, "key", TLS_FILE, OF(SYSLOG), false, NULL)

/* Types of values. */
enum sink_value {
	SINK_VALUE_TEXT,
	SINK_VALUE_FILE,     /* written to; "-" is standard output */
	SINK_VALUE_TLS_FILE, /* read; only with a tls:// address */
	SINK_VALUE_SIZE,     /* literal_size_bytes() */
	SINK_VALUE_COUNT,    /* 1 to SINK_COUNT_MAX */
	SINK_VALUE_ADDRESS,  /* udp://host:port, tcp://host:port, tls://host:port */
};

#define SINK_COUNT_MAX 1000

#define SINK_MEMBER(kind, name, operations) SINK_##kind,
enum sink_kind { SINK_LIST(SINK_MEMBER) SINK_COUNT };

#define SINK_KEY_MEMBER(key, name, value, sinks, is_needed, want) SINK_KEY_##key,
enum sink_key { SINK_KEY_LIST(SINK_KEY_MEMBER) SINK_KEY_COUNT };

/* An entry of the list of keys. */
struct sink_key_info {
	const char *name, *want;
	enum sink_value value;
	unsigned sinks; /* 1 << enum sink_kind */
	bool is_needed;
};

const char *sink_kind_name(enum sink_kind);
const struct sink_key_info *sink_key_info(enum sink_key);

/* The key whose value names a sink of this kind in messages. */
enum sink_key sink_name_key(enum sink_kind);

#endif
