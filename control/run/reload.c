#include "run/reload.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "config/settings.h"
#include "policy/remap.h"
#include "policy/ruleset.h"
#include "run/collector.h"
#include "run/worker_pool.h"

#define GENERATIONS 65535u /* flows keep 16 bits of the generation */

void reload_init(
	struct reload *r, const char *site, struct ruleset *ruleset, struct settings *settings)
{
	*r = (struct reload){
		.site = site, .ruleset = ruleset, .first = ruleset, .settings = settings};
}

static struct ruleset *read_site(
	const struct reload *r, const char *site, struct settings **settings, struct errors *errors)
{
	struct ruleset *ruleset;

	if (ruleset_open(&ruleset, settings, site, NULL, errors) < 0)
		return NULL;
	if (ruleset->appliances == 0) {
		errors_add(errors, "%s: no appliances: nothing would be monitored", site);
		ruleset_close(ruleset);
		if (settings)
			settings_free(*settings);
		return NULL;
	}
	ruleset->policy->generation = r->ruleset->policy->generation % GENERATIONS + 1;
	return ruleset;
}

struct ruleset *reload_read(
	const struct reload *r, struct settings **settings, struct errors *errors)
{
	return read_site(r, r->site, settings, errors);
}

struct ruleset *reload_read_draft(const struct reload *r, const char *site, struct errors *errors)
{
	return read_site(r, site, NULL, errors);
}

/* --- settings for the next start ------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_list(char *const *a, size_t as, char *const *b, size_t bs)
{
	for (size_t i = 0; i < as && i < bs; i++)
		if (!same_text(a[i], b[i]))
			return false;
	return as == bs;
}

static bool same_capture(const struct capture_settings *a, const struct capture_settings *b)
{
	return same_text(a->source, b->source) && same_text(a->dpdk_lcores, b->dpdk_lcores) &&
	       a->deduplicate == b->deduplicate &&
	       same_list(a->interface, a->interfaces, b->interface, b->interfaces) &&
	       same_list(a->dpdk_device, a->dpdk_devices, b->dpdk_device, b->dpdk_devices) &&
	       same_list(a->dpdk_eal, a->dpdk_eals, b->dpdk_eal, b->dpdk_eals);
}

static bool same_sink(const struct sink_settings *a, const struct sink_settings *b)
{
	for (unsigned k = 0; k < SINK_KEY_COUNT; k++)
		if (!same_text(a->value[k], b->value[k]))
			return false;
	return a->kind == b->kind && a->format == b->format && a->flows == b->flows;
}

static bool same_outputs(const struct output_settings *a, const struct output_settings *b)
{
	for (size_t i = 0; i < a->sinks && i < b->sinks; i++)
		if (!same_sink(&a->sink[i], &b->sink[i]))
			return false;
	return a->sinks == b->sinks && a->window_ns == b->window_ns &&
	       same_text(a->metrics_listen, b->metrics_listen) &&
	       same_text(a->metrics_token_file, b->metrics_token_file) &&
	       same_text(a->metrics_certificate, b->metrics_certificate) &&
	       same_text(a->metrics_key, b->metrics_key) &&
	       same_text(a->control_socket, b->control_socket) &&
	       same_text(a->control_group, b->control_group);
}

void reload_needs_restart(const struct reload *r, char *text, size_t bytes)
{
	const struct settings *from = r->settings, *to = r->later ? r->later : from;
	const struct {
		bool same;
		const char *what;
	} part[] = {
		{same_capture(&from->capture, &to->capture), "capture"},
		{from->flow_max == to->flow_max, "flow.max"},
		{same_outputs(&from->outputs, &to->outputs), "outputs"},
	};
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
		if (!part[i].same && used < bytes)
			used += (size_t)snprintf(
				text + used, bytes - used, "%s%s", used ? ", " : "", part[i].what);
}

/* --- reload ---------------------------------------------------------------------------- */

/* Acquires all resources first; what follows cannot fail. */
static int put_in_force(struct reload *r, struct ruleset *ruleset)
{
	struct remap remap;
	struct policy_update *policy_update;
	int error = remap_open(&remap, r->ruleset, ruleset);

	if (error < 0)
		return error;
	policy_update = worker_pool_prepare(r->pool, ruleset, remap.appliance, remap.appliances);
	error = policy_update ? collector_reload(r->collector, ruleset, remap) : -ENOMEM;
	if (error < 0) {
		if (policy_update)
			worker_pool_discard(r->pool, policy_update);
		remap_close(&remap);
		return error;
	}
	worker_pool_reload(r->pool, policy_update);
	return 0;
}

static void log_reloaded(const struct reload *r)
{
	char later[64];

	reload_needs_restart(r, later, sizeof(later));
	log_say(LOG_LEVEL_NOTICE, "reloaded %s: %zu appliances, %u rules, policy %.19s%s", r->site,
		r->ruleset->appliances, r->ruleset->policy->rules, r->ruleset->hash,
		strcmp(r->ruleset->hash, r->previous->hash) == 0 ? ", as before" : "");
	if (*later)
		log_say(LOG_LEVEL_WARNING, "%s: changed, and takes effect at the next start",
			later);
}

static int refuse(struct reload *r, struct errors *errors, int error)
{
	r->refused++;
	r->last_refused = true;
	if (errors->length == 0)
		errors_add(errors, "%s: %s", r->site, strerror(-error));
	log_say(LOG_LEVEL_ERROR, "not reloaded, the policy stays as it was: %s", errors->text);
	return error;
}

int reload_now(struct reload *r, struct errors *errors)
{
	struct settings *settings;
	struct ruleset *ruleset;
	int error;

	assert(!r->previous);
	ruleset = reload_read(r, &settings, errors);
	if (!ruleset)
		return refuse(r, errors, -EINVAL);
	error = put_in_force(r, ruleset);
	if (error < 0) {
		ruleset_close(ruleset);
		settings_free(settings);
		return refuse(r, errors, error);
	}
	r->previous = r->ruleset;
	r->ruleset = ruleset;
	settings_free(r->later);
	r->later = settings;
	r->done++;
	r->last_refused = false;
	r->last_ns = clock_wall_ns();
	log_reloaded(r);
	return 0;
}

bool reload_tick(struct reload *r)
{
	if (!r->previous || !worker_pool_has_rejudged(r->pool))
		return false;
	worker_pool_collect(r->pool); /* the last records in the former ruleset's numbers */
	collector_forget_previous(r->collector);
	if (r->previous != r->first)
		ruleset_close(r->previous);
	r->previous = NULL;
	return true;
}

void reload_fini(struct reload *r)
{
	if (r->previous != r->first)
		ruleset_close(r->previous);
	if (r->ruleset != r->first)
		ruleset_close(r->ruleset);
	ruleset_close(r->first);
	settings_free(r->later);
	settings_free(r->settings);
	*r = (struct reload){0};
}
