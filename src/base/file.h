/*
 * file - files and folders whose owner and mode matter
 *
 * Everything is judged on the open descriptor, never on the name alone.
 * No call blocks on anything but the disk: a FIFO or a device in the place
 * of a file is refused unopened for reading.  Any thread.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define FILE_KEY_SIZE 32

/*
 * What may be read: a regular file whose mode has none of the bits in
 * forbid.  Owner root or us, unless forbid is 0; with is_data, root may read
 * anybody's, for nothing in it is obeyed.
 */
struct file_rules {
	mode_t forbid; /* 022: others may not write; 077: nor read */
	bool no_link;  /* the name itself is no symbolic link */
	bool is_data;  /* bytes to compute with, not settings */
};

/*
 * Adds the file's bytes to out, whose limit is the file's.
 *
 * RC_NOTFOUND	there is none.
 * RC_DENIED	it breaks the rules, or may not be read.
 * RC_TOOBIG	over out's limit.
 * RC_INVALID	not a regular file.
 */
enum rc file_read(const char *path, const struct file_rules *rules,
    struct buf *out, struct err *e);

/* As file_read() with the rules for secrets: neither group nor others may
 * read or write, unless it lies under $CREDENTIALS_DIRECTORY. */
enum rc file_read_secret(const char *path, struct buf *out, struct err *e);

/*
 * The 32 bytes of a key file: a secret's rules, no link, exactly that size,
 * not all zero (RC_INVALID otherwise).
 */
enum rc file_read_key(const char *path, uint8_t key[FILE_KEY_SIZE],
    struct err *e);

/*
 * Makes a key file of random bytes, mode 0400, complete and on disk before
 * the name appears.  RC_EXISTS: there is one already, untouched.
 */
enum rc file_make_key(const char *path, struct err *e);

/* The folder and those above it that are missing, the last with the mode
 * given whatever the umask, the others 0755.  RC_OK if it is there. */
enum rc file_make_folder(const char *path, mode_t mode, struct err *e);

/* The names in the folder that holds path are on disk. */
enum rc file_sync_folder_of(const char *path, struct err *e);

/*
 * Run by root, gives a file that root has made to the owner of like, a file
 * or a folder whose programs are to use it.  fd is the file, open, or -1: then
 * it is opened, and no link is followed.  Anything else, also a failure,
 * changes nothing: programs say so when they cannot open it.
 */
void file_give(int fd, const char *path, const char *like);

/* The name of a user for people: "hls", or "4711" for one without a name.
 * Returns out. */
#define FILE_USER_SIZE 64
const char *file_user_name(uid_t uid, char out[FILE_USER_SIZE]);

/* The main group of a user, and in out its name, or its number where it has
 * none. */
gid_t file_group_of(uid_t uid, char out[FILE_USER_SIZE]);

/* The folder part of path, "." when it has none; free(3) it. */
char *file_folder_of(const char *path);

#endif
