/* What a machine, or a recorded tree, says of itself: lists of processors and texts of ethtool. A
 * list that is written reads the same again, unless it was cut. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cpu_set.h"
#include "machine/ethtool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const char *text)
{
	char written[CPU_SET_TEXT_BYTES];
	struct cpu_set set, again;

	if (cpu_set_parse(text, &set) < 0)
		return;
	cpu_set_text(&set, written);
	if (!strstr(written, "…") &&
		(cpu_set_parse(written, &again) < 0 || memcmp(&set, &again, sizeof(set)) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct ethtool_offloads offloads;
	struct ethtool_ring ring;

	memcpy(text, data, size);
	check_list(text);
	(void)ethtool_parse_offloads(text, &offloads);
	if (ethtool_parse_ring(text, &ring) == 0 && (ring.now == 0 || ring.most == 0))
		abort();
	free(text);
	return 0;
}
