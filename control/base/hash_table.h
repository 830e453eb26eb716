/* Hash tables outside of the packet path: uthash, which ends the program when it is out of memory
 * unless it is told not to.
 *
 * An element that finds no memory for its table is left outside of it (its `hh.tbl` is NULL) and
 * the want of memory is remembered (base/heap.h), so that the command says so in the end.
 */
#ifndef PORTOLAN_HASH_TABLE_H
#define PORTOLAN_HASH_TABLE_H

#include "base/heap.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) heap_note_short()

#include <uthash.h>

#endif
