#include "schema_words.h"

#include "signature.h"

static void add_enumeration(struct yaml_words *w, const cyaml_strval_t *text, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		yaml_words_add(w, text[i].str);
}

void schema_words_add(struct yaml_words *w, const cyaml_schema_value_t *schema)
{
	switch (schema->type) {
	case CYAML_ENUM:
		add_enumeration(w, schema->enumeration.strings, schema->enumeration.count);
		break;
	case CYAML_SEQUENCE:
		schema_words_add(w, schema->sequence.entry);
		break;
	case CYAML_MAPPING:
		for (const cyaml_schema_field_t *f = schema->mapping.fields; f && f->key; f++) {
			yaml_words_add(w, f->key);
			schema_words_add(w, &f->value);
		}
		break;
	default:
		break;
	}
}

void schema_words_add_hints(struct yaml_words *w, const struct schema_hint *hint)
{
	for (; hint->key; hint++)
		yaml_words_add(w, hint->key);
}

void schema_words_add_names(struct yaml_words *w)
{
#define NAME_WORD(name, text) yaml_words_add(w, text);
#define VALIDATOR_WORD(name, text, function) yaml_words_add(w, text);
	SERVICE_LIST(NAME_WORD)
	SIDE_LIST(NAME_WORD)
	VALIDATOR_LIST(VALIDATOR_WORD)
	add_enumeration(w, schema_role, ROLE_COUNT);
	add_enumeration(w, schema_direction, DIRECTION_COUNT);
	add_enumeration(w, schema_transport, TRANSPORT_COUNT);
	add_enumeration(w, schema_answer, SCHEMA_ANSWERS);
}
