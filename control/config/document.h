/* A YAML document: nodes that know their line.
 *
 * Owns the bytes and the nodes; texts that it returns are valid until it is freed. Refuses what no
 * profile or site needs: more than DOCUMENT_BYTES_MAX or DOCUMENT_NODES_MAX, deep nesting, aliases,
 * duplicate keys (ignoring case), a second document, NUL in a text. Knows nothing of the meaning of
 * keys.
 *
 * Every error has the form `FILE:LINE: found …; want …`.
 */
#ifndef PORTOLAN_DOCUMENT_H
#define PORTOLAN_DOCUMENT_H

#include <stddef.h>

#define DOCUMENT_BYTES_MAX ((size_t)16 << 20)
/* A node takes some 160 bytes while a document is read, whatever it takes in the file (two bytes).
 * An appliance has some nine to twenty, a rule fifteen. */
#define DOCUMENT_NODES_MAX 3000000
#define DOCUMENT_DEPTH_MAX 16
#define DOCUMENT_KEYS_MAX 4096
#define NODE_SHOWN_BYTES 96

struct arena;
struct errors;
struct document;

/* 0, or a negative errno with the reason in `error` (-ENOMEM may be without). */
int document_read(struct document **, const char *path, struct errors *);

/* The same from memory; `name` stands for the file in errors. The bytes are copied. */
int document_parse(
	struct document **, const char *name, const void *bytes, size_t size, struct errors *);

void document_free(struct document *);

/* The arena frees it, as its arena_release() does. */
void document_own(struct document *, struct arena *);

/* Memory that is freed with the document, by realloc()'s rules; 0 bytes free it. NULL: no more
 * memory. */
void *document_memory(const struct document *, void *old, size_t bytes);

const char *document_name(const struct document *);
const void *document_bytes(const struct document *, size_t *size);

/* Nodes are numbers; NODE_NONE is a missing node and valid in every call. */
enum { NODE_NONE, NODE_ROOT };
enum node_kind { NODE_IS_NONE, NODE_IS_TEXT, NODE_IS_LIST, NODE_IS_MAP };

enum node_kind node_kind(const struct document *, int node);
size_t node_count(const struct document *, int node); /* entries of a list or a mapping */
int node_item(const struct document *, int list, size_t index);
int node_key(const struct document *, int map, size_t index);
int node_value(const struct document *, int map, size_t index);
int node_get(const struct document *, int map, const char *key); /* ignoring case */
const char *node_text(const struct document *, int node);	 /* NULL if it is not a text */
unsigned node_line(const struct document *, int node);		 /* from 1 */

/* `"some text"`, `a list`, `a mapping`, `nothing`: the found value as errors show it. */
const char *node_shown(const struct document *, int node, char shown[NODE_SHOWN_BYTES]);

/* Adds an error that begins with the file and the node's line. */
void node_error(const struct document *, int node, struct errors *, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
