/* Buckets of traffic added up, until there are few enough for a picture or a table. */
#ifndef PORTOLAN_REPORT_BUCKETS_H
#define PORTOLAN_REPORT_BUCKETS_H

#include "report/report_model.h"

struct report_buckets {
	struct report_bucket *bucket; /* owned */
	size_t buckets;
	uint64_t from_ns, width_ns;
};

/* At most `most` of them; 0 or -ENOMEM. */
int report_buckets_init(struct report_buckets *, const struct report_traffic *, size_t most);
void report_buckets_fini(struct report_buckets *);

#endif
