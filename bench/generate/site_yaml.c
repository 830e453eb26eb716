#include "site_yaml.h"

#include <arpa/inet.h>

static void print_address(FILE *out, const struct prefix *p, bool first)
{
	char text[INET6_ADDRSTRLEN];
	const uint8_t *bytes = p->version == 4 ? p->address.byte + 12 : p->address.byte;

	inet_ntop(p->version == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
	fprintf(out, "%s\"%s", first ? "" : ", ", text);
	if (p->length < (p->version == 4 ? 32 : 128))
		fprintf(out, "/%u", p->length);
	fputc('"', out);
}

static void print_appliance(FILE *out, const struct host *h, size_t number)
{
	if (*h->name)
		fprintf(out, "  - name: %s\n", h->name);
	else
		fprintf(out, "  - name: appliance-%zu\n", number);
	fprintf(out, "    role: %s\n    addresses: [", role_name(h->role));
	for (unsigned i = 0; i < h->prefixes; i++)
		print_address(out, &h->prefix[i], i == 0);
	fputs("]\n", out);
	if (h->has_mac)
		fprintf(out, "    macs: [\"%02x:%02x:%02x:%02x:%02x:%02x\"]\n", h->mac[0],
			h->mac[1], h->mac[2], h->mac[3], h->mac[4], h->mac[5]);
}

void site_print(FILE *out, const struct hosts *hosts)
{
	fputs("profile: cloud-delivered\nappliances:\n", out);
	for (size_t i = 0; i < hosts->count; i++) {
		if (hosts->host[i].role != ROLE_COUNT)
			print_appliance(out, &hosts->host[i], i + 1);
	}
}
