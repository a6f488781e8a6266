/*
 * app_notify - tells the service manager how we are
 *
 * systemd's datagrams (sd_notify(3)) without its library; does nothing
 * where no manager asked.  One thread.
 */
#ifndef APP_APP_NOTIFY_H
#define APP_APP_NOTIFY_H

struct clock;

/* Looks for a manager in the environment and takes its names out of there. */
void app_notify_open(void);

/* Also once reloading is done. */
void app_notify_ready(void);
void app_notify_reloading(void);
void app_notify_stopping(void);

/* To be called often: says "alive" when it is time again. */
void app_notify_alive(const struct clock *clock);

#endif
