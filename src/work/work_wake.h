/*
 * work_wake - knowing at once that there is new work
 *
 * Watches the store's wake file with inotify.  Where there is none, or the
 * file cannot be watched, the descriptor is -1 and the drain's polling finds
 * the work.  A hint may be lost; it is never needed for correctness.
 */
#ifndef WORK_WORK_WAKE_H
#define WORK_WORK_WAKE_H

/* -1 when it cannot be watched; path may be NULL. */
int work_wake_open(const char *path);

/* Takes in what has happened, when the descriptor could be read. */
void work_wake_drain(int fd);

#endif
