/* How to ask a running sensor: lines of JSON over a Unix socket.
 *
 *   question  {"protocol":1,"command":"flows","arguments":{"appliance":"fmc-1","limit":100}}
 *   answer    any number of items, an object a line, then one last line:
 *             {"protocol":1,"done":true,"result":{…}}
 *             {"protocol":1,"done":false,"error":"what is wrong, and what would be right"}
 *
 * One question at a time; a connection may ask again. Members that are not known are ignored by
 * both sides; what changes the meaning of one raises CONTROL_PROTOCOL, which a question has to
 * name. Whoever may connect may ask (the socket's mode is 0660); `reload` takes the sensor's own
 * user or root.
 *
 *   status                       what it reads, how much, how it is judged
 *   health                       items: {check, state: ok|warning|failure, what}
 *   channels                     items: {appliances, state, since, last_packet, …}
 *   matrix    appliance, state   items: {appliance, role, rule, state, last_seen, …}
 *   flows     appliance, peer, port, verdict, flagged, sort, limit
 *                                items: records as in --flows, of flows that live
 *   reload    dry_run            items of a dry run: flows whose verdict would change
 */
#ifndef PORTOLAN_CONTROL_PROTOCOL_H
#define PORTOLAN_CONTROL_PROTOCOL_H

#define CONTROL_PROTOCOL 1
#define CONTROL_SOCKET "/run/portolan/control.sock"

/* A question is no longer; an answer's line may be. */
#define CONTROL_QUESTION_BYTES 65536

#define CONTROL_FLOWS_DEFAULT 1000
#define CONTROL_FLOWS_MAX 100000

#endif
