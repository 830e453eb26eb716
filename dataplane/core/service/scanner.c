#include "core/service/scanner.h"

#include <errno.h>
#include <hs.h>
#include <string.h>

/* --- at start ------------------------------------------------------------------------ */

size_t scanner_size(void)
{
	return sizeof(struct scanner);
}

static unsigned flags_of(const struct signature *s)
{
	return HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH | (s->caseless ? HS_FLAG_CASELESS : 0);
}

/* The patterns of one part; `id` is each one's index among all signatures. */
struct patterns {
	const char *text[SIGNATURES_MAX];
	unsigned flags[SIGNATURES_MAX], id[SIGNATURES_MAX];
	unsigned count;
};

/* What is looked for of a signature in its transport's first part or in its second, or NULL. */
static const char *text_of(const struct signature *s, unsigned part)
{
	if (part >= TRANSPORT_COUNT)
		return s->beginning ? s->pattern : NULL;
	return s->beginning ? s->beginning : s->pattern;
}

static void patterns_of(const struct scanner *s, unsigned part, struct patterns *p)
{
	p->count = 0;
	for (size_t i = 0; i < s->count; i++) {
		const char *text = text_of(&s->signature[i], part);
		if (s->signature[i].transport != part % TRANSPORT_COUNT || !text)
			continue;
		p->text[p->count] = text;
		p->flags[p->count] = flags_of(&s->signature[i]);
		p->id[p->count++] = (unsigned)i;
	}
}

static void report_hit(struct scanner_fault *fault, size_t signature, const char *why)
{
	size_t length = strnlen(why, SCANNER_WHY_BYTES - 1);

	fault->signature = signature;
	memcpy(fault->why, why, length);
	fault->why[length] = '\0';
}

static int compile(struct scanner *s, unsigned part, struct scanner_fault *fault)
{
	struct patterns p;
	hs_compile_error_t *error = NULL;

	patterns_of(s, part, &p);
	if (p.count == 0)
		return 0;
	if (hs_compile_multi(p.text, p.flags, p.id, p.count, HS_MODE_BLOCK, NULL,
		    &s->database[part], &error) == HS_SUCCESS)
		return 0;
	if (!error || strstr(error->message, "Unable to allocate memory")) {
		hs_free_compile_error(error);
		return -ENOMEM; /* Hyperscan has one number for all failures */
	}
	report_hit(fault,
		error->expression >= 0 && (unsigned)error->expression < p.count
			? p.id[error->expression]
			: SIGNATURES_MAX,
		error->message);
	hs_free_compile_error(error);
	return -EINVAL;
}

static void add_validator(struct scanner *s, const struct signature *signature)
{
	int8_t *list = s->validators[signature->transport][signature->service];
	unsigned n = 0;

	while (n < 3 && list[n] >= 0 && list[n] != (int8_t)signature->validator)
		n++;
	if (signature->validator != VALIDATOR_NONE)
		list[n] = (int8_t)signature->validator;
}

static void set(struct hits *hits, unsigned signature)
{
	hits->word[signature / 64] |= (uint64_t)1 << signature % 64;
}

static void index_signatures(struct scanner *s)
{
	memset(s->validators, -1, sizeof(s->validators));
	for (size_t i = 0; i < s->count; i++) {
		const struct signature *g = &s->signature[i];
		add_validator(s, g);
		if (g->beginning)
			set(&s->begun[g->transport], (unsigned)i);
		if (g->pattern)
			continue;
		set(&s->unpatterned[g->transport], (unsigned)i);
		s->unpatterned_services |= SERVICE_BIT(g->service);
	}
}

static int begin(struct scanner *s, const struct signature *signature, size_t count)
{
	memset(s, 0, sizeof(*s));
	if (count > SIGNATURES_MAX)
		return -EINVAL;
	s->signature = signature;
	s->count = count;
	index_signatures(s);
	return 0;
}

int scanner_init(struct scanner *s, const struct signature *signature, size_t count,
	struct scanner_fault *fault)
{
	int rc = begin(s, signature, count);

	if (rc)
		report_hit(fault, SIGNATURES_MAX, "too many signatures");
	for (unsigned part = 0; part < SCANNER_PARTS && rc == 0; part++)
		rc = compile(s, part, fault);
	if (rc)
		scanner_fini(s);
	return rc;
}

void scanner_fini(struct scanner *s)
{
	for (unsigned part = 0; part < SCANNER_PARTS; part++) {
		hs_free_database(s->database[part]);
		s->database[part] = NULL;
	}
}

/* --- kept ---------------------------------------------------------------------------- */

int scanner_terms(const struct signature *signature, size_t count,
	void (*take)(void *, const void *, size_t), void *context)
{
	const struct scanner s = {.signature = signature, .count = count};
	hs_platform_info_t platform = {0};
	struct patterns p;

	if (count > SIGNATURES_MAX || hs_populate_platform(&platform) != HS_SUCCESS)
		return -ENOTSUP;
	take(context, SCANNER_LIBRARY, sizeof(SCANNER_LIBRARY));
	take(context, hs_version(), strlen(hs_version()) + 1);
	take(context, &platform.tune, sizeof(platform.tune));
	take(context, &platform.cpu_features, sizeof(platform.cpu_features));
	for (unsigned part = 0; part < SCANNER_PARTS; part++) {
		patterns_of(&s, part, &p);
		take(context, &p.count, sizeof(p.count));
		take(context, p.flags, p.count * sizeof(p.flags[0]));
		take(context, p.id, p.count * sizeof(p.id[0]));
		for (unsigned i = 0; i < p.count; i++)
			take(context, p.text[i], strlen(p.text[i]) + 1);
	}
	return 0;
}

/* The library allocates by malloc unless it is told otherwise, which it is not here. */
int scanner_save(const struct scanner *s, struct scanner_part part[SCANNER_PARTS])
{
	memset(part, 0, SCANNER_PARTS * sizeof(part[0]));
	for (unsigned i = 0; i < SCANNER_PARTS; i++) {
		if (s->database[i] && hs_serialize_database(s->database[i], &part[i].bytes,
					      &part[i].length) != HS_SUCCESS)
			return -ENOMEM;
	}
	return 0;
}

static int load(struct scanner *s, unsigned part, const struct scanner_part *kept)
{
	struct patterns p;

	patterns_of(s, part, &p);
	if ((p.count == 0) != (kept->length == 0))
		return -EINVAL;
	if (p.count == 0 || hs_deserialize_database(
				    kept->bytes, kept->length, &s->database[part]) == HS_SUCCESS)
		return 0;
	return -EINVAL;
}

int scanner_load(struct scanner *s, const struct signature *signature, size_t count,
	const struct scanner_part part[SCANNER_PARTS])
{
	int rc = begin(s, signature, count);

	for (unsigned i = 0; i < SCANNER_PARTS && rc == 0; i++)
		rc = load(s, i, &part[i]);
	if (rc)
		scanner_fini(s);
	return rc;
}

int scratch_init(struct hs_scratch **scratch, const struct scanner *s)
{
	*scratch = NULL;
	for (unsigned part = 0; part < SCANNER_PARTS; part++) {
		if (!s->database[part])
			continue;
		if (hs_alloc_scratch(s->database[part], scratch) != HS_SUCCESS)
			return -ENOMEM;
	}
	return 0;
}

void scratch_fini(struct hs_scratch *scratch)
{
	hs_free_scratch(scratch);
}

/* --- with a packet ------------------------------------------------------------------- */

static int found(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	(void)from;
	(void)to;
	(void)flags;
	set(context, id);
	return 0;
}

/* Of the signatures that have only begun, those whose pattern is there stay hits. */
static __attribute__((noinline)) void scan_on(const struct scanner *s, struct hs_scratch *scratch,
	enum transport transport, const uint8_t *bytes, uint32_t length, struct hits *hits)
{
	struct hits whole = {0};

	hs_scan(s->database[TRANSPORT_COUNT + transport], (const char *)bytes, length, 0, scratch,
		found, &whole);
	for (unsigned w = 0; w < HITS_WORDS; w++)
		hits->word[w] &= ~s->begun[transport].word[w] | whole.word[w];
}

void scan(const struct scanner *s, struct hs_scratch *scratch, enum transport transport,
	const uint8_t *bytes, uint32_t length, struct hits *hits)
{
	uint64_t begun = 0;

	memset(hits, 0, sizeof(*hits));
	if (!s->database[transport])
		return;
	hs_scan(s->database[transport], (const char *)bytes, length, 0, scratch, found, hits);
	for (unsigned w = 0; w < HITS_WORDS; w++)
		begun |= hits->word[w] & s->begun[transport].word[w];
	if (begun)
		scan_on(s, scratch, transport, bytes, length, hits);
}
