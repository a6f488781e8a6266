/*
 * null_cgi - the CGI program that does nothing
 *
 * What hls.fcgi is measured against as a CGI program: the body is read to its
 * end and answered 202.  No settings, no check, no store.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(void)
{
	const char *text = getenv("CONTENT_LENGTH");
	long left = text == NULL ? 0 : strtol(text, NULL, 10);
	char body[65536];
	ssize_t n = 1;

	while (left > 0 && n > 0) {
		n = read(STDIN_FILENO, body, sizeof(body));
		left -= n;
	}
	printf("Status: 202 Accepted\r\n"
	       "Content-Type: application/json\r\n\r\n"
	       "{\"status\":\"queued\",\"id\":\"evt_0\"}\n");
	return fflush(stdout) == 0 ? 0 : 1;
}
