#include "base/certificate_words.h"

#include <stdio.h>

#define DAY_NS (86400 * 1000000000ull)

int64_t certificate_days(uint64_t not_after_ns, uint64_t now_ns)
{
	if (not_after_ns >= now_ns)
		return (int64_t)((not_after_ns - now_ns) / DAY_NS);
	return -(int64_t)((now_ns - not_after_ns) / DAY_NS) - 1;
}

void certificate_words(
	const char *subject, const char *issuer, int64_t days, char *text, size_t bytes)
{
	subject = subject[0] ? subject : "no subject";
	if (days < 0)
		snprintf(text, bytes, "%s by %s, ended", subject, issuer);
	else
		snprintf(text, bytes, "%s by %s, %lld day%s left", subject, issuer, (long long)days,
			days == 1 ? "" : "s");
}
