/* The site file that belongs to generated traffic: its hosts that have a role. */
#ifndef GENERATE_SITE_YAML_H
#define GENERATE_SITE_YAML_H

#include <stdio.h>

#include "packet/hosts.h"

/* Hosts without a name are called after their place: appliance-1 … */
void site_print(FILE *, const struct hosts *);

#endif
