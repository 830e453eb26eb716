#include "run/evidence_output.h"

#include "analysis/alerts.h"

static bool is_part_of_finding(const struct record *r)
{
	return r->kind == RECORD_FLAGGED || r->kind == RECORD_EVASION;
}

void evidence_output_expect(struct evidence_files *files, const struct record *r)
{
	if (files && is_part_of_finding(r))
		evidence_files_expect(files, r);
}

/* By itself, since the compiler clears the text whether it is written or not. */
static __attribute__((noinline)) void explain(
	struct evidence_files *files, const struct alerts *alerts, const struct record *r)
{
	char message[EVENT_MESSAGE_BYTES];

	event_message(alerts->ecs, r, message, sizeof(message));
	evidence_files_explain(files, message);
}

void evidence_output_note(
	struct evidence_files *files, struct alerts *alerts, const struct record *r)
{
	struct finding_key k;
	struct evidence_finding finding;
	char id[FINDING_ID_BYTES];
	bool is_told;

	if (!files || !is_part_of_finding(r))
		return;
	k = finding_key_of(r);
	is_told = alerts_told_id(alerts, r, id);
	finding = (struct evidence_finding){
		.id = id, .verdict = finding_name(&k), .is_evasion = finding_is_evasion(&k)};
	/* Of findings that found no room in a flood nobody was told: the verdict is all there is.
	 */
	if (evidence_files_note(files, r, &finding) && is_told)
		explain(files, alerts, r);
}

static void set(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

void evidence_output_stats(json_t *evidence, const struct evidence_figures *f)
{
	json_int_t lost = json_integer_value(json_object_get(evidence, "lost"));

	set(evidence, "lost", (uint64_t)lost + f->lost);
	set(evidence, "packets", f->packets);
	set(evidence, "bytes", f->bytes);
	set(evidence, "files", f->files);
	set(evidence, "removed", f->removed);
	set(evidence, "masked", f->masked);
	set(evidence, "unassigned", f->unassigned);
}
