#include "policy/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/heap.h"
#include "base/plain_text.h"
#include "config/config_path.h"
#include "config/document.h"
#include "config/profile.h"
#include "config/settings.h"
#include "config/signatures.h"
#include "config/site.h"
#include "policy/appliances.h"
#include "policy/policy_hash.h"
#include "policy/rows.h"
#include "policy/rules.h"
#include "policy/scanner_cache.h"
#include "policy/warnings.h"

/* Inputs of a ruleset while it is built: one argument instead of six. */
struct ruleset_builder {
	struct arena *arena;
	struct errors *errors;
	const char *name;   /* what is opened: a path or a profile's name */
	const char *wanted; /* the profile asked for beside the site, or NULL */
	const void *bytes;  /* of what has no file */
	size_t size;
	struct profile profile;
	struct site site;
	bool rules_only;
	struct ruleset **result;
};

static void values_write(
	struct ruleset *ruleset, const struct ruleset_builder *builder, const char *name)
{
	ruleset->name = plain_text(arena_text(builder->arena, name));
	ruleset->profile = arena_text(builder->arena, builder->profile.name);
	ruleset->version = arena_text(builder->arena, builder->profile.version);
	ruleset->group = builder->site.group;
	ruleset->groups = builder->site.groups;
	ruleset->mirror_endpoint = builder->site.mirror_endpoint;
	ruleset->mirror_endpoints = builder->site.mirror_endpoints;
	ruleset->warmup_ns = builder->site.warmup_ns;
	ruleset->silence_ns = builder->site.silence_ns;
	ruleset->timeouts = builder->site.timeouts;
	ruleset->memory = builder->arena;
}

/* Builds the ruleset from profile and site. */
static int ruleset_make(struct ruleset_builder *builder, const char *name)
{
	struct ruleset *ruleset = arena_alloc(builder->arena, sizeof(*ruleset));
	int rules, appliance_list, words = 0;

	ruleset->policy = arena_table(builder->arena, 1, sizeof(*ruleset->policy));
	ruleset->policy->generation = 1;
	rules = rules_build(ruleset, &builder->site, builder->arena, builder->errors);
	appliance_list = appliances_build(ruleset, &builder->site, builder->arena, builder->errors);
	ruleset->signatures = arena_alloc(builder->arena, sizeof(*ruleset->signatures));
	if (!builder->rules_only)
		words = signatures_read(ruleset->signatures, builder->arena, builder->errors);
	if (rules || appliance_list || words)
		return rules ? rules : appliance_list ? appliance_list : words;
	rows_build(ruleset, builder->arena);
	values_write(ruleset, builder, name);
	warnings_write(ruleset, &builder->site, builder->arena);
	if (!builder->rules_only)
		policy_hash_write(ruleset, &builder->site, builder->arena);
	*builder->result = ruleset;
	return 0;
}

static int ruleset_from_profile(struct ruleset_builder *builder, const struct document *document)
{
	int rc =
		profile_from_document(&builder->profile, document, builder->arena, builder->errors);

	if (rc)
		return rc;
	site_default(&builder->site, &builder->profile, builder->arena);
	return ruleset_make(builder, builder->profile.name);
}

static int ruleset_from_name(struct ruleset_builder *builder, const char *profile)
{
	int rc = profile_open(
		&builder->profile, profile, NULL, NODE_NONE, builder->arena, builder->errors);

	if (rc)
		return rc;
	site_default(&builder->site, &builder->profile, builder->arena);
	return ruleset_make(builder, builder->profile.name);
}

/* Reads the profile that the site names, which must not contradict the wanted one. */
static int ruleset_from_site(struct ruleset_builder *builder, const struct document *document)
{
	const char *wanted = builder->wanted;
	int node = node_get(document, NODE_ROOT, "profile");
	const char *named = node_text(document, node);
	int rc;

	if (named && wanted && strcmp(named, wanted) != 0) {
		node_error(document, node, builder->errors,
			"found profile %s where %s was asked for; want one of them", named, wanted);
		return -EINVAL;
	}
	if (named && *named)
		rc = profile_open(
			&builder->profile, named, document, node, builder->arena, builder->errors);
	else
		rc = profile_open(&builder->profile, wanted ? wanted : PROFILE_DEFAULT, NULL,
			NODE_NONE, builder->arena, builder->errors);
	if (rc == 0)
		rc = site_open_profiles(&builder->site, document, &builder->profile, builder->arena,
			builder->errors);
	if (rc == 0)
		rc = site_read(&builder->site, document, builder->arena, builder->errors);
	return rc ? rc : ruleset_make(builder, builder->site.file);
}

static bool document_is_profile(const struct document *document)
{
	return node_get(document, NODE_ROOT, "rows") || node_get(document, NODE_ROOT, "extends") ||
	       node_get(document, NODE_ROOT, "add");
}

/* ---- what is opened, under arena_try() ---- */

/* The document of the bytes, or of the file if there are none. */
static int builder_document(struct ruleset_builder *builder, struct document **document)
{
	int rc = builder->bytes ? document_parse(document, builder->name, builder->bytes,
					  builder->size, builder->errors)
				: document_read(document, builder->name, builder->errors);

	if (rc == 0)
		document_own(*document, builder->arena);
	return rc;
}

static int open_name(void *context)
{
	struct ruleset_builder *builder = context;

	return ruleset_from_name(builder, builder->name);
}

static int open_site(void *context)
{
	struct ruleset_builder *builder = context;
	struct document *document;
	int rc = builder_document(builder, &document);

	if (rc == 0) {
		rc = ruleset_from_site(builder, document);
		arena_release(builder->arena, document);
	}
	return rc;
}

static int open_profile(void *context)
{
	struct ruleset_builder *builder = context;
	struct document *document;
	int rc = builder_document(builder, &document);

	if (rc == 0) {
		rc = ruleset_from_profile(builder, document);
		arena_release(builder->arena, document);
	}
	return rc;
}

static int open_either(void *context)
{
	struct ruleset_builder *builder = context;
	struct document *document;
	int rc = builder_document(builder, &document);

	if (rc == 0) {
		rc = document_is_profile(document) ? ruleset_from_profile(builder, document)
						   : ruleset_from_site(builder, document);
		arena_release(builder->arena, document);
	}
	return rc;
}

/* After a failure everything is freed and there is an error; for want of memory it is the only one,
 * since what was found before may be a consequence. */
static int builder_fail(const struct ruleset_builder *builder, int rc)
{
	arena_free(builder->arena);
	if (rc == -ENOMEM)
		*builder->errors = (struct errors){0};
	if (builder->errors->length == 0)
		errors_add(builder->errors, "%s: %s", builder->name,
			rc == -ENOMEM ? "no more memory" : strerror(-rc));
	return rc;
}

/* Opens; hands the settings over if wanted. */
static int builder_run(
	struct ruleset_builder *builder, int (*open)(void *), struct settings **settings)
{
	struct arena *arena = builder->arena = arena_new(), *part;
	int rc = arena ? arena_try(arena, open, builder) : -ENOMEM;

	if (rc)
		return builder_fail(builder, rc);
	part = builder->site.settings->memory;
	if (settings) {
		arena_disown(arena, part);
		*settings = builder->site.settings;
	} else {
		arena_release(arena, part);
	}
	return 0;
}

int ruleset_open(struct ruleset **result, struct settings **settings, const char *site,
	const char *profile, struct errors *errors)
{
	struct ruleset_builder builder = {.result = result, .errors = errors, .name = site};

	if (site) {
		builder.wanted = profile;
		return builder_run(&builder, open_site, settings);
	}
	builder.name = profile ? profile : PROFILE_DEFAULT;
	return builder_run(&builder, open_name, settings);
}

int ruleset_open_rules_only(struct ruleset **result, const char *profile, struct errors *errors)
{
	struct ruleset_builder builder = {
		.result = result, .errors = errors, .name = profile, .rules_only = true};

	return builder_run(&builder, open_name, NULL);
}

int ruleset_open_any(struct ruleset **result, struct settings **settings, const char *name,
	struct errors *errors)
{
	struct ruleset_builder builder = {.result = result, .errors = errors, .name = name};

	return builder_run(&builder, config_path_is_path(name) ? open_either : open_name, settings);
}

int ruleset_parse_site(struct ruleset **result, struct settings **settings, const char *name,
	const void *bytes, size_t size, struct errors *errors)
{
	struct ruleset_builder builder = {
		.result = result, .errors = errors, .name = name, .bytes = bytes, .size = size};

	return builder_run(&builder, open_site, settings);
}

int ruleset_parse_profile(struct ruleset **result, const char *name, const void *bytes, size_t size,
	struct errors *errors)
{
	struct ruleset_builder builder = {
		.result = result, .errors = errors, .name = name, .bytes = bytes, .size = size};

	return builder_run(&builder, open_profile, NULL);
}

/* ---- signatures and names ---- */

struct compilation {
	struct ruleset *ruleset;
	struct errors *errors;
	struct scanner *memory;
};

static int reserve_scanner(void *context)
{
	struct compilation *c = context;

	c->memory = arena_alloc(c->ruleset->memory, scanner_size());
	return 0;
}

int ruleset_compile(struct ruleset *ruleset, struct errors *errors)
{
	struct compilation c = {.ruleset = ruleset, .errors = errors};
	int rc = 0;

	if (!ruleset->scanner)
		rc = arena_try(ruleset->memory, reserve_scanner, &c);
	if (c.memory)
		rc = scanner_cache_load(c.memory, ruleset->signatures, errors);
	if (c.memory && rc == 0)
		ruleset->scanner = c.memory;
	if (rc == -ENOMEM) {
		*errors = (struct errors){0};
		errors_add(errors, "%s: no more memory", ruleset->name);
	}
	return rc;
}

struct name_wanted {
	const struct ruleset *ruleset;
	const char *name;
};

static int name_compare(const void *key, const void *element)
{
	const struct name_wanted *wanted = key;
	const uint16_t *appliance = element;

	return strcmp(wanted->name, wanted->ruleset->appliance[*appliance].name);
}

uint16_t ruleset_appliance(const struct ruleset *ruleset, const char *name)
{
	struct name_wanted wanted = {ruleset, name};
	const uint16_t *found = ruleset->appliances
					? bsearch(&wanted, ruleset->by_name, ruleset->appliances,
						  sizeof(*ruleset->by_name), name_compare)
					: NULL;

	return found ? *found : APPLIANCE_NONE;
}

static void list_add(struct rule_list *list, const struct ruleset_class *class, bool *is_in)
{
	for (size_t i = 0; i < class->rules; i++)
		if (!is_in[class->rule[i]]) {
			is_in[class->rule[i]] = true;
			list->rule[list->count++] = class->rule[i];
		}
}

/* The classes that apply: the roles' own, or an appliance's and that of its data interfaces. */
static void classes_of(const struct ruleset *c, uint16_t appliance, unsigned class[2])
{
	if (appliance == APPLIANCE_NONE) {
		class[0] = ROLE_MANAGEMENT_CENTER;
		class[1] = ROLE_MANAGED_DEVICE;
		return;
	}
	class[0] = c->class_of[appliance];
	class[1] = c->policy->class[class[0]].data_class;
}

struct rule_list ruleset_rules(const struct ruleset *c, uint16_t appliance)
{
	struct rule_list list = {.rule = NULL};
	bool *is_in = heap_calloc(c->policy->rules + 1u, sizeof(*is_in));
	unsigned class[2];

	classes_of(c, appliance, class);
	list.rule = heap_calloc(
		c->class[class[0]].rules + c->class[class[1]].rules + 1, sizeof(*list.rule));
	for (unsigned i = 0; is_in && list.rule && i < 2; i++)
		list_add(&list, &c->class[class[i]], is_in);
	if (!is_in) {
		free(list.rule);
		list.rule = NULL;
	}
	free(is_in);
	return list;
}

bool ruleset_is_own(const struct ruleset *ruleset, uint32_t rule)
{
	return strcmp(ruleset->rule[rule].origin, "site") == 0;
}

const struct rule_text *ruleset_member_text(const struct ruleset *ruleset, uint16_t set, uint32_t i)
{
	return &ruleset->rule[policy_member(ruleset->policy, set, i)];
}

const struct rule_text *ruleset_set_text(const struct ruleset *ruleset, uint16_t set)
{
	return ruleset->policy->set[set].count ? ruleset_member_text(ruleset, set, 0) : NULL;
}

const char *ruleset_set_id(const struct ruleset *ruleset, uint16_t set)
{
	const struct rule_text *rule = ruleset_set_text(ruleset, set);

	return rule ? rule->id : "";
}

const char *ruleset_profile_of(const struct ruleset *c, uint16_t appliance)
{
	return appliance == APPLIANCE_NONE ? c->profile : c->class[c->class_of[appliance]].profile;
}

const char *ruleset_peers_words(const struct rule *r)
{
	if (r->peers & PEERS_MANAGERS)
		return " (its management centers only)";
	if (r->peers & (PEERS_LISTED | PEERS_BOUND))
		return " (listed peers only)";
	return r->peers & PEERS_INVENTORY ? " (appliances only)" : "";
}

uint16_t ruleset_row_set(const struct ruleset *ruleset, size_t appliance, uint32_t row)
{
	unsigned class = ruleset->class_of[appliance];
	unsigned data = ruleset->policy->class[class].data_class;
	uint16_t set = ruleset->class_row[(size_t) class * ruleset->rows + row];

	return set != SET_NONE ? set : ruleset->class_row[(size_t)data * ruleset->rows + row];
}

const char *ruleset_interface_at(const struct ruleset *ruleset, size_t appliance,
	const struct address *address, unsigned version)
{
	const struct policy *p = ruleset->policy;
	uint32_t first = p->data_first ? p->data_first[appliance] : 0;
	uint32_t end = p->data_first ? p->data_first[appliance + 1] : 0;

	if (first == end)
		return "";
	for (uint32_t i = first; i < end; i++)
		if (prefix_contains(&p->data[i], address, version))
			return "data";
	return "management";
}

const char *ruleset_interface_of(const struct ruleset *ruleset, size_t appliance, uint16_t set)
{
	unsigned class = ruleset->class_of[appliance];
	unsigned data = ruleset->policy->class[class].data_class;
	size_t row = set == SET_NONE ? 0 : ruleset->row_of[set];
	bool is_managed = ruleset->class_row[(size_t) class * ruleset->rows + row] == set;
	bool is_data = ruleset->class_row[(size_t)data * ruleset->rows + row] == set;

	if (data == class || is_managed == is_data)
		return "";
	return is_data ? "data" : "management";
}

/* Where every class of `from` is its role's of `to`: a profile has no others. */
static void borrow_classes(struct ruleset *to, const struct ruleset *from)
{
	uint32_t classes = from->policy->classes;
	struct policy_class *class = arena_table(to->memory, classes, sizeof(*class));
	struct ruleset_class *text = arena_table(to->memory, classes, sizeof(*text));

	for (uint32_t i = 0; i < classes; i++) {
		unsigned role = from->policy->class[i].role;
		class[i] = to->policy->class[role];
		class[i].data_class = (uint16_t)i;
		text[i] = to->class[role];
		text[i].appliances = from->class[i].appliances;
	}
	to->policy->class = class;
	to->policy->classes = classes;
	to->class = text;
	to->class_of = from->class_of;
	rows_build(to, to->memory);
}

void ruleset_borrow_appliances(struct ruleset *to, const struct ruleset *from)
{
	to->policy->inventory = from->policy->inventory;
	to->appliance = from->appliance;
	to->appliances = from->appliances;
	to->by_name = from->by_name;
	borrow_classes(to, from);
}

void ruleset_close(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	if (ruleset->scanner)
		scanner_fini(ruleset->scanner);
	arena_free(ruleset->memory);
}

struct names {
	struct arena *arena;
	char **found;
};

static int find_names(void *context)
{
	struct names *n = context;

	n->found = config_path_names(n->arena);
	return 0;
}

static char **copy_names(char *const *found)
{
	size_t count = 0;
	char **names;

	while (found[count])
		count++;
	names = heap_calloc(count + 1, sizeof(*names));
	for (size_t i = 0; names && i < count; i++) {
		names[i] = heap_strdup(found[i]);
		if (!names[i]) {
			ruleset_names_free(names);
			return NULL;
		}
	}
	return names;
}

char **ruleset_profile_names(void)
{
	struct names n = {.arena = arena_new()};
	char **names = NULL;

	if (n.arena && arena_try(n.arena, find_names, &n) == 0)
		names = copy_names(n.found);
	if (!names)
		heap_note_short();
	arena_free(n.arena);
	return names;
}

void ruleset_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
