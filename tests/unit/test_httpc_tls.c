#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "base/loop.h"
#include "net/httpc.h"
#include "tests/unit/own_loop.h"

/* The openssl command is the server; its certificate is its own authority
 * and is for the address 127.0.0.1 alone. */
static char folder[] = "/tmp/hls-unit-XXXXXX";

static pid_t
spawn(const char *const *argv, int out)
{
	pid_t pid = fork();
	int null;

	if (pid != 0)
		return pid;
	null = open("/dev/null", O_RDWR);
	if (chdir(folder) != 0)
		_exit(126);
	dup2(null, 2);
	dup2(out < 0 ? null : out, 1);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static bool
make_certificate(void)
{
	static const char *const argv[] = { "openssl", "req", "-x509",
		"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-subj", "/CN=127.0.0.1", "-addext",
		"subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout",
		"key.pem", "-out", "cert.pem", NULL };
	int status = -1;

	return waitpid(spawn(argv, -1), &status, 0) > 0 && status == 0;
}

/* s_server says where it listens: "ACCEPT 127.0.0.1:40123". */
static pid_t
start_server(const char *version, int *port)
{
	const char *argv[] = { "openssl", "s_server", "-accept", "127.0.0.1:0",
		"-cert", "cert.pem", "-key", "key.pem", "-www", "-cipher",
		"DEFAULT@SECLEVEL=0", version, NULL };
	char text[512];
	const char *at;
	size_t n = 0;
	ssize_t got;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = spawn(argv, fds[1]);
	close(fds[1]);
	*port = 0;
	while (*port == 0 &&
	    (got = read(fds[0], text + n, sizeof(text) - 1 - n)) > 0) {
		n += (size_t)got;
		text[n] = '\0';
		at = strstr(text, "ACCEPT ");
		if (at != NULL && strchr(at, '\n') != NULL)
			*port = (int)strtol(strrchr(at, ':') + 1, NULL, 10);
	}
	/* Held open: a server that cannot write its log ends. */
	if (*port == 0)
		close(fds[0]);

	return pid;
}

static enum rc
allow(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)sa;
	(void)e;
	assert_true(is_https);

	return RC_OK;
}

struct got {
	bool done;
	enum httpc_end end;
	int status;
	char text[128];
	struct httpc_times times;
};

static void
on_done(void *arg, const struct httpc_answer *a)
{
	struct got *got = arg;

	got->done = true;
	got->end = a->end;
	got->status = a->status;
	snprintf(got->text, sizeof(got->text), "%s", a->text);
	got->times = a->times;
}

static struct httpc *
client(const char *ca_file)
{
	const struct httpc_options opt = { .loop = own_loop(),
		.user_agent = "hls/test",
		.ca_file = ca_file,
		.idle_connections = 1 };
	struct httpc *c;
	struct err e;

	assert_int_equal(httpc_new(&opt, &c, &e), RC_OK);

	return c;
}

/* On a connection of its own. */
static struct got
ask(struct httpc *c, const char *host, int port)
{
	struct got got = { 0 };
	struct httpc_request req = { .method = "GET",
		.connect_timeout_ms = 5000,
		.timeout_ms = 5000,
		.body_max = 65536,
		.done = on_done,
		.arg = &got };
	const struct httpc_policy policy = { allow, NULL };
	struct httpc_pool *p = httpc_pool_new(c, &policy, NULL);
	char url[64];

	snprintf(url, sizeof(url), "https://%s:%d/", host, port);
	req.url = url;
	httpc_start(p, &req);
	while (!got.done)
		loop_turn(own_loop(), 1000);
	httpc_pool_free(p);

	return got;
}

/* What is trusted and named right is talked to; nothing else is, and the
 * record says why. */
static const struct {
	const char *name;
	const char *version; /* that the server is held to */
	const char *host;
	bool trusted;
	enum httpc_end end;
	const char *text;
} rows[] = {
	{ "trusted", "-no_ssl3", "127.0.0.1", true, HTTPC_COMPLETE, "" },
	{ "TLS 1.2", "-tls1_2", "127.0.0.1", true, HTTPC_COMPLETE, "" },
	{ "TLS 1.1", "-tls1_1", "127.0.0.1", true, HTTPC_TLS,
	    "the receiver does not accept TLS 1.2 or later" },
	{ "self-signed", "-no_ssl3", "127.0.0.1", false, HTTPC_TLS,
	    "the certificate is self-signed" },
	{ "another name", "-no_ssl3", "localhost", true, HTTPC_TLS,
	    "the certificate is for another name" },
};

static void
only_a_trusted_peer_of_that_name_is_talked_to(void **state)
{
	char ca_file[64];
	struct httpc *c;
	struct got got;
	size_t i;
	pid_t pid;
	int port;

	(void)state;
	snprintf(ca_file, sizeof(ca_file), "%s/cert.pem", folder);
	for (i = 0; i < NELEM(rows); i++) {
		pid = start_server(rows[i].version, &port);
		assert_int_not_equal(port, 0);
		c = client(rows[i].trusted ? ca_file : NULL);
		got = ask(c, rows[i].host, port);
		httpc_free(c);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (got.end != rows[i].end ||
		    strcmp(got.text, rows[i].text) != 0 ||
		    (got.status == 200) != (rows[i].end == HTTPC_COMPLETE))
			fail_msg("%s: %d, %d, %s", rows[i].name, (int)got.end,
			    got.status, got.text);
		assert_true((got.times.tls_us >= 0) == (got.status == 200));
	}
}

/* Authorities come and go while a drain runs. */
static void
authorities_are_read_anew_when_their_file_changes(void **state)
{
	char cert[64], ca_file[64];
	struct httpc *c;
	pid_t pid;
	int port;

	(void)state;
	snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
	pid = start_server("-no_ssl3", &port);
	assert_int_not_equal(port, 0);
	c = client(ca_file);
	assert_int_equal(ask(c, "127.0.0.1", port).end, HTTPC_SHORT);
	assert_int_equal(link(cert, ca_file), 0);
	assert_int_equal(ask(c, "127.0.0.1", port).end, HTTPC_COMPLETE);
	/* Being replaced, it is gone for a moment. */
	assert_int_equal(unlink(ca_file), 0);
	assert_int_equal(ask(c, "127.0.0.1", port).end, HTTPC_COMPLETE);
	assert_int_equal(close(creat(ca_file, 0600)), 0);
	assert_int_equal(ask(c, "127.0.0.1", port).end, HTTPC_SHORT);
	assert_int_equal(unlink(ca_file), 0);
	httpc_free(c);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int
teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/cert.pem", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/key.pem", folder);
	unlink(path);

	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_trusted_peer_of_that_name_is_talked_to),
		cmocka_unit_test(
		    authorities_are_read_anew_when_their_file_changes),
	};

	if (mkdtemp(folder) == NULL)
		return 99;
	if (!make_certificate()) {
		(void)teardown(NULL);
		printf("1..0 # SKIP no openssl command here\n");
		return 77;
	}

	return cmocka_run_group_tests(tests, NULL, teardown);
}
