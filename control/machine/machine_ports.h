/* The ports that an examination is about: those that were asked for, else every NIC of the machine.
 */
#ifndef PORTOLAN_MACHINE_PORTS_H
#define PORTOLAN_MACHINE_PORTS_H

struct examination;

/* Fills `port`; what is asked for and is not there stays in it, as not there. */
void machine_ports_find(struct examination *);

#endif
