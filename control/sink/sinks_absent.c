/* Stands in for the outlets where there is no sensor, which alone has sinks: always NULL. */
#include "sink/sinks.h"

void outlets_offer(struct outlets *o, const json_t *document, bool is_flow)
{
	(void)o;
	(void)document;
	(void)is_flow;
}

bool outlets_want_flows(const struct outlets *o)
{
	(void)o;
	return false;
}

bool outlets_use_stdout(const struct outlets *o)
{
	(void)o;
	return false;
}

json_t *outlets_states(const struct outlets *o)
{
	(void)o;
	return json_array();
}

void outlets_finish(struct outlets *o)
{
	(void)o;
}
