/* What a worker counts: every packet ends in exactly one outcome.
 *
 * Made by control, written by one worker, read by control. The worker adds to it at the
 * end of a burst; a reader in another thread sees each number whole and none torn.
 * Workers' counters add up, except for the peaks.
 */
#ifndef PORTOLAN_COUNTERS_H
#define PORTOLAN_COUNTERS_H

#include <stdint.h>

#include "verdict.h"

/* Why a frame was not understood. */
#define DISCARD_LIST(X)                                                                            \
	X(TRUNCATED, "truncated")                                                                  \
	X(MALFORMED, "malformed")                                                                  \
	X(UNSUPPORTED_LINK_TYPE, "unsupported-link-type")

#define DISCARD_MEMBER(name, text) DISCARD_##name,
enum discard { DISCARD_LIST(DISCARD_MEMBER) DISCARD_COUNT };

static inline const char *discard_name(enum discard d)
{
	static const char *const name[] = {DISCARD_LIST(LIST_NAME)};
	return name[d];
}

/* The names of the reasons of evasion as COUNTER_LIST takes them; X is LIST_NAME there. */
#define EVASION_LIST_NAME(name, text, sentence) text,
#define EVASION_NAMES(X) EVASION_LIST(EVASION_LIST_NAME)

/* Every counter once: its member, `--stats` section and key, and metric come from this list.
 *
 *   C  a number: member, kind, section, key, metric family, its label, help
 *   A  one number for each value of an enum: member, the enum's count and list, kind, section,
 *      key, metric family, label name, help
 *
 * A metric family of several lines has its help on the first. Kinds: COUNTER, which only grows, and
 * GAUGE. */
#define COUNTER_LIST(C, A)                                                                         \
	C(frames, COUNTER, "frames", "received", "packets", "", "Packets received.")               \
	C(frame_bytes, COUNTER, "frames", "bytes", "bytes", "", "Their bytes on the wire.")        \
	C(truncated_frames, COUNTER, "frames", "truncated", "truncated_packets", "",               \
		"Packets captured shorter than they were.")                                        \
	C(ip, COUNTER, "decode", "ip", "decoded_packets", "outcome=\"ip\"",                        \
		"Packets by what became of them; the sum is all of them.")                         \
	C(non_ip, COUNTER, "decode", "non_ip", "decoded_packets", "outcome=\"non_ip\"", "")        \
	C(duplicate, COUNTER, "decode", "duplicate", "decoded_packets", "outcome=\"duplicate\"",   \
		"")                                                                                \
	A(discarded, DISCARD_COUNT, DISCARD_LIST, COUNTER, "decode", "discarded",                  \
		"decoded_packets", "outcome", "")                                                  \
	C(duplicates_forgotten, COUNTER, "decode", "forgotten", "duplicates_forgotten", "",        \
		"Packets that left the duplicate cache before their copy could come.")             \
	C(monitored, COUNTER, "scope", "monitored", "scope_packets", "scope=\"monitored\"",        \
		"IP packets by whether an appliance is at either end.")                            \
	C(unmonitored, COUNTER, "scope", "unmonitored", "scope_packets", "scope=\"unmonitored\"",  \
		"")                                                                                \
	C(fragments_unattributed, COUNTER, "fragments", "unattributed", "fragments",               \
		"state=\"unattributed\"", "Fragments of monitored packets.")                       \
	C(fragments_later, COUNTER, "fragments", "later", "fragments", "state=\"later\"", "")      \
	C(fragments_overlapping, COUNTER, "fragments", "overlapping", "fragments",                 \
		"state=\"overlapping\"", "")                                                       \
	C(fragments_tiny, COUNTER, "fragments", "tiny", "fragments", "state=\"tiny\"", "")         \
	A(verdict_packets, VERDICT_COUNT, VERDICT_LIST, COUNTER, "verdict", "packets",             \
		"verdict_packets", "verdict", "Monitored packets by verdict.")                     \
	A(verdict_bytes, VERDICT_COUNT, VERDICT_LIST, COUNTER, "verdict", "bytes",                 \
		"verdict_bytes", "verdict", "IP bytes of monitored packets by verdict.")           \
	A(verdict_flows, VERDICT_COUNT, VERDICT_LIST, GAUGE, "verdict", "flows", "verdict_flows",  \
		"verdict",                                                                         \
		"Flows since the start by the verdict that they have now or had at their end.")    \
	C(flows_created, COUNTER, "flows", "created", "flows_created", "", "Flows that began.")    \
	C(flows_active, GAUGE, "flows", "active", "flows_active", "", "Flows in the tables.")      \
	C(flows_active_peak, GAUGE, "flows", "active_peak", "flows_active_peak", "",               \
		"The most flows that were in the tables.")                                         \
	C(untracked_packets, COUNTER, "flows", "untracked_packets", "untracked_packets", "",       \
		"Packets that were judged without a flow, for want of room.")                      \
	C(corrected, COUNTER, "flows", "corrected", "flows_corrected", "",                         \
		"Flows whose initiator was corrected.")                                            \
	C(encaps_unknown, COUNTER, "flows", "paths_unknown", "flows_encapsulation_unknown", "",    \
		"Flows whose VLANs, tunnel and interface found no room in the table of them.")     \
	A(ended, END_COUNT, END_LIST, COUNTER, "flows", "ended", "flows_ended", "reason",          \
		"Flows that ended, by reason.")                                                    \
	C(recognised, COUNTER, "services", "recognised", "flows_recognised", "",                   \
		"Flows that ended and whose service was recognised.")                              \
	C(reassembly_exhausted, COUNTER, "services", "without_buffer", "flows_without_buffer", "", \
		"Flows that were not inspected, since no reassembly buffer was available.")        \
	C(facts_exhausted, COUNTER, "services", "without_facts", "flows_without_facts", "",        \
		"Flows whose names and versions were not kept, for want of room.")                 \
	C(openings_exhausted, COUNTER, "services", "without_opening", "flows_without_opening", "", \
		"Flows of appliance communications whose opening was not watched, for want of "    \
		"room.")                                                                           \
	C(certificates_exhausted, COUNTER, "services", "without_certificate",                      \
		"certificates_without_room", "",                                                   \
		"Certificates that were not read, for want of "                                    \
		"room.")                                                                           \
	C(overlap_contradicted, COUNTER, "services", "overlap_contradicted", "contradicted_bytes", \
		"", "Bytes of first segments that came again as others.")                          \
	A(evasions, EVASION_COUNT, EVASION_NAMES, COUNTER, "evasion", "flows", "evasions",         \
		"reason", "Flows in which a reason of evasion was seen, by reason.")               \
	C(events_delayed, COUNTER, "events", "delayed", "alerts_delayed", "",                      \
		"Alerts that had to wait for room.")                                               \
	C(evidence_packets, COUNTER, "evidence", "copied", "evidence_packets", "state=\"copied\"", \
		"Packets of flagged flows that were copied as evidence.")                          \
	C(evidence_lost, COUNTER, "evidence", "lost", "evidence_packets", "state=\"lost\"", "")

enum counter_kind { COUNTER_KIND_COUNTER, COUNTER_KIND_GAUGE };

#define COUNTER_MEMBER(member, kind, section, key, metric, label, help) uint64_t member;
#define COUNTER_ARRAY(member, count, list, kind, section, key, metric, label, help)                \
	uint64_t member[count];

struct counters {
	COUNTER_LIST(COUNTER_MEMBER, COUNTER_ARRAY)
	uint64_t digest; /* sum over the ended flows, see record_digest() */
};

#endif
