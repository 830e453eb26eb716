/* Community ID v1, the join key to Zeek, Suricata, Arkime and Wireshark
 * (github.com/corelight/community-id-spec), with seed 0.
 */
#ifndef PORTOLAN_COMMUNITY_ID_H
#define PORTOLAN_COMMUNITY_ID_H

#include "record.h"

#define COMMUNITY_ID_BYTES 31 /* "1:", 28 of base64, and the NUL */

void community_id(const struct record *, char text[COMMUNITY_ID_BYTES]);

#endif
