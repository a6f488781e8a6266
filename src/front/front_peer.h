/*
 * front_peer - who may speak to us over a Unix socket
 *
 * Whoever connects is the web server, as far as we know, and may say which
 * user it let in; so a socket whose mode was opened by mistake must not make
 * every local user one.  The kernel says who a peer is: root, our own user,
 * and the owner and the group of the socket's file are answered, which is
 * what a mode of 0660 lets in.  A TCP socket tells nothing and is not judged.
 *
 * In a user namespace that maps only some ids the kernel shows every other
 * one as the same overflow id (user_namespaces(7)).  Peers that look alike
 * there are different users, so an overflow id matches nobody.  Any thread.
 */
#ifndef FRONT_FRONT_PEER_H
#define FRONT_FRONT_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Users that are told of, once each, and no more. */
#define FRONT_PEER_TOLD_MAX 64

struct front_peer {
	bool is_judged;
	const char *path;   /* of the socket's file, NULL: not known */
	uid_t overflow_uid; /* stands for many users; -1: none does */
	gid_t overflow_gid;

	pthread_mutex_t lock; /* over what follows */
	uid_t owner;
	gid_t group;
	uid_t told[FRONT_PEER_TOLD_MAX];
	size_t ntold;
};

/* fd listens; path is the caller's and outlives p.  Without one, only root
 * and our own user are answered. */
void front_peer_init(struct front_peer *p, int fd, const char *path);
void front_peer_fini(struct front_peer *p);

/*
 * The id that stands for every id outside the map, or -1 when the map holds
 * all ids.  map is the path of a uid_map or gid_map, overflow of the file
 * with the number; without the latter it is 65534.
 */
uint32_t front_peer_overflow_id(const char *map, const char *overflow);

/* Whether the peer of fd is to be answered.  Who is not is logged, once. */
bool front_peer_may(struct front_peer *p, int fd);

#endif
