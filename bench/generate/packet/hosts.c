#include "packet/hosts.h"

#include <errno.h>
#include <string.h>

const struct host *hosts_find(const struct hosts *h, const char *name, size_t length)
{
	for (size_t i = 0; i < h->count; i++) {
		const char *known = h->host[i].name;
		if (*known && strlen(known) == length && memcmp(known, name, length) == 0)
			return &h->host[i];
	}
	return NULL;
}

int host_endpoint(const struct host *h, unsigned version, struct endpoint *e)
{
	for (unsigned i = 0; i < h->prefixes; i++) {
		if (version && h->prefix[i].version != version)
			continue;
		*e = (struct endpoint){
			.address = h->prefix[i].address, .version = h->prefix[i].version};
		return 0;
	}
	return -ENOENT;
}

static bool host_has(const struct host *h, const struct endpoint *e)
{
	for (unsigned i = 0; i < h->prefixes; i++) {
		if (h->prefix[i].version == e->version &&
			address_equal(&h->prefix[i].address, &e->address))
			return true;
	}
	return false;
}

static void made_mac(const struct endpoint *e, uint8_t mac[static 6])
{
	const uint8_t *a = e->address.byte;

	if (e->version == 6 && a[0] == 0xff) {
		memcpy(mac, (const uint8_t[]){0x33, 0x33, a[12], a[13], a[14], a[15]}, 6);
	} else if (e->version == 4 && (a[12] & a[13] & a[14] & a[15]) == 0xff) {
		memset(mac, 0xff, 6);
	} else if (e->version == 4 && a[12] >> 4 == 0xe) {
		memcpy(mac, (const uint8_t[]){0x01, 0x00, 0x5e, a[13] & 0x7f, a[14], a[15]}, 6);
	} else {
		memcpy(mac, (const uint8_t[]){0x02, e->version, a[12], a[13], a[14], a[15]}, 6);
	}
}

void hosts_mac(const struct hosts *h, const struct endpoint *e, uint8_t mac[static 6])
{
	for (size_t i = 0; h && i < h->count; i++) {
		if (h->host[i].has_mac && host_has(&h->host[i], e)) {
			memcpy(mac, h->host[i].mac, 6);
			return;
		}
	}
	made_mac(e, mac);
}
