/*
 * null_fcgi - the responder that does nothing
 *
 * What hls.fcgi is measured against: libfcgi, as many threads, each request's
 * body read to its end and answered 202.  No check, no store.
 *
 *	null_fcgi SOCKET THREADS
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fcgiapp.h>

static void *
serve(void *arg)
{
	char body[65536];
	FCGX_Request req;

	if (FCGX_InitRequest(&req, *(int *)arg, 0) != 0)
		return NULL;
	while (FCGX_Accept_r(&req) == 0) {
		while (FCGX_GetStr(body, sizeof(body), req.in) > 0)
			;
		FCGX_PutS("Status: 202 Accepted\r\n"
			  "Content-Type: application/json\r\n\r\n"
			  "{\"status\":\"queued\",\"id\":\"evt_0\"}\n",
		    req.out);
		FCGX_Finish_r(&req);
	}
	return NULL;
}

int
main(int argc, char *argv[])
{
	pthread_t thread;
	int i, n, fd;

	if (argc != 3) {
		fprintf(stderr, "usage: null_fcgi SOCKET THREADS\n");
		return 2;
	}
	n = (int)strtol(argv[2], NULL, 10);
	if (FCGX_Init() != 0)
		return 1;
	fd = FCGX_OpenSocket(argv[1], 1024);
	if (fd < 0 || chmod(argv[1], 0660) == -1)
		return 1;
	for (i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, serve, &fd) != 0)
			return 1;
	return pthread_join(thread, NULL);
}
