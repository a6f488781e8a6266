/*
 * app_exit - exit statuses that depend on more than the error's code
 *
 * One cause has one exit status in all three programs.  Beside these, and
 * err_exit_status() for the rest, 2 is wrong usage.  Any thread.
 */
#ifndef APP_APP_EXIT_H
#define APP_APP_EXIT_H

#include "base/err.h"

/* After store_open() or store_init(): a store that is missing, damaged or of
 * another version is not a fault of what was given to the program. */
int app_exit_store(enum rc rc);

#endif
