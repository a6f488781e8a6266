#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/crypt_tls.h"
#include "base/xalloc.h"
#include "net/httpc_int.h"

/* Whom libcurl would trust, or the settings say; NULL where its TLS library
 * is not ours to reach into. */
static struct crypt_tls *
shared_tls(const char *ca_file)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if (!crypt_tls_is_ours(v->ssl_version))
		return NULL;
	if (ca_file != NULL)
		return crypt_tls_new(ca_file, NULL);

	return crypt_tls_new(v->cainfo, v->capath);
}

enum rc
httpc_new(const struct httpc_options *opt, struct httpc **out, struct err *e)
{
	struct httpc *c;
	int dead_fd;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, RC_SYSTEM, "libcurl cannot be initialised");
	dead_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dead_fd < 0) {
		curl_global_cleanup();
		return err_errno(e, RC_SYSTEM, errno, "no socket");
	}

	c = xcalloc(1, sizeof(*c));
	c->dead_fd = dead_fd;
	c->loop = opt->loop;
	c->opt = *opt;
	c->user_agent = xstrdup(opt->user_agent);
	c->ca_file = opt->ca_file == NULL ? NULL : xstrdup(opt->ca_file);
	c->tls = shared_tls(c->ca_file);
	c->resolve = resolve_new(opt->loop);
	*out = c;

	return RC_OK;
}

void
httpc_free(struct httpc *c)
{
	if (c == NULL)
		return;
	assert(c->npools == 0);
	resolve_free(c->resolve);
	httpc_socket_free_all(c);
	free(c->user_agent);
	free(c->ca_file);
	crypt_tls_free(c->tls);
	close(c->dead_fd);
	free(c);
	curl_global_cleanup();
}

size_t
httpc_open_calls(const struct httpc *c)
{
	return c->open;
}
