/*
 * app_guard - what a program gives up before it reads a secret
 *
 * Each of the three programs calls app_guard() first, before it reads its
 * settings.  One thread.
 */
#ifndef APP_APP_GUARD_H
#define APP_APP_GUARD_H

/*
 * From here on the process leaves no core file and cannot be traced by other
 * programs of the same user, the files that it makes belong to its user
 * alone, and the variables of the environment that would send its traffic
 * through a proxy or write its TLS keys to a file have no effect.
 */
void app_guard(void);

#endif
