#include "report/report_buckets.h"

#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"

int report_buckets_init(
	struct report_buckets *sum, const struct report_traffic *traffic, size_t most)
{
	size_t each = (traffic->buckets + most - 1) / most;

	*sum = (struct report_buckets){.from_ns = traffic->from_ns, .width_ns = traffic->width_ns};
	if (traffic->buckets == 0)
		return 0;
	sum->width_ns *= each;
	sum->buckets = (traffic->buckets + each - 1) / each;
	sum->bucket = heap_calloc(sum->buckets, sizeof(*sum->bucket));
	if (!sum->bucket)
		return -ENOMEM;
	for (size_t i = 0; i < traffic->buckets; i++)
		for (unsigned class = 0; class < REPORT_CLASS_COUNT; class ++)
			sum->bucket[i / each].packets[class] += traffic->bucket[i].packets[class];
	return 0;
}

void report_buckets_fini(struct report_buckets *sum)
{
	free(sum->bucket);
}
