/*
 * front_int - what the files of the front share
 *
 * front.c is the loop: settings, signals, the end.  front_conns.c accepts
 * connections and keeps count of them, front_conn.c takes one connection
 * through its states, front_call.c works a whole request.
 */
#ifndef FRONT_FRONT_INT_H
#define FRONT_FRONT_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "front/budget.h"
#include "front/fcgi_conn.h"
#include "front/front.h"
#include "front/front_inbox.h"
#include "front/front_peer.h"
#include "front/front_pool.h"
#include "front/log_limit.h"
#include "front/resend.h"
#include "front/serve.h"
#include "front/signin.h"
#include "store/store.h"

struct count;
struct settings;

/* Connections at once; for one more the oldest that has no request goes. */
#define FRONT_CONNS_MAX 4096
#define FRONT_SCRATCH_SIZE 65536 /* bytes read at a time */

/*
 *	           bytes          head            input
 *	  [idle] ────────► head ────────► input ────────► memory
 *	    ▲                                               │ there is some
 *	    │ kept                                          ▼
 *	    └──────────── answer ◄──────────────────────── work
 *	                    │ not kept
 *	                    ▼
 *	                  linger ──► closed
 */
enum front_conn_state {
	FRONT_CONN_IDLE,   /* nothing came since it was accepted or answered */
	FRONT_CONN_HEAD,   /* a request has begun */
	FRONT_CONN_INPUT,  /* its body comes */
	FRONT_CONN_MEMORY, /* it is whole and waits for memory */
	FRONT_CONN_WORK,   /* a pool has it, or the list of small posts */
	FRONT_CONN_ANSWER, /* the answer is written */
	FRONT_CONN_LINGER  /* what the peer still sends is read away */
};

TAILQ_HEAD(front_conn_list, front_conn);

/* Settings, and how many requests use them. */
struct front_set {
	struct settings *set;
	size_t uses;
};

struct front_conn {
	struct front_item task;   /* first: a task is cast back to this */
	struct front_item stored; /* the post's way to the disk has ended */
	struct front *front;
	TAILQ_ENTRY(front_conn) link;
	struct front_conn_list *list; /* that it is in */
	enum front_conn_state state;
	struct loop_watch watch;
	struct loop_timer timer;
	struct fcgi_conn fcgi;
	bool is_gone;          /* the peer is, or does not speak FastCGI */
	bool is_at_end;        /* the peer sends no more */
	bool is_deaf;          /* what it sends is read away */
	size_t sent;           /* bytes of fcgi.out */
	size_t text_at;        /* bytes of the answer's text that are in it */
	bool is_ended;         /* the end of the answer is in it */
	int64_t since_ms;      /* of the state */
	int64_t came_ms;       /* when the last bytes came */
	struct front_set *set; /* in use, or NULL */
	struct serve serve;
	struct serve_call *call; /* at work, or pending; NULL: none */
	struct serve_end end;
	struct store_waiter waiter;
	bool is_worked, is_stored;
};

struct front {
	const struct front_options *opt;
	struct loop *loop;
	struct front_pool *posts; /* none of them waits for anything */
	struct front_pool *pages;
	struct front_items small;  /* posts that came in this turn */
	struct front_inbox worked; /* by a pool */
	struct front_inbox stored;
	struct fcgi_conn_limits limits;
	struct budget coming; /* memory of bodies that come */
	struct budget disk;   /* ...and their files */

	struct loop_watch listener;
	struct loop_timer accept_again;
	struct front_peer peers;
	struct front_conn_list early;   /* idle or head, oldest first */
	struct front_conn_list input;   /* oldest first */
	struct front_conn_list waiting; /* for memory, oldest first */
	struct front_conn_list others;
	size_t nconns;
	bool is_stopping;
	int64_t until_ms;  /* everything has ended by then */
	int64_t shared_ms; /* when memory was last looked for */
	uint8_t *scratch;  /* for what is read */

	struct log_limit log_limit;
	struct resend resend;
	struct signin signin;
	struct count *count;

	struct front_set *now;    /* for requests to come */
	struct front_set *before; /* until no request uses them, or NULL */
	struct loop_timer tick;
};

/* front_conns.c */
enum rc front_conns_begin(struct front *f, struct err *e);
void front_conns_end(struct front *f);
/* No connection is accepted any more; those without a whole request end
 * soon. */
void front_conns_stop(struct front *f);

/* front_conn.c */
void front_conn_new(struct front *f, int fd);
void front_conn_close(struct front_conn *c);
/* Memory may be there, or time is up. */
void front_conn_try_memory(struct front_conn *c);
/* The pool has worked its request, or its post's way to the disk has ended.
 * Of a post that is pending the second of the two answers it. */
void front_conn_worked(struct front_conn *c);
void front_conn_stored(struct front_conn *c);
/* The front ends, and it has until f->until_ms. */
void front_conn_hurry(struct front_conn *c);

/* front_call.c: the work on a whole request. */
/* False when there is no memory for it, unless it is late: then it is refused
 * for want of that. */
bool front_call_begin(struct front_conn *c, bool is_late);
void front_call_run(struct front_item *task); /* by any thread */
/* Its time is up; false: it is stored, or will be at once. */
bool front_call_leave(struct front_conn *c);
/* Its answer is made, and its settings are free. */
void front_call_end(struct front_conn *c);
/* That a request may take, by the settings. */
int64_t front_call_time_ms(const struct front *f);

#endif
