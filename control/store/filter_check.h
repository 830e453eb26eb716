/* Whether a question's filter names what the store knows: a misspelt appliance would be answered
 * with nothing, as if all were well.
 */
#ifndef PORTOLAN_FILTER_CHECK_H
#define PORTOLAN_FILTER_CHECK_H

#include "store/store_reader.h"

#define FILTER_CHECK_BYTES 1200

/* 0, or -EINVAL with what was found and what would be right; otherwise an error of the database. */
int filter_check(struct store_reader *, const struct store_filter *, char why[FILTER_CHECK_BYTES]);

#endif
