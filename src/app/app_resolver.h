/*
 * app_resolver - may this process ask its name servers?
 *
 * A unit with IPAddressDeny= can shut the resolver out, and then no name
 * resolves and every delivery waits.  The kernel says so at once to a
 * socket that sends there, so one look at the start finds it.  One thread.
 */
#ifndef APP_APP_RESOLVER_H
#define APP_APP_RESOLVER_H

/* Logs a warning for each name server in path, a file in the form of
 * resolv.conf(5), that the kernel lets nothing be sent to.  Does not wait
 * for an answer. */
void app_resolver_check(const char *path);

#endif
