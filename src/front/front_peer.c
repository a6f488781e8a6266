#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "front/front_peer.h"

/* More than these, and one of them ours, is not believed. */
#define GROUPS_MAX 1024

/* An owner or a group that nobody has. */
#define NO_ID ((uid_t)-1)

#define ALL_IDS UINT32_MAX        /* a map of this many ids is complete */
#define OVERFLOW_ID_DEFAULT 65534 /* of Linux */

uint32_t
front_peer_overflow_id(const char *map, const char *overflow)
{
	uint32_t inside, outside, count, id = OVERFLOW_ID_DEFAULT;
	uint64_t mapped = 0;
	FILE *f;

	f = fopen(map, "re");
	/* A kernel without namespaces has no map, and all ids. */
	if (f == NULL)
		return NO_ID;
	while (fscanf(f, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside,
		   &count) == 3)
		mapped += count;
	(void)fclose(f);
	if (mapped >= ALL_IDS)
		return NO_ID;
	f = fopen(overflow, "re");
	if (f != NULL) {
		if (fscanf(f, "%" SCNu32, &id) != 1)
			id = OVERFLOW_ID_DEFAULT;
		(void)fclose(f);
	}
	return id;
}

/* The lock is held.  A file that is gone leaves what was known of it. */
static void
look_up(struct front_peer *p)
{
	struct stat st;

	if (p->path == NULL || stat(p->path, &st) < 0)
		return;
	p->owner = st.st_uid == p->overflow_uid ? NO_ID : st.st_uid;
	p->group = st.st_gid == p->overflow_gid ? NO_ID : st.st_gid;
}

void
front_peer_init(struct front_peer *p, int fd, const char *path)
{
	int domain = AF_UNSPEC;
	socklen_t size = sizeof(domain);

	(void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	*p = (struct front_peer){ .is_judged = domain == AF_UNIX,
		.path = path,
		.overflow_uid = front_peer_overflow_id("/proc/self/uid_map",
		    "/proc/sys/kernel/overflowuid"),
		.overflow_gid = front_peer_overflow_id("/proc/self/gid_map",
		    "/proc/sys/kernel/overflowgid"),
		.owner = NO_ID,
		.group = NO_ID };
	pthread_mutex_init(&p->lock, NULL);
	look_up(p);
}

void
front_peer_fini(struct front_peer *p)
{
	pthread_mutex_destroy(&p->lock);
}

/* Of the groups that the peer had when it connected. */
static bool
is_member(int fd, const struct ucred *who, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);
	size_t i;

	if (group == NO_ID)
		return false;
	if (who->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* The lock is held. */
static bool
may_by_file(const struct front_peer *p, int fd, const struct ucred *who)
{
	return (p->owner != NO_ID && who->uid == p->owner) ||
	    is_member(fd, who, p->group);
}

/* The lock is held.  True the first time, as long as there is room. */
static bool
is_news(struct front_peer *p, uid_t uid)
{
	size_t i;

	for (i = 0; i < p->ntold; i++)
		if (p->told[i] == uid)
			return false;
	if (p->ntold == FRONT_PEER_TOLD_MAX)
		return false;
	p->told[p->ntold++] = uid;
	return true;
}

static void
tell(const struct front_peer *p, const struct ucred *who)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_WARN, "peer refused");
	log_int(&l, "uid", who->uid);
	log_int(&l, "pid", who->pid);
	log_str(&l, "socket", p->path);
	log_str(&l, "error",
	    "neither the owner of the socket's file nor in its group");
	log_end(&l);
}

bool
front_peer_may(struct front_peer *p, int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);
	bool may, news = false;

	if (!p->is_judged)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return false;
	if (who.uid != p->overflow_uid &&
	    (who.uid == 0 || who.uid == geteuid()))
		return true;
	pthread_mutex_lock(&p->lock);
	may = may_by_file(p, fd, &who);
	if (!may) {
		/* Somebody may have given the file to another group. */
		look_up(p);
		may = may_by_file(p, fd, &who);
	}
	if (!may)
		news = is_news(p, who.uid);
	pthread_mutex_unlock(&p->lock);
	if (news)
		tell(p, &who);
	return may;
}
