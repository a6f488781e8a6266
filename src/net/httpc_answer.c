#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/httpc_int.h"

/* Our words for what libcurl says; its own texts vary and mislead ("out of
 * memory" for a long header line).  What is not listed is local. */
static const struct {
	CURLcode code;
	enum httpc_end end;
	const char *text;
} ends[] = {
	{ CURLE_OK, HTTPC_COMPLETE, "" },
	{ CURLE_OPERATION_TIMEDOUT, HTTPC_TIMEOUT, "no answer in time" },
	{ CURLE_COULDNT_CONNECT, HTTPC_REFUSED, "connection refused" },
	{ CURLE_COULDNT_RESOLVE_HOST, HTTPC_DNS, "the name does not resolve" },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTPC_TLS,
	    "the certificate is not trusted or is for another name" },
	{ CURLE_SSL_CONNECT_ERROR, HTTPC_TLS, "no TLS connection" },
	{ CURLE_SSL_CIPHER, HTTPC_TLS, "no TLS connection" },
	{ CURLE_SSL_ISSUER_ERROR, HTTPC_TLS, "the certificate is not trusted" },
	{ CURLE_SEND_ERROR, HTTPC_BROKEN, "connection broken while sending" },
	{ CURLE_RECV_ERROR, HTTPC_BROKEN, "connection broken while reading" },
	{ CURLE_GOT_NOTHING, HTTPC_BROKEN,
	    "connection closed without an answer" },
	{ CURLE_PARTIAL_FILE, HTTPC_BROKEN, "the answer ended early" },
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTPC_PROTOCOL,
	    "the answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, HTTPC_PROTOCOL, "the answer is not HTTP" },
	{ CURLE_HTTP2, HTTPC_PROTOCOL, "the answer is not HTTP/1.1" },
	{ CURLE_BAD_CONTENT_ENCODING, HTTPC_PROTOCOL, "the answer is garbled" },
	{ CURLE_OUT_OF_MEMORY, HTTPC_PROTOCOL, "the headers are too long" },
	{ CURLE_URL_MALFORMAT, HTTPC_LOCAL, "the URL is malformed" },
	{ CURLE_SSL_CACERT_BADFILE, HTTPC_SHORT,
	    "the file of trusted authorities cannot be read" },
	{ CURLE_SSL_CERTPROBLEM, HTTPC_SHORT,
	    "the webhook's client certificate or its key cannot be read" },
	{ CURLE_FAILED_INIT, HTTPC_SHORT, "no memory is left on this host" },
};

/* Why there is no connection, where the system says more than that nobody
 * listens. */
static const struct {
	int number;
	enum httpc_end end;
	const char *text;
} unreachable[] = {
	{ ECONNRESET, HTTPC_REFUSED, "connection broken while connecting" },
	{ EHOSTUNREACH, HTTPC_REFUSED, "no route to the address" },
	{ ENETUNREACH, HTTPC_REFUSED, "no route to the address" },
	{ ENETDOWN, HTTPC_REFUSED, "the network is down" },
	{ EADDRNOTAVAIL, HTTPC_SHORT, "no local port is free on this host" },
	{ ENOBUFS, HTTPC_SHORT, "no network memory is left on this host" },
	{ ENOMEM, HTTPC_SHORT, "no memory is left on this host" },
	{ EPERM, HTTPC_SHORT, "this host forbids the connection" },
	{ EACCES, HTTPC_SHORT, "this host forbids the connection" },
};

/* Where libcurl's code says too little, words of its own say more.  The first
 * that fits counts. */
static const struct {
	const char *words;
	enum httpc_end end;
	const char *text;
} said[] = {
	{ "alert certificate required", HTTPC_TLS,
	    "the receiver demands a client certificate" },
	{ "alert handshake failure", HTTPC_TLS,
	    "the receiver refused the TLS handshake: no cipher in common, or "
	    "it demands a client certificate" },
	{ "alert protocol version", HTTPC_TLS,
	    "the receiver does not accept TLS 1.2 or later" },
	{ "alert unknown ca", HTTPC_TLS,
	    "the receiver does not trust our client certificate" },
	{ "alert bad certificate", HTTPC_TLS,
	    "the receiver does not accept our client certificate" },
	{ "alert certificate unknown", HTTPC_TLS,
	    "the receiver does not accept our client certificate" },
	{ "alert certificate expired", HTTPC_TLS,
	    "our client certificate has expired" },
	{ "alert certificate revoked", HTTPC_TLS,
	    "our client certificate is revoked" },
	{ "alert access denied", HTTPC_TLS,
	    "the receiver denies access to our client certificate" },
	{ "unrecognized name", HTTPC_TLS,
	    "the receiver serves no host of this name" },
};

/* By the number that OpenSSL's verification gives, which is the same since
 * ever; 1 is what libcurl begins with, and it looks at the name first.  What
 * is not listed keeps the general text. */
static const struct {
	long number;
	const char *text;
} distrust[] = {
	{ 1, "the certificate is for another name" },
	{ 9, "the certificate is not valid yet" },
	{ 10, "the certificate has expired" },
	{ 18, "the certificate is self-signed" },
	{ 19, "the authority of the certificate is not trusted" },
	{ 20,
	    "the certificate's issuer is not known: not trusted, or an "
	    "intermediate certificate is missing" },
	{ 21,
	    "the certificate's issuer is not known: not trusted, or an "
	    "intermediate certificate is missing" },
	{ 23, "the certificate is revoked" },
	{ 66, "the certificate's key is too weak" },
	{ 67, "the key of the certificate's authority is too weak" },
	{ 68, "the certificate's signature is too weak" },
};

static const char text_late[] = "no connection in time";
static const char text_denied[] = "the address is not allowed";
static const char text_headers[] = "the headers are too long";
static const char text_asked[] =
    "the connection broke after the receiver had asked for a client "
    "certificate";
static const char text_early[] = "an answer came before the request was sent";
static const char text_cut[] = "the body is over the maximum that is read";

static void
read_status_line(struct httpc_call *call, const char *p, size_t n)
{
	const char *sp = memchr(p, ' ', n);

	call->status = 0;
	if (sp == NULL || p + n - sp < 4)
		return;
	for (sp++; sp < p + n && *sp >= '0' && *sp <= '9'; sp++) {
		call->status = call->status * 10 + (*sp - '0');
		if (call->status > 999)
			return;
	}
}

/* The value of one field, if the line is of that field; "" when it is too
 * long to be anything that is meant. */
static void
read_field(const char *p, size_t n, const char *name, char *out, size_t size)
{
	size_t skip = strlen(name);

	if (n < skip || strncasecmp(p, name, skip) != 0)
		return;
	p += skip;
	n -= skip;
	while (n > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	while (n > 0 && (unsigned char)p[n - 1] <= ' ')
		n--;
	if (n >= size)
		n = 0;
	memcpy(out, p, n);
	out[n] = '\0';
}

static size_t
on_header(char *p, size_t size, size_t nmemb, void *arg)
{
	struct httpc_call *call = arg;
	size_t n = size * nmemb;

	if (call->answered_us == 0) {
		call->is_stale = !httpc_kept_may_answer(call);
		if (call->is_stale)
			return 0;
		call->answered_us = clock_tick_us();
	}
	call->header_bytes += n;
	if (call->header_bytes > HTTPC_HEADERS_MAX) {
		call->too_long = true;
		return 0;
	}
	if (call->complete) /* trailers */
		return n;

	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		read_status_line(call, p, n);
		call->is_stale = httpc_kept_is_refusal(call, call->status);
	} else if (n > 0 && (p[0] == '\r' || p[0] == '\n')) {
		call->complete = call->status >= 200;
	} else {
		read_field(p, n, "retry-after:", call->retry_after,
		    sizeof(call->retry_after));
		read_field(p, n, "location:", call->location,
		    sizeof(call->location));
	}

	/* libcurl then closes the connection, and with it what it holds. */
	return call->is_stale ? 0 : n;
}

static size_t
on_body(char *p, size_t size, size_t nmemb, void *arg)
{
	struct httpc_call *call = arg;
	size_t n = size * nmemb, room = call->req.keep - call->keptsz;

	if (room > n)
		room = n;
	if (room > 0) {
		memcpy(call->kept + call->keptsz, p, room);
		call->keptsz += room;
	}
	call->body_bytes += n;
	if (call->body_bytes > call->req.body_max) {
		call->cut = true;
		return 0;
	}

	return n;
}

void
httpc_answer_listen(struct httpc_call *call)
{
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->words);
}

void
httpc_answer_reset(struct httpc_call *call)
{
	call->sent_us = call->answered_us = 0;
	call->keptsz = call->header_bytes = call->body_bytes = 0;
	call->status = 0;
	call->complete = call->begun = call->no_socket = call->unwatched =
	    call->flooded = call->too_long = call->cut = false;
	call->denied = call->allowed = false;
	call->lacked = NULL;
	call->name_us = -1;
	call->trusts_kept = false;
	call->is_kept = call->is_stale = call->is_early = false;
	call->is_asked = false;
	call->socket = NULL;
	call->retry_after[0] = call->location[0] = call->words[0] = '\0';
	if (call->req.keep > call->kept_cap) {
		free(call->kept);
		call->kept = xmalloc(call->req.keep);
		call->kept_cap = call->req.keep;
	}
}

static void
tell_unreachable(const struct httpc_call *call, struct httpc_answer *a)
{
	long number = 0;
	size_t i;

	curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number);
	for (i = 0; i < sizeof(unreachable) / sizeof(unreachable[0]); i++) {
		if (unreachable[i].number == number) {
			a->end = unreachable[i].end;
			a->text = unreachable[i].text;
		}
	}
}

static void
tell_in_words(const struct httpc_call *call, struct httpc_answer *a)
{
	size_t i;

	for (i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		if (strstr(call->words, said[i].words) == NULL)
			continue;
		a->end = said[i].end;
		a->text = said[i].text;
		return;
	}
}

static const char *
why_distrusted(const struct httpc_call *call, const char *otherwise)
{
	const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
	long number = -1;
	size_t i;

	if (library == NULL || strncmp(library, "OpenSSL/", 8) != 0)
		return otherwise;
	curl_easy_getinfo(call->easy, CURLINFO_SSL_VERIFYRESULT, &number);
	for (i = 0; i < sizeof(distrust) / sizeof(distrust[0]); i++)
		if (distrust[i].number == number)
			return distrust[i].text;

	return otherwise;
}

/* What libcurl says, made more exact by what we know beside it. */
static void
translate(const struct httpc_call *call, CURLcode code, struct httpc_answer *a)
{
	size_t i;

	a->end = HTTPC_LOCAL;
	a->text = "the request could not be made";
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends[i].code == code) {
			a->end = ends[i].end;
			a->text = ends[i].text;
		}
	}
	if (a->end == HTTPC_BROKEN && call->is_asked)
		a->text = text_asked;
	if (code != CURLE_OK)
		tell_in_words(call, a);
	if (code == CURLE_COULDNT_CONNECT && call->is_sent)
		tell_unreachable(call, a);
	if (code == CURLE_OUT_OF_MEMORY && !call->begun) {
		a->end = HTTPC_SHORT;
		a->text = "no memory is left on this host";
	}
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		a->text = why_distrusted(call, a->text);
	if (call->no_socket && code == CURLE_COULDNT_CONNECT) {
		a->end = HTTPC_SHORT;
		a->text = "no descriptor or memory is left on this host";
	}
	if (call->unwatched && code == CURLE_OPERATION_TIMEDOUT) {
		a->end = HTTPC_SHORT;
		a->text = "the system watches no more descriptors";
	}
	if (call->flooded && code != CURLE_OK) {
		a->end = call->begun ? HTTPC_BROKEN : HTTPC_TLS;
		a->text = "TLS messages without end";
	}
}

/* A peer that says no may have said so before it was asked; a yes, or that it
 * wants no more at all, must be an answer. */
static bool
is_unasked(const struct httpc_call *call)
{
	return call->is_early &&
	    (call->status == 410 ||
		(call->status >= 200 && call->status < 300));
}

/* The order of the questions is the rule: what we forbade comes first, then
 * a whole header block makes an answer whatever broke behind it. */
static void
judge(const struct httpc_call *call, CURLcode code, struct httpc_answer *a)
{
	translate(call, code, a);
	if (call->lacked != NULL) {
		a->end = HTTPC_SHORT;
		a->text = call->lacked;
	} else if (call->denied && !call->allowed) {
		a->end = HTTPC_DENIED;
		a->text = text_denied;
	} else if (call->complete && is_unasked(call)) {
		a->end = HTTPC_PROTOCOL;
		a->text = text_early;
	} else if (call->complete) {
		a->status = call->status;
		a->end = code == CURLE_OK ? HTTPC_COMPLETE : HTTPC_CUT;
		if (call->cut)
			a->text = text_cut;
		else if (call->too_long)
			a->text = text_headers;
		else if (a->end == HTTPC_CUT && a->text[0] == '\0')
			a->text = "the answer ended early";
	} else if (call->too_long) {
		a->end = HTTPC_PROTOCOL;
		a->text = text_headers;
	} else if (a->end == HTTPC_TIMEOUT && !call->begun) {
		a->end = HTTPC_NOT_IN_TIME;
		a->text = text_late;
	} else if (code == CURLE_OK) {
		a->end = HTTPC_BROKEN;
		a->text = "the headers ended early";
	}
}

/* From one of libcurl's points of time to the next; a point that was not
 * reached is 0. */
static int64_t
part_us(CURL *easy, CURLINFO from, CURLINFO to)
{
	curl_off_t a = 0, b = 0;

	if (from != CURLINFO_NONE)
		curl_easy_getinfo(easy, from, &a);
	curl_easy_getinfo(easy, to, &b);

	return b <= 0 || b < a ? -1 : (int64_t)(b - a);
}

static void
measure(const struct httpc_call *call, struct httpc_times *t)
{
	int64_t now_us = clock_tick_us();
	long connects = 0;

	t->name_us = t->connect_us = t->tls_us = t->first_byte_us = -1;
	t->total_us = now_us - call->started_us;
	/* libcurl's own point is of the request where that has a body. */
	if (call->sent_us > 0 && call->answered_us >= call->sent_us)
		t->first_byte_us = call->answered_us - call->sent_us;

	/* It has points of the request before. */
	if (!call->is_sent)
		return;
	/* It also gives a point to a connection that it used again. */
	curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
	if (call->begun && connects == 0)
		return;
	t->name_us = call->name_us >= 0
	    ? call->name_us
	    : part_us(call->easy, CURLINFO_NONE, CURLINFO_NAMELOOKUP_TIME_T);
	t->connect_us = part_us(call->easy, CURLINFO_NAMELOOKUP_TIME_T,
	    CURLINFO_CONNECT_TIME_T);
	if (call->is_https)
		t->tls_us = part_us(call->easy, CURLINFO_CONNECT_TIME_T,
		    CURLINFO_APPCONNECT_TIME_T);
}

void
httpc_answer_make(const struct httpc_call *call, CURLcode code,
    struct httpc_answer *out)
{
	char *ip = NULL;

	memset(out, 0, sizeof(*out));
	judge(call, code, out);
	out->by_name = call->by_name;
	measure(call, &out->times);
	out->took_ms = out->times.total_us / 1000;
	if (call->is_sent &&
	    curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &ip) ==
		CURLE_OK &&
	    ip != NULL && out->end != HTTPC_DENIED)
		snprintf(out->address, sizeof(out->address), "%s", ip);
	memcpy(out->retry_after, call->retry_after, sizeof(out->retry_after));
	memcpy(out->location, call->location, sizeof(out->location));
	out->body = call->kept;
	out->bodysz = call->keptsz;
}
