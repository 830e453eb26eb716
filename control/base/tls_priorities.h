/* What all TLS of the program accepts, as GnuTLS writes it: TLS 1.2 and 1.3 (RFC 5425, 5.2 and RFC
 * 8996), and of 1.2 only key exchanges with forward secrecy and authenticated ciphers (RFC 9325,
 * 4.1 and 4.2). */
#ifndef PORTOLAN_TLS_PRIORITIES_H
#define PORTOLAN_TLS_PRIORITIES_H

#define TLS_PRIORITIES                                                                             \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:+DHE-RSA:"  \
	"-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD"

#endif
