/* The demonstration's script (demo.script), compiled in: its lines, NULL after the last. */
#ifndef GENERATE_DEMO_H
#define GENERATE_DEMO_H

extern const char *const demo_lines[];

#endif
