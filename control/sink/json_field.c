#include "sink/json_field.h"

#include <string.h>
#include <time.h>

static const json_t *field(const json_t *at, const char *name)
{
	for (;;) {
		size_t length = strcspn(name, ".");
		while (json_is_array(at))
			at = json_array_get(at, 0);
		if (*name == '\0' || !at)
			return at;
		at = json_object_getn(at, name, length);
		name += length + (name[length] == '.');
	}
}

const char *field_text(const json_t *document, const char *name)
{
	return json_string_value(field(document, name));
}

bool field_number(const json_t *document, const char *name, json_int_t *number)
{
	const json_t *value = field(document, name);

	*number = json_integer_value(value);
	return json_is_integer(value);
}

bool field_time_ms(const json_t *document, const char *name, json_int_t *ms)
{
	const char *text = field_text(document, name), *rest;
	struct tm tm = {.tm_isdst = 0};
	json_int_t fraction = 0;
	int digits = 0;

	rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!rest)
		return false;
	for (rest += *rest == '.'; digits < 3; digits++) {
		int is_digit = *rest >= '0' && *rest <= '9';
		fraction = fraction * 10 + (is_digit ? *rest - '0' : 0);
		rest += is_digit;
	}
	*ms = (json_int_t)timegm(&tm) * 1000 + fraction;
	return true;
}
