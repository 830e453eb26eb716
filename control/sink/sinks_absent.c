/* The sinks of programs without a sensor: always NULL. */
#include "sink/sinks.h"

void sinks_send(struct sinks *o, const struct event *v)
{
	(void)o;
	(void)v;
}

bool sinks_want_flows(const struct sinks *o)
{
	(void)o;
	return false;
}

bool sinks_use_stdout(const struct sinks *o)
{
	(void)o;
	return false;
}

json_t *sinks_states(const struct sinks *o)
{
	(void)o;
	return json_array();
}

void sinks_finish(struct sinks *o)
{
	(void)o;
}
