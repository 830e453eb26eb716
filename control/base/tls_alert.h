/* The names of TLS alerts (RFC 8446 6, RFC 5246 7.2, RFC 7301 3.2). */
#ifndef PORTOLAN_TLS_ALERT_H
#define PORTOLAN_TLS_ALERT_H

#include <stdint.h>

#define TLS_ALERT_TEXT_BYTES 40

/* "alert 99" for one without a name. */
void tls_alert_text(uint8_t description, char text[TLS_ALERT_TEXT_BYTES]);

#endif
