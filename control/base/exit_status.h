/* Exit statuses (DESIGN 8). */
#ifndef PORTOLAN_EXIT_STATUS_H
#define PORTOLAN_EXIT_STATUS_H

#define EXIT_STATUS_LIST(X)                                                                        \
	X(DONE, 0, "done")                                                                         \
	X(FAILED, 1, "failed while running; what was read is still reported")                      \
	X(MISUSED, 2, "usage or configuration")                                                    \
	X(FLAGGED, 3, "flagged flows were found, and --fail-on flagged asked")

#define EXIT_STATUS_MEMBER(name, number, text) EXIT_##name = (number),
enum exit_status { EXIT_STATUS_LIST(EXIT_STATUS_MEMBER) };

#endif
