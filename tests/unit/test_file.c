#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "base/file.h"

static char folder[] = "/tmp/hls-file-XXXXXX";

/* A name in the scratch folder, good until the fifth call after. */
static const char *
at(const char *name)
{
	static char paths[4][96];
	static unsigned int next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void
put(const char *name, const void *bytes, size_t n, mode_t mode)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, n), n);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static enum rc
read_back(const char *name, mode_t forbid, bool no_link, size_t max)
{
	struct file_rules rules = { .forbid = forbid, .no_link = no_link };
	struct buf b;
	struct err e;
	enum rc rc;

	buf_init(&b, max);
	rc = file_read(at(name), &rules, &b, &e);
	buf_fini(&b);
	return rc;
}

static void
only_proper_files_are_read(void **state)
{
	(void)state;
	put("a", "text", 4, 0644);
	assert_int_equal(read_back("a", 022, false, 100), RC_OK);
	assert_int_equal(read_back("a", 022, false, 4), RC_OK);
	assert_int_equal(read_back("a", 022, false, 3), RC_TOOBIG);
	assert_int_equal(read_back("a", 077, false, 100), RC_DENIED);
	assert_int_equal(read_back("none", 022, false, 100), RC_NOTFOUND);
	assert_int_equal(read_back("a/b", 022, false, 100), RC_NOTFOUND);
	assert_int_equal(read_back("", 022, false, 100), RC_INVALID);
	put("w", "text", 4, 0666);
	assert_int_equal(read_back("w", 022, false, 100), RC_DENIED);
	assert_int_equal(read_back("w", 0, false, 100), RC_OK);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(read_back("fifo", 022, false, 100), RC_INVALID);
	assert_int_equal(symlink(at("a"), at("link")), 0);
	assert_int_equal(read_back("link", 022, false, 100), RC_OK);
	assert_int_equal(read_back("link", 022, true, 100), RC_DENIED);
	(void)unlink(at("link"));
	assert_int_equal(symlink(at("w"), at("link")), 0);
	assert_int_equal(read_back("link", 022, false, 100), RC_DENIED);
	if (geteuid() == 0) {
		assert_int_equal(chown(at("a"), 65534, 65534), 0);
		assert_int_equal(read_back("a", 022, false, 100), RC_DENIED);
	}
}

/* The advice of the message is the one that works for the user. */
static void
a_file_of_another_user_is_refused_with_advice(void **state)
{
	struct file_rules rules = { .forbid = 022 };
	char want[256];
	struct buf b;
	struct err e;

	(void)state;
	if (geteuid() != 0)
		return;
	put("theirs", "text", 4, 0644);
	assert_int_equal(chown(at("theirs"), 1, 1), 0);
	buf_init(&b, 100);
	assert_int_equal(file_read(at("theirs"), &rules, &b, &e), RC_DENIED);
	(void)snprintf(want, sizeof(want),
	    "%s: belongs to the user daemon, and root reads only its own; run "
	    "this as daemon, with sudo -u daemon",
	    at("theirs"));
	assert_string_equal(e.text, want);
	buf_fini(&b);
}

static void
a_secret_file_that_others_may_read_is_refused(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 100);
	put("s", "secret", 6, 0440);
	assert_int_equal(file_read_secret(at("s"), &b, &e), RC_DENIED);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	assert_int_equal(file_read_secret(at("s"), &b, &e), RC_OK);
	assert_string_equal(buf_str(&b), "secret");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp/hls", 1), 0);
	assert_int_equal(file_read_secret(at("s"), &b, &e), RC_DENIED);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/", 1), 0);
	assert_int_equal(file_read_secret(at("s"), &b, &e), RC_DENIED);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	buf_fini(&b);
}

/* B71. */
static void
a_key_is_32_bytes_for_us_alone(void **state)
{
	uint8_t key[FILE_KEY_SIZE], bytes[FILE_KEY_SIZE + 1];
	struct err e;

	(void)state;
	memset(bytes, 9, sizeof(bytes));
	put("k", bytes, 32, 0400);
	assert_int_equal(file_read_key(at("k"), key, &e), RC_OK);
	assert_memory_equal(key, bytes, 32);
	assert_int_equal(symlink(at("k"), at("klink")), 0);
	assert_int_equal(file_read_key(at("klink"), key, &e), RC_DENIED);
	put("k31", bytes, 31, 0400);
	assert_int_equal(file_read_key(at("k31"), key, &e), RC_INVALID);
	put("k33", bytes, 33, 0400);
	assert_int_equal(file_read_key(at("k33"), key, &e), RC_INVALID);
	put("k644", bytes, 32, 0644);
	assert_int_equal(file_read_key(at("k644"), key, &e), RC_DENIED);
	memset(bytes, 0, sizeof(bytes));
	put("kzero", bytes, 32, 0400);
	assert_int_equal(file_read_key(at("kzero"), key, &e), RC_INVALID);
	assert_int_equal(file_read_key(at("knone"), key, &e), RC_NOTFOUND);
}

static void
a_key_is_made_once(void **state)
{
	uint8_t first[FILE_KEY_SIZE], again[FILE_KEY_SIZE];
	struct stat st;
	struct err e;
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(file_make_key(at("new"), &e), RC_OK);
	(void)umask(mask);
	assert_int_equal(stat(at("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(file_read_key(at("new"), first, &e), RC_OK);
	assert_int_equal(file_make_key(at("new"), &e), RC_EXISTS);
	assert_int_equal(file_read_key(at("new"), again, &e), RC_OK);
	assert_memory_equal(first, again, sizeof(first));
	assert_int_equal(file_make_key(at("none/new"), &e), RC_SYSTEM);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(at(name), &st), 0);
	return st.st_mode & 07777;
}

static void
folders_are_made_with_their_mode(void **state)
{
	struct err e;
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(file_make_folder(at("d/e/f//"), 0700, &e), RC_OK);
	assert_int_equal(mode_of("d"), 0755);
	assert_int_equal(mode_of("d/e/f"), 0700);
	(void)umask(077);
	assert_int_equal(file_make_folder(at("d/g"), 0750, &e), RC_OK);
	assert_int_equal(mode_of("d/g"), 0750);
	(void)umask(mask);
	assert_int_equal(file_make_folder(at("d/g"), 0700, &e), RC_OK);
	assert_int_equal(mode_of("d/g"), 0750);
	put("file", "", 0, 0600);
	assert_int_equal(file_make_folder(at("file"), 0700, &e), RC_SYSTEM);
	assert_int_equal(file_make_folder(at("file/x"), 0700, &e), RC_SYSTEM);
}

static void
the_folder_of_a_path_is_found(void **state)
{
	static const char *const rows[][2] = {
		{ "a", "." },
		{ "/a", "/" },
		{ "/a/b", "/a" },
		{ "a/b/", "a/b" },
	};
	char *got;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		got = file_folder_of(rows[i][0]);
		assert_string_equal(got, rows[i][1]);
		free(got);
	}
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = { "a", "w", "fifo", "link", "s", "k",
		"klink", "k31", "k33", "k644", "kzero", "new", "file",
		"theirs" };
	static const char *const folders[] = { "d/e/f", "d/e", "d/g", "d" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++)
		(void)unlink(at(files[i]));
	for (i = 0; i < NELEM(folders); i++)
		(void)rmdir(at(folders[i]));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_proper_files_are_read),
		cmocka_unit_test(a_file_of_another_user_is_refused_with_advice),
		cmocka_unit_test(a_secret_file_that_others_may_read_is_refused),
		cmocka_unit_test(a_key_is_32_bytes_for_us_alone),
		cmocka_unit_test(a_key_is_made_once),
		cmocka_unit_test(folders_are_made_with_their_mode),
		cmocka_unit_test(the_folder_of_a_path_is_found),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
