/* Lists of numbers in ascending order. */
#ifndef PORTOLAN_NUMBERS_H
#define PORTOLAN_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

void numbers_sort(uint32_t *number, size_t count);

/* Sorts them and keeps each once; returns how many there are. */
size_t numbers_unique(uint32_t *number, size_t count);

#endif
