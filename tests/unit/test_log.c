#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/log.h"

static char folder[] = "/tmp/hls-log-XXXXXX";
static char path[64], moved[64];

static int64_t
fixed_time(void *arg)
{
	(void)arg;
	return 1795248550123;
}

static const struct clock fixed = { fixed_time, fixed_time, NULL, "boot" };

/* Which need not be there yet. */
static void
empty_file(void)
{
	if (truncate(path, 0) != 0)
		assert_int_equal(errno, ENOENT);
}

static void
open_log(const char *target)
{
	struct err e;

	assert_int_equal(
	    log_open(target, LOG_LEVEL_INFO, "hls.test", &fixed, &e), RC_OK);
}

/* What the file holds. */
static const char *
contents(const char *name)
{
	static char text[65536];
	FILE *f = fopen(name, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

static void
assert_is_one_json_line(const char *text)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;
	size_t n = strlen(text);

	assert_true(n > 1 && text[n - 1] == '\n');
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	json_tokener_set_flags(tok,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)n - 1);
	if (o == NULL)
		fail_msg("%s", text);
	json_object_put(o);
	json_tokener_free(tok);
}

static void
a_line_has_its_fields_in_order(void **state)
{
	struct log_line l;
	char expected[256];

	(void)state;
	open_log(path);
	log_begin(&l, LOG_LEVEL_WARN, "stored");
	log_str(&l, "event_id", "evt_1");
	log_str(&l, "error", NULL);
	log_str(&l, "error", "");
	log_int(&l, "status", -202);
	log_end(&l);
	log_say(LOG_LEVEL_DEBUG, "below the level");
	log_close();
	(void)snprintf(expected, sizeof(expected),
	    "{\"ts\":\"2026-11-21T08:09:10.123Z\",\"level\":\"warn\","
	    "\"msg\":\"stored\",\"component\":\"hls.test\",\"pid\":%ld,"
	    "\"event_id\":\"evt_1\",\"status\":-202}\n",
	    (long)getpid());
	assert_string_equal(contents(path), expected);
}

/* B115. */
static void
a_tag_is_in_every_line(void **state)
{
	(void)state;
	(void)unlink(path);
	open_log(path);
	log_tag("worker_id", "w-1");
	log_say(LOG_LEVEL_INFO, "one");
	log_tag(NULL, "");
	log_say(LOG_LEVEL_INFO, "two");
	log_close();
	assert_non_null(strstr(contents(path), ",\"worker_id\":\"w-1\"}\n{"));
	assert_null(strstr(strstr(contents(path), "two"), "worker_id"));
	(void)unlink(path);
}

static void
text_from_outside_stays_on_one_line(void **state)
{
	(void)state;
	empty_file();
	open_log(path);
	log_say(LOG_LEVEL_INFO, "a\n{\"level\":\"fake\"}\x1b[31m\x7f%s",
	    "\xff\xc2\x9b\xe2\x80\xa8\xc3\xa9\\");
	log_close();
	assert_is_one_json_line(contents(path));
	assert_non_null(strstr(contents(path),
	    "a\\n{\\\"level\\\":\\\"fake\\\"}\\u001b[31m\\u007f"
	    "\xef\xbf\xbd\\u009b\\u2028\xc3\xa9\\\\"));
}

static void
a_line_is_cut_and_stays_json(void **state)
{
	static char text[1 << 20];
	static const char pad[] = "xxxxxxxxxxxxxxxxxxxxxxxx";
	struct log_line l;
	size_t start;
	const char *pieces[] = { "x", "\n", "\xc3\xa9", "\xff", "\"" };
	size_t i, j;

	(void)state;
	open_log(path);
	for (i = 0; i < NELEM(pieces); i++) {
		for (j = 0; j + 2 < sizeof(text); j += strlen(pieces[i]))
			memcpy(text + j, pieces[i], strlen(pieces[i]));
		text[j] = '\0';
		for (start = 0; start < 24; start++) {
			empty_file();
			log_begin(&l, LOG_LEVEL_INFO, text);
			log_str(&l, "pad", &pad[start]);
			log_str(&l, "error", text);
			log_int(&l, "never", 1);
			log_end(&l);
			assert_is_one_json_line(contents(path));
			assert_true(strlen(contents(path)) <= LOG_LINE_SIZE);
			assert_non_null(
			    strstr(contents(path), "\"cut\":true}"));
		}
	}
	empty_file();
	log_begin(&l, LOG_LEVEL_INFO, "many");
	for (i = 0; i < 1000; i++)
		log_int(&l, "number", 1234567890123456789);
	log_end(&l);
	assert_is_one_json_line(contents(path));
	log_close();
}

static void
a_renamed_file_is_opened_anew(void **state)
{
	struct err e;

	(void)state;
	empty_file();
	open_log(path);
	log_say(LOG_LEVEL_INFO, "first");
	assert_int_equal(rename(path, moved), 0);
	log_say(LOG_LEVEL_INFO, "second");
	assert_int_equal(log_reopen(&e), RC_OK);
	log_say(LOG_LEVEL_INFO, "third");
	log_close();
	assert_non_null(strstr(contents(moved), "second"));
	assert_null(strstr(contents(moved), "third"));
	assert_is_one_json_line(contents(path));
}

static void
a_log_that_cannot_be_opened_is_reported(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
	    log_open("/nonexistent/log", LOG_LEVEL_INFO, "x", &fixed, &e),
	    RC_SYSTEM);
}

/* The owner of the log's folder may put anything in the log's place. */
static void
root_follows_no_link_in_a_folder_of_another_user(void **state)
{
	char foreign[96], log[128], other[96];
	struct stat st;
	struct err e;

	(void)state;
	if (geteuid() != 0)
		return;
	(void)snprintf(foreign, sizeof(foreign), "%s/foreign", folder);
	(void)snprintf(log, sizeof(log), "%s/log", foreign);
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(mkdir(foreign, 0755), 0);
	assert_int_equal(chown(foreign, 1234, 1234), 0);

	open_log(log);
	log_close();
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_uid, 1234);

	assert_int_equal(unlink(log), 0);
	assert_int_equal(symlink(other, log), 0);
	assert_int_equal(log_open(log, LOG_LEVEL_INFO, "x", &fixed, &e),
	    RC_SYSTEM);
	assert_int_equal(stat(other, &st), -1);
	assert_int_equal(close(creat(other, 0600)), 0);
	assert_int_equal(log_open(log, LOG_LEVEL_INFO, "x", &fixed, &e),
	    RC_SYSTEM);
	assert_int_equal(unlink(log), 0);
	assert_int_equal(link(other, log), 0);
	assert_int_equal(log_open(log, LOG_LEVEL_INFO, "x", &fixed, &e),
	    RC_SYSTEM);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_size, 0);

	assert_int_equal(unlink(log), 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(rmdir(foreign), 0);
}

/* B117. */
static void
a_stopped_log_reader_blocks_no_program(void **state)
{
	int ends[2], saved, i;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	open_log("stderr");
	for (i = 0; i < 5000; i++)
		log_say(LOG_LEVEL_INFO, "nobody reads this");
	assert_true(log_dropped() > 0 && log_dropped() < 5000);
	/* The pipe as others see it still waits. */
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	log_close();
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
syslog_takes_datagrams(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char target[80], got[LOG_LINE_SIZE + 64];
	ssize_t n;
	int fd;

	(void)state;
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", folder);
	(void)snprintf(target, sizeof(target), "syslog:%s/s", folder);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	open_log(target);
	log_say(LOG_LEVEL_ERROR, "hello");
	n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	got[n] = '\0';
	assert_int_equal(strncmp(got, "<27>hls.test[", 13), 0);
	assert_int_equal(got[n - 1], '}');

	/* Its daemon restarts. */
	(void)close(fd);
	(void)unlink(at.sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	log_say(LOG_LEVEL_ERROR, "again");
	assert_true(recv(fd, got, sizeof(got), MSG_DONTWAIT) > 0);
	log_close();
	(void)close(fd);
	(void)unlink(at.sun_path);
}

static void
levels_have_names(void **state)
{
	enum log_level level;

	(void)state;
	assert_true(log_level_parse("Warning", &level));
	assert_int_equal(level, LOG_LEVEL_WARN);
	assert_true(log_level_parse("DEBUG", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_false(log_level_parse("loud", &level));
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	(void)snprintf(moved, sizeof(moved), "%s/log.1", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(moved);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_fields_in_order),
		cmocka_unit_test(a_tag_is_in_every_line),
		cmocka_unit_test(text_from_outside_stays_on_one_line),
		cmocka_unit_test(a_line_is_cut_and_stays_json),
		cmocka_unit_test(a_renamed_file_is_opened_anew),
		cmocka_unit_test(a_log_that_cannot_be_opened_is_reported),
		cmocka_unit_test(
		    root_follows_no_link_in_a_folder_of_another_user),
		cmocka_unit_test(a_stopped_log_reader_blocks_no_program),
		cmocka_unit_test(syslog_takes_datagrams),
		cmocka_unit_test(levels_have_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
