#include "yaml_mutator.h"

#define LINES_MAX 1024
#define BLOCK_BYTES_MAX 4096
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where the lines are, with what ends them. */
struct line_index {
	size_t count, at[LINES_MAX], bytes[LINES_MAX];
	const struct yaml_words *words;
};

typedef bool line_operation(struct mutation *, const struct line_index *, size_t chosen);

void yaml_words_add(struct yaml_words *w, const char *word)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->word[i], word) == 0)
			return;
	if (w->count < YAML_WORDS_MAX)
		w->word[w->count++] = word;
}

static void index_lines(struct line_index *x, const struct mutation *m)
{
	size_t at = 0;

	for (x->count = 0; at < m->length && x->count < LINES_MAX; x->count++) {
		const uint8_t *end = memchr(m->byte + at, '\n', m->length - at);
		x->at[x->count] = at;
		x->bytes[x->count] = (end ? (size_t)(end - m->byte) + 1 : m->length) - at;
		at += x->bytes[x->count];
	}
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r';
}

static size_t indent_of(const struct mutation *m, const struct line_index *x, size_t i)
{
	size_t n = 0;

	while (n < x->bytes[i] && m->byte[x->at[i] + n] == ' ')
		n++;
	return n;
}

/* The line and those below it that are deeper; a list's entry with its other keys. */
static size_t block_bytes(const struct mutation *m, const struct line_index *x, size_t i)
{
	size_t indent = indent_of(m, x, i), bytes = x->bytes[i];

	for (i++; i < x->count && indent_of(m, x, i) > indent; i++)
		bytes += x->bytes[i];
	return bytes;
}

/* --- lines and blocks ----------------------------------------------------------------------- */

static bool copy_to(struct mutation *m, size_t from, size_t bytes, size_t to)
{
	uint8_t kept[BLOCK_BYTES_MAX];

	if (bytes > sizeof(kept))
		return false;
	memcpy(kept, m->byte + from, bytes);
	return mutation_insert(m, to, kept, bytes);
}

/* At the beginning of a line with the same indentation, where one is found soon. */
static size_t place_for(struct mutation *m, const struct line_index *x, size_t i)
{
	size_t indent = indent_of(m, x, i), to = 0;

	for (unsigned tries = 0; tries < 16; tries++) {
		to = mutation_below(m, x->count);
		if (indent_of(m, x, to) == indent)
			break;
	}
	return to;
}

static bool repeat_line(struct mutation *m, const struct line_index *x, size_t i)
{
	return copy_to(m, x->at[i], x->bytes[i], x->at[place_for(m, x, i)]);
}

static bool repeat_block(struct mutation *m, const struct line_index *x, size_t i)
{
	return copy_to(m, x->at[i], block_bytes(m, x, i), x->at[place_for(m, x, i)]);
}

static bool lose_line(struct mutation *m, const struct line_index *x, size_t i)
{
	mutation_remove(m, x->at[i], x->bytes[i]);
	return true;
}

static bool lose_block(struct mutation *m, const struct line_index *x, size_t i)
{
	mutation_remove(m, x->at[i], block_bytes(m, x, i));
	return true;
}

static bool move_block(struct mutation *m, const struct line_index *x, size_t i)
{
	size_t bytes = block_bytes(m, x, i), to = x->at[place_for(m, x, i)];

	if (to > x->at[i] && to < x->at[i] + bytes)
		return false;
	if (!copy_to(m, x->at[i], bytes, to))
		return false;
	mutation_remove(m, x->at[i] + (to <= x->at[i] ? bytes : 0), bytes);
	return true;
}

/* One level deeper or less deep, with what is below. */
static bool indent_block(struct mutation *m, const struct line_index *x, size_t i)
{
	size_t end = x->at[i] + block_bytes(m, x, i), indent = indent_of(m, x, i), last = i;
	bool deeper = indent < 2 || mutation_one_in(m, 2);

	while (last + 1 < x->count && x->at[last + 1] < end)
		last++;
	for (size_t k = last + 1; k-- > i;) { /* from the last on, so that the index stays right */
		if (deeper && !mutation_insert(m, x->at[k], "  ", 2))
			return false;
		if (!deeper)
			mutation_remove(m, x->at[k], 2);
	}
	return true;
}

/* --- keys and values ------------------------------------------------------------------------ */

/* Where key and value of a line are, without "- ", quotes and spaces around; empty ones too. */
struct line_parts {
	size_t key, key_bytes, value, value_bytes;
};

static bool is_entry(const struct mutation *m, size_t at, size_t end)
{
	return at + 1 < end && m->byte[at] == '-' && m->byte[at + 1] == ' ';
}

static struct line_parts read_parts(const struct mutation *m, const struct line_index *x, size_t i)
{
	size_t at = x->at[i] + indent_of(m, x, i), end = x->at[i] + x->bytes[i], colon;

	while (end > at && is_blank(m->byte[end - 1]))
		end--;
	while (is_entry(m, at, end))
		at += 2;
	for (colon = at; colon < end && m->byte[colon] != ':';)
		colon++;
	if (colon == end) /* an entry of a list */
		return (struct line_parts){at, 0, at, end - at};
	if (colon + 1 < end && m->byte[colon + 1] == ' ')
		return (struct line_parts){at, colon - at, colon + 2, end - colon - 2};
	return (struct line_parts){at, colon - at, colon + 1, end - colon - 1};
}

static bool replace(struct mutation *m, size_t at, size_t bytes, const char *text)
{
	size_t length = strlen(text);

	if (length > m->room - m->length + bytes)
		return false;
	mutation_remove(m, at, bytes);
	return mutation_insert(m, at, text, length);
}

static const char *any_word(struct mutation *m, const struct line_index *x)
{
	return x->words->count ? x->words->word[mutation_below(m, x->words->count)] : "name";
}

static const char *any_value(struct mutation *m, const struct line_index *x)
{
	static const char *const value[] = {"yes", "no", "on", "\"\"", "''", "~", "null", "0", "-1",
		"1", "65535", "65536", "4294967296", "18446744073709551616", "0x10", "1e3", "22",
		"443/tcp", "8305/tcp", "514/udp", "53", "1-65535", "5000-4000", "0.0.0.0/0", "::/0",
		"10.0.0.0/8", "10.20.0.1", "10.20.0.1/33", "fe80::1", "2001:db8::/32",
		"::ffff:10.0.0.1", "255.255.255.255", "\"02:00:00:00:00:07\"", "60s", "0s", "1h",
		"7d", "5ms", "99999999999d", "[]", "{}", "[a, b]", "{a: b}",
		"[10.1.0.0/16, 10.1.0.0/16]", "&a x", "*a", "!!int 3", "|", ">-", "\"\\u0000\"",
		"\"\\x1b[31m\"", "../x", "/dev/null", "json", "%", "@", "`", "? a", "- - a", "<<",
		"# c", "'a''b'", "\"a\\nb\"", "\xff", "\xc3\xa4", "\xef\xbb\xbf", "tcp", "udp",
		"inbound", "outbound", "both", "any", "127.0.0.1:9464", "[::1]:0", "^SSH-",
		"\\x16\\x03", "(a|b)*c{2,5}", "[^\\r\\n]+", ".{0,600}x", "(?i)x"};
	size_t chosen = mutation_below(m, COUNT(value) + x->words->count);

	return chosen < COUNT(value) ? value[chosen] : x->words->word[chosen - COUNT(value)];
}

static bool change_key(struct mutation *m, const struct line_index *x, size_t i)
{
	struct line_parts p = read_parts(m, x, i);

	return p.key_bytes > 0 && replace(m, p.key, p.key_bytes, any_word(m, x));
}

static bool change_value(struct mutation *m, const struct line_index *x, size_t i)
{
	struct line_parts p = read_parts(m, x, i);

	if (p.key_bytes > 0 && m->byte[p.value - 1] == ':' &&
		!mutation_insert(m, p.value++, " ", 1))
		return false;
	return replace(m, p.value, p.value_bytes, any_value(m, x));
}

/* The value of another line. */
static bool copy_value(struct mutation *m, const struct line_index *x, size_t i)
{
	struct line_parts from = read_parts(m, x, mutation_below(m, x->count));
	struct line_parts to = read_parts(m, x, i);
	char text[256];

	if (from.value_bytes >= sizeof(text) || from.value_bytes == 0)
		return false;
	memcpy(text, m->byte + from.value, from.value_bytes);
	text[from.value_bytes] = '\0';
	return replace(m, to.value, to.value_bytes, text);
}

static bool edit_value(struct mutation *m, const struct line_index *x, size_t i)
{
	struct line_parts p = read_parts(m, x, i);

	mutation_part(m, p.value, p.value_bytes, p.value_bytes + 16);
	return true;
}

/* Within [] or {}: a part between commas replaced or repeated. */
static bool change_item(struct mutation *m, const struct line_index *x, size_t i)
{
	struct line_parts p = read_parts(m, x, i);
	size_t begin = p.value + mutation_below(m, p.value_bytes + 1), end;

	while (begin > p.value && !memchr(",[{:", m->byte[begin - 1], 4))
		begin--;
	for (end = begin; end < p.value + p.value_bytes && !memchr(",]}:", m->byte[end], 4);)
		end++;
	if (begin < end && m->byte[begin] == ' ')
		begin++;
	if (mutation_one_in(m, 3))
		return mutation_insert(m, end, ", ", 2) && copy_to(m, begin, end - begin, end + 2);
	return replace(
		m, begin, end - begin, mutation_one_in(m, 2) ? any_word(m, x) : any_value(m, x));
}

/* A line of a word and a value, as deep as the one that it precedes. */
static bool new_line(struct mutation *m, const struct line_index *x, size_t i)
{
	static const char spaces[] = "                ";
	size_t indent = indent_of(m, x, i), at = x->at[i];

	if (indent > sizeof(spaces) - 1 || !mutation_insert(m, at, spaces, indent))
		return false;
	at += indent;
	if (mutation_one_in(m, 4) && mutation_insert(m, at, "- ", 2))
		at += 2;
	return mutation_insert(m, at, "\n", 1) && replace(m, at, 0, any_value(m, x)) &&
	       mutation_insert(m, at, ": ", 2) && replace(m, at, 0, any_word(m, x));
}

/* --- one of them ------------------------------------------------------------------------------ */

size_t yaml_mutate(
	uint8_t *data, size_t size, size_t max_size, unsigned seed, const struct yaml_words *words)
{
	static line_operation *const operation[] = {repeat_line, repeat_block, lose_line,
		lose_block, move_block, indent_block, change_key, change_key, change_value,
		change_value, copy_value, edit_value, edit_value, change_item, change_item,
		new_line};
	struct mutation m = {seed, data, size, max_size};
	struct line_index x = {.words = words};

	index_lines(&x, &m);
	if (x.count == 0 || mutation_one_in(&m, 8) ||
		!operation[mutation_below(&m, COUNT(operation))](
			&m, &x, mutation_below(&m, x.count)))
		return LLVMFuzzerMutate(m.byte, m.length, m.room);
	return m.length;
}
