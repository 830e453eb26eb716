/* A YAML document as it stands in its file: nodes that know their line.
 *
 * Owns the bytes and the nodes; texts that it hands out live as long as it does. It refuses
 * what no profile or site needs and what only harms: more than DOCUMENT_BYTES_MAX, deep
 * nesting, aliases, a key twice (history bit case aside), a second document, NUL in a text. It
 * knows nothing of what the keys mean.
 *
 * Every error has the form `FILE:LINE: found …; want …`.
 */
#ifndef PORTOLAN_DOCUMENT_H
#define PORTOLAN_DOCUMENT_H

#include <stddef.h>

#define DOCUMENT_BYTES_MAX ((size_t)4 << 20)
#define DOCUMENT_DEPTH_MAX 16
#define DOCUMENT_KEYS_MAX 4096
#define NODE_SHOWN_BYTES 96

struct errors;
struct document;

/* 0, or a negative errno with the reason in `error`. */
int document_read(struct document **, const char *path, struct errors *);

/* The same from memory; `name` stands for the file in errors. The bytes are copied. */
int document_parse(
	struct document **, const char *name, const void *bytes, size_t size, struct errors *);

void document_free(struct document *);

const char *document_name(const struct document *);
const void *document_bytes(const struct document *, size_t *size);

/* Nodes are numbers; NODE_NONE stands for one that is not there and is good everywhere. */
enum { NODE_NONE, NODE_ROOT };
enum node_kind { NODE_IS_NONE, NODE_IS_TEXT, NODE_IS_LIST, NODE_IS_MAP };

enum node_kind node_kind(const struct document *, int node);
size_t node_count(const struct document *, int node); /* entries of a list or a mapping */
int node_item(const struct document *, int list, size_t index);
int node_key(const struct document *, int map, size_t index);
int node_value(const struct document *, int map, size_t index);
int node_get(const struct document *, int map, const char *key); /* history bit case aside */
const char *node_text(const struct document *, int node);	 /* NULL if it is no text */
unsigned node_line(const struct document *, int node);		 /* from 1 */

/* `"some text"`, `a list`, `a mapping`, `nothing`: what an error says was found. */
const char *node_shown(const struct document *, int node, char shown[NODE_SHOWN_BYTES]);

/* Complains with the file and the node's line in front. */
void node_error(const struct document *, int node, struct errors *, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
