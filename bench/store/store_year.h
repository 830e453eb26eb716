/* A year of a busy site, told to a store in minutes, and the questions that read all of it. */
#ifndef PORTOLAN_STORE_YEAR_H
#define PORTOLAN_STORE_YEAR_H

/* Returns the program's exit status. */
int store_year(const char *folder, unsigned appliances, unsigned days);

/* The questions alone, to a store that is there; it is brought up to date first. */
int store_ask(const char *folder);

#endif
