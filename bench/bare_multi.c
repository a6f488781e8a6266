/*
 * bare_multi - curl multi alone
 *
 * What hls-drain is measured against: COUNT posts of SIZE bytes to URL, so
 * many in flight at once on kept connections, by libcurl's multi interface
 * with no queue, no signature and no record behind it.  Prints
 * {"requests", "failed", "seconds"}.
 *
 *	bare_multi URL COUNT SIZE IN_FLIGHT
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

struct run {
	CURLM *multi;
	struct curl_slist *headers;
	const char *url;
	char *body;
	long size;
	long left; /* to be sent yet */
	long open; /* in flight */
	long ended;
	long failed;
};

static size_t
ignore(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static CURL *
easy_new(struct run *r)
{
	CURL *c;

	c = curl_easy_init();
	if (c == NULL)
		exit(1);
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, r->size);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	return c;
}

/* Handles that have ended go out again while there is work for them. */
static void
collect(struct run *r)
{
	CURLMsg *msg;
	CURL *c;
	long status;
	int n;

	while ((msg = curl_multi_info_read(r->multi, &n)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		c = msg->easy_handle;
		status = 0;
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		if (msg->data.result != CURLE_OK || status != 200)
			r->failed++;
		curl_multi_remove_handle(r->multi, c);
		r->ended++;
		if (r->left > 0) {
			r->left--;
			curl_multi_add_handle(r->multi, c);
		} else {
			curl_easy_cleanup(c);
			r->open--;
		}
	}
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char *argv[])
{
	struct run r = { 0 };
	double begin;
	long count, in_flight;
	int running;

	if (argc != 5) {
		fprintf(stderr, "usage: bare_multi URL COUNT SIZE IN_FLIGHT\n");
		return 2;
	}
	r.url = argv[1];
	count = strtol(argv[2], NULL, 10);
	r.size = strtol(argv[3], NULL, 10);
	in_flight = strtol(argv[4], NULL, 10);
	r.body = malloc((size_t)r.size);
	if (r.body == NULL || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		return 1;
	memset(r.body, 'x', (size_t)r.size);
	r.headers = curl_slist_append(NULL, "Content-Type: application/json");
	r.headers = curl_slist_append(r.headers, "Expect:");
	r.multi = curl_multi_init();
	begin = seconds();
	for (r.left = count; r.left > count - in_flight && r.left > 0;
	     r.left--, r.open++)
		curl_multi_add_handle(r.multi, easy_new(&r));
	do {
		curl_multi_perform(r.multi, &running);
		collect(&r);
		curl_multi_poll(r.multi, NULL, 0, 100, NULL);
	} while (r.ended < count);
	printf("{\"requests\":%ld,\"failed\":%ld,\"seconds\":%.6f}\n", count,
	    r.failed, seconds() - begin);
	curl_multi_cleanup(r.multi);
	return r.failed > 0;
}
