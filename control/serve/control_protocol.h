/* The control protocol: requests to a running sensor, lines of JSON over a Unix socket.
 *
 *   request   {"protocol":1,"command":"flows","arguments":{"appliance":"fmc-1","limit":100}}
 *   answer    any number of items, an object a line, then one last line:
 *             {"protocol":1,"done":true,"result":{…}}
 *             {"protocol":1,"done":false,"error":"what is wrong, and what would be right"}
 *
 * One request at a time; a connection may send several in turn. Both sides ignore unknown members;
 * CONTROL_PROTOCOL, which a request must contain, is raised if the meaning of one changes. Everyone
 * who can connect may send requests (the socket's mode is 0660); `reload` requires the sensor's
 * user or root.
 *
 *   status                       sources, counters, policy
 *   health                       items: {check, state: ok|warning|failure, what}
 *   channels                     items: {appliances, state, since, last_packet, …}
 *   matrix    appliance, state   items: {appliance, role, rule, state, last_seen, …}
 *   flows     appliance, peer, port, verdict, flagged, sort, limit
 *                                items: records as in --flows, of live flows, with portolan.live:
 *                                {age, idle (ns), packets_per_second, bits_per_second}
 *   reload    dry_run, site      items of a dry run: flows whose verdict would change
 */
#ifndef PORTOLAN_CONTROL_PROTOCOL_H
#define PORTOLAN_CONTROL_PROTOCOL_H

#define CONTROL_PROTOCOL 1
#define CONTROL_SOCKET "/run/portolan/control.sock"

/* Longest request; a line of an answer may be longer. */
#define CONTROL_REQUEST_BYTES 65536

/* What `flows` sorts by: a column each. Numbers and times the largest first, `start` and `last` the
 * latest, verdicts the gravest; texts and addresses in their order. Rates are of a flow's whole
 * life. */
#define FLOW_ORDER_LIST(X)                                                                         \
	X(BYTES, "bytes")                                                                          \
	X(PACKETS, "packets")                                                                      \
	X(PPS, "pps")                                                                              \
	X(BITS, "bits")                                                                            \
	X(AGE, "age")                                                                              \
	X(IDLE, "idle")                                                                            \
	X(START, "start")                                                                          \
	X(LAST, "last")                                                                            \
	X(SEVERITY, "severity")                                                                    \
	X(VERDICT, "verdict")                                                                      \
	X(CONNECTION, "connection")                                                                \
	X(SERVICE, "service")                                                                      \
	X(SOURCE, "source")                                                                        \
	X(SOURCE_PORT, "source-port")                                                              \
	X(DESTINATION, "destination")                                                              \
	X(PORT, "port")

#define FLOW_ORDER_MEMBER(member, text) FLOW_ORDER_##member,
enum flow_order { FLOW_ORDER_LIST(FLOW_ORDER_MEMBER) FLOW_ORDER_COUNT };

#define CONTROL_FLOWS_DEFAULT 1000
#define CONTROL_FLOWS_MAX 100000

#endif
