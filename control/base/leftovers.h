/* Files and folders that are there only until a command is done: what is written beside a file that
 * it will replace, a folder for the time being. A command that is ended early removes them.
 *
 * One list for the program, with a lock of its own; bounded: what finds no place would stay.
 */
#ifndef PORTOLAN_LEFTOVERS_H
#define PORTOLAN_LEFTOVERS_H

/* A folder is removed with the files in it. */
void leftovers_add(const char *path);
void leftovers_drop(const char *path);

/* Removes all of them; whoever adds one from then on waits for the end of the program. */
void leftovers_remove(void);

/* Removes a folder with the files in it, or a file. */
void leftover_remove(const char *path);

#endif
