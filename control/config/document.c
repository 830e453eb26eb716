#include "config/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/plain_text.h"

/* Before each block of document_memory(): a ring. */
struct block {
	_Alignas(max_align_t) struct block *previous;
	struct block *next;
};

struct document {
	char *name;
	uint8_t *bytes;
	size_t size;
	bool is_loaded;
	yaml_document_t yaml;
	struct block *blocks; /* the ring's first is no block of anyone's */
};

/* ---- nodes ---- */

static const yaml_node_t *node_at(const struct document *d, int node)
{
	const yaml_node_t *first = d->yaml.nodes.start;

	if (node <= 0 || node > d->yaml.nodes.top - first)
		return NULL;
	return first + node - 1;
}

enum node_kind node_kind(const struct document *d, int node)
{
	const yaml_node_t *n = node_at(d, node);

	if (!n)
		return NODE_IS_NONE;
	if (n->type == YAML_SCALAR_NODE)
		return NODE_IS_TEXT;
	return n->type == YAML_SEQUENCE_NODE ? NODE_IS_LIST : NODE_IS_MAP;
}

size_t node_count(const struct document *d, int node)
{
	const yaml_node_t *n = node_at(d, node);

	if (n && n->type == YAML_SEQUENCE_NODE)
		return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
	if (n && n->type == YAML_MAPPING_NODE)
		return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
	return 0;
}

int node_item(const struct document *d, int list, size_t index)
{
	if (node_kind(d, list) != NODE_IS_LIST || index >= node_count(d, list))
		return NODE_NONE;
	return node_at(d, list)->data.sequence.items.start[index];
}

static const yaml_node_pair_t *node_pair(const struct document *d, int map, size_t index)
{
	if (node_kind(d, map) != NODE_IS_MAP || index >= node_count(d, map))
		return NULL;
	return node_at(d, map)->data.mapping.pairs.start + index;
}

int node_key(const struct document *d, int map, size_t index)
{
	const yaml_node_pair_t *pair = node_pair(d, map, index);

	return pair ? pair->key : NODE_NONE;
}

int node_value(const struct document *d, int map, size_t index)
{
	const yaml_node_pair_t *pair = node_pair(d, map, index);

	return pair ? pair->value : NODE_NONE;
}

int node_get(const struct document *d, int map, const char *key)
{
	for (size_t i = 0; node_kind(d, map) == NODE_IS_MAP && i < node_count(d, map); i++) {
		const char *text = node_text(d, node_key(d, map, i));
		if (text && strcasecmp(text, key) == 0)
			return node_value(d, map, i);
	}
	return NODE_NONE;
}

const char *node_text(const struct document *d, int node)
{
	const yaml_node_t *n = node_at(d, node);

	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

unsigned node_line(const struct document *d, int node)
{
	const yaml_node_t *n = node_at(d, node);

	return n ? (unsigned)n->start_mark.line + 1 : 1;
}

const char *node_shown(const struct document *d, int node, char shown[NODE_SHOWN_BYTES])
{
	const char *text = node_text(d, node);
	enum node_kind kind = node_kind(d, node);

	if (text && *text)
		snprintf(shown, NODE_SHOWN_BYTES, "\"%.*s%s\"", 64, text,
			strlen(text) > 64 ? "…" : "");
	else if (kind == NODE_IS_LIST)
		snprintf(shown, NODE_SHOWN_BYTES, node_count(d, node) ? "a list" : "an empty list");
	else if (kind == NODE_IS_MAP)
		snprintf(shown, NODE_SHOWN_BYTES,
			node_count(d, node) ? "a mapping" : "an empty mapping");
	else
		snprintf(shown, NODE_SHOWN_BYTES, "nothing");
	return shown;
}

void node_error(const struct document *d, int node, struct errors *errors, const char *format, ...)
{
	char text[ERRORS_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errors_add(errors, "%s:%u: %s", d->name, node_line(d, node), text);
}

const char *document_name(const struct document *d)
{
	return d->name;
}

const void *document_bytes(const struct document *d, size_t *size)
{
	*size = d->size;
	return d->bytes;
}

/* ---- checks ---- */

static int refuse(const struct document *d, size_t line, struct errors *errors, const char *why)
{
	errors_add(errors, "%s:%zu: %s", d->name, line, why);
	return -EINVAL;
}

/* libyaml gives only an offset, no line, for bytes that are not valid text. */
static size_t parser_line(const struct document *d, const yaml_parser_t *parser)
{
	size_t line = 1;

	if (parser->error != YAML_READER_ERROR)
		return parser->problem_mark.line + 1;
	for (size_t i = 0; i < parser->problem_offset && i < d->size; i++)
		line += d->bytes[i] == '\n';
	return line;
}

static int refuse_syntax(
	const struct document *d, const yaml_parser_t *parser, struct errors *errors)
{
	const char *problem = parser->problem;

	/* Out of memory it has no words, and not always the number. */
	if (!problem || parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		errors_add(errors, "%s:%zu: found a binary file (%s); want YAML in UTF-8", d->name,
			parser_line(d, parser), problem);
	else
		errors_add(errors,
			"%s:%zu: found broken YAML (%s); want `key: value` lines, indented by "
			"spaces",
			d->name, parser_line(d, parser), problem);
	return -EINVAL;
}

/* State between events: nesting depth, documents and nodes seen. */
struct scan {
	int depth, documents;
	size_t nodes;
};

static bool is_node(yaml_event_type_t type)
{
	return type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
	       type == YAML_MAPPING_START_EVENT;
}

static int scan_event(const struct document *d, struct scan *scan, const yaml_event_t *event,
	struct errors *errors)
{
	size_t line = event->start_mark.line + 1;

	scan->nodes += is_node(event->type);
	if (scan->nodes > DOCUMENT_NODES_MAX)
		return refuse(d, line, errors,
			"found too many keys and values; want at most 1,000,000 in a document");
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return refuse(
			d, line, errors, "found an alias; want the value itself, written out");
	case YAML_DOCUMENT_START_EVENT:
		if (++scan->documents > 1)
			return refuse(d, line, errors,
				"found a second document; want one document in a file");
		return 0;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		if (++scan->depth > DOCUMENT_DEPTH_MAX)
			return refuse(d, line, errors,
				"found lists and mappings nested too deep; want at most 16 levels");
		return 0;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		scan->depth--;
		return 0;
	default:
		return 0;
	}
}

/* Parses the whole text once to reject what must not reach the node tree. */
static int document_scan(const struct document *d, yaml_parser_t *parser, struct errors *errors)
{
	struct scan scan = {0};
	bool at_end = false;
	yaml_event_t event;
	int rc = 0;

	while (rc == 0 && !at_end) {
		if (!yaml_parser_parse(parser, &event))
			return refuse_syntax(d, parser, errors);
		rc = scan_event(d, &scan, &event, errors);
		at_end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	if (rc == 0 && scan.documents == 0)
		return refuse(d, 1, errors, "found nothing; want a YAML mapping");
	return rc;
}

struct key {
	const char *text;
	size_t line;
};

static int key_compare(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int order = strcasecmp(a->text, b->text);

	return order ? order : (a->line > b->line) - (a->line < b->line);
}

static int keys_check(
	const struct document *d, struct key *key, size_t count, struct errors *errors)
{
	int rc = 0;

	qsort(key, count, sizeof(*key), key_compare);
	for (size_t i = 1; i < count; i++) {
		if (strcasecmp(key[i].text, key[i - 1].text) != 0)
			continue;
		errors_add(errors,
			"%s:%zu: found key \"%s\" again; want it once (it is on line %zu)", d->name,
			key[i].line, key[i].text, key[i - 1].line);
		rc = -EINVAL;
	}
	return rc;
}

/* Every key must be a text and unique, so that it is clear which setting is in effect. */
static int map_check(const struct document *d, int map, struct errors *errors)
{
	struct key key[DOCUMENT_KEYS_MAX];
	size_t count = node_count(d, map);

	if (count > DOCUMENT_KEYS_MAX)
		return refuse(d, node_line(d, map), errors,
			"found too many keys in one mapping; want at most 4096");
	for (size_t i = 0; i < count; i++) {
		int node = node_key(d, map, i);
		key[i] = (struct key){node_text(d, node), node_line(d, node)};
		if (!key[i].text)
			return refuse(d, key[i].line, errors,
				"found a list or a mapping as a key; want a word");
	}
	return keys_check(d, key, count, errors);
}

static int text_check(const struct document *d, int node, struct errors *errors)
{
	const yaml_node_t *n = node_at(d, node);

	if (strlen((const char *)n->data.scalar.value) != n->data.scalar.length)
		return refuse(d, node_line(d, node), errors,
			"found a text with a zero byte in it; want it without");
	if (text_is_plain((const char *)n->data.scalar.value))
		return 0;
	return refuse(d, node_line(d, node), errors,
		"found a text with a control character in it, or one that turns the order of "
		"reading; want it without");
}

static int document_check(const struct document *d, struct errors *errors)
{
	int nodes = (int)(d->yaml.nodes.top - d->yaml.nodes.start);
	int rc = 0;

	for (int node = NODE_ROOT; node <= nodes; node++) {
		enum node_kind kind = node_kind(d, node);
		int bad = kind == NODE_IS_MAP	 ? map_check(d, node, errors)
			  : kind == NODE_IS_TEXT ? text_check(d, node, errors)
						 : 0;
		rc = bad ? bad : rc;
	}
	return rc;
}

/* ---- reading ---- */

/* Runs `pass` over the bytes with a parser of its own. */
static int document_pass(struct document *d, struct errors *errors,
	int (*pass)(struct document *, yaml_parser_t *, struct errors *))
{
	yaml_parser_t parser;
	int rc;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, d->bytes, d->size);
	rc = pass(d, &parser, errors);
	yaml_parser_delete(&parser);
	return rc;
}

static int scan_pass(struct document *d, yaml_parser_t *parser, struct errors *errors)
{
	return document_scan(d, parser, errors);
}

static int load_pass(struct document *d, yaml_parser_t *parser, struct errors *errors)
{
	if (!yaml_parser_load(parser, &d->yaml))
		return refuse_syntax(d, parser, errors);
	d->is_loaded = true;
	return document_check(d, errors);
}

static struct document *document_new(const char *name, const void *bytes, size_t size)
{
	struct document *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->name = strdup(name);
	d->bytes = malloc(size + 1);
	d->size = size;
	d->blocks = malloc(sizeof(*d->blocks));
	if (!d->name || !d->bytes || !d->blocks) {
		free(d->blocks);
		d->blocks = NULL;
		document_free(d);
		return NULL;
	}
	*d->blocks = (struct block){d->blocks, d->blocks};
	if (size)
		memcpy(d->bytes, bytes, size);
	return d;
}

int document_parse(struct document **result, const char *name, const void *bytes, size_t size,
	struct errors *errors)
{
	struct document *d;
	int rc;

	if (size > DOCUMENT_BYTES_MAX) {
		errors_add(errors, "%s:1: found more than 4 MiB; want a profile or a site", name);
		return -EFBIG;
	}
	d = document_new(name, bytes, size);
	if (!d)
		return -ENOMEM;
	rc = document_pass(d, errors, scan_pass);
	if (rc == 0)
		rc = document_pass(d, errors, load_pass);
	if (rc)
		document_free(d);
	else
		*result = d;
	return rc;
}

/* Reads as much as fits: bytes read, or -errno. */
static ssize_t file_read(int fd, uint8_t *bytes, size_t room)
{
	size_t size = 0;

	while (size < room) {
		ssize_t n = read(fd, bytes + size, room - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
	}
	return (ssize_t)size;
}

/* Size of the file plus a byte that shows whether it has grown; DOCUMENT_BYTES_MAX + 1 for a pipe,
 * which has no size. Always allocating the maximum would cost more than the reading: freeing a
 * block of that size raises glibc's mmap threshold, and later calloc() calls then clear memory that
 * the kernel had zeroed. */
static size_t file_capacity(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size >= (off_t)DOCUMENT_BYTES_MAX)
		return DOCUMENT_BYTES_MAX + 1;
	return (size_t)st.st_size + 1;
}

static int file_error(const char *path, int error, struct errors *errors)
{
	if (error == ENOMEM)
		return -ENOMEM;
	errors_add(errors, "%s:1: found no readable file (%s); want a YAML file", path,
		strerror(error));
	return -error;
}

int document_read(struct document **result, const char *path, struct errors *errors)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room;
	uint8_t *bytes;
	ssize_t size;
	int rc;

	if (fd < 0)
		return file_error(path, errno, errors);
	room = file_capacity(fd);
	bytes = malloc(room);
	size = bytes ? file_read(fd, bytes, room) : -ENOMEM;
	close(fd);
	if (size < 0 || !bytes)
		rc = file_error(path, (int)-size, errors);
	else
		rc = document_parse(result, path, bytes, (size_t)size, errors);
	free(bytes);
	return rc;
}

static void block_free(struct block *block)
{
	block->previous->next = block->next;
	block->next->previous = block->previous;
	free(block);
}

void *document_memory(const struct document *d, void *old, size_t bytes)
{
	struct block *block = old ? (struct block *)old - 1 : NULL;

	if (bytes == 0) {
		if (block)
			block_free(block);
		return NULL;
	}
	block = bytes > SIZE_MAX - sizeof(*block) ? NULL : realloc(block, sizeof(*block) + bytes);
	if (!block)
		return NULL;
	if (!old)
		*block = (struct block){d->blocks, d->blocks->next};
	block->previous->next = block;
	block->next->previous = block;
	return block + 1;
}

void document_free(struct document *d)
{
	if (!d)
		return;
	while (d->blocks && d->blocks->next != d->blocks)
		block_free(d->blocks->next);
	free(d->blocks);
	if (d->is_loaded)
		yaml_document_delete(&d->yaml);
	free(d->bytes);
	free(d->name);
	free(d);
}

static void document_release(void *document)
{
	document_free(document);
}

void document_own(struct document *d, struct arena *arena)
{
	arena_own(arena, document_release, d);
}
