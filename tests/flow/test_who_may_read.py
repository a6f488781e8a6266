"""Behind nginx under a prefix: the base path, what is open to everybody, and
the user that nginx checked."""

import base64
import os
import re

import pytest

import gateway as gw

SETTINGS = {
    "server": {"base_path": "/hls"},
    "auth": {"open": ["/stats"],
             "remote_users": {"ann": "viewer", "bob": "admin"}},
}

CHECKED = """
	auth_basic "hls";
	auth_basic_user_file %s;
	fastcgi_param REMOTE_USER $remote_user;
"""


def location(g, prefix, more=""):
    """The shipped one under a prefix, as its comment says."""
    with open(os.path.join(gw.source_folder(), "etc/nginx/hls.conf")) as f:
        text = f.read()
    text = re.sub(r"unix:[^;\s]+", "unix:" + g.socket, text)
    assert "location / {" in text
    return text.replace("location / {", "location %s {%s" % (prefix, more))


@pytest.fixture(scope="module")
def g():
    made = gw.Gateway(SETTINGS)
    try:
        users = os.path.join(made.folder, "users")
        with open(users, "w") as f:
            for name in ("ann", "bob", "eve"):
                f.write("%s:{PLAIN}%s's word\n" % (name, name))
        os.chmod(users, 0o644)
        checked = CHECKED % users
        made.nginx_server = (
            location(made, "/hls/") +
            location(made, "/hls/api/", checked +
                     "fastcgi_param AUTH_TYPE Basic;") +
            # What an administrator forgets, or gets wrong.
            location(made, "/hls/queue/", checked) +
            location(made, "/hls/api/auth/", "fastcgi_param REMOTE_USER bob;"))
        made.start(drain=False)
        yield made
        made.stop()
    finally:
        made.discard()


def ask(g, path, user=None, method="GET", body=None, headers=()):
    headers = list(headers)
    if user is not None:
        headers.append(("Authorization", "Basic " + basic(user)))
    return g.request(method, path, body, headers)


def basic(user):
    return base64.b64encode(("%s:%s's word" % (user, user)).encode()).decode()


def test_a_post_comes_in_under_the_prefix(g):
    assert g.post_github(gw.issue(), path="/hls/hooks/github").status == 202
    assert ask(g, "/hls/health").status == 200
    assert ask(g, "/hls/hls/health").status == 404
    assert ask(g, "/hlsx/health").status == 404


def test_open_paths_are_read_only(g):
    assert ask(g, "/hls/stats").status == 200
    assert ask(g, "/hls/stats", method="POST", body=b"").status == 405
    assert ask(g, "/hls/stats/").status == 200
    for path in ("/hls/queue/stats", "/hls/api/v1/events"):
        assert ask(g, path).status == 401
    assert ask(g, "/hls/stats/x").status == 404
    # A token that is wrong is not better than none at the open path.
    assert ask(g, "/hls/stats", headers=[
        ("Authorization", "Bearer hls_x")]).status == 200


HOOK = b'{"url": "https://example.com/hook", "events": ["*"]}'
JSON = [("Content-Type", "application/json")]


def test_a_user_that_nginx_checked_has_a_role(g):
    hooks = "/hls/api/v1/webhooks"
    assert ask(g, hooks).status == 401
    assert ask(g, hooks, "ann").status == 200
    assert ask(g, hooks, "ann", "POST", HOOK, JSON).status == 403
    assert ask(g, hooks, "eve").status == 401
    assert ask(g, hooks, "bob", "POST", HOOK, JSON).status == 201
    assert ask(g, hooks, "bob", "POST", HOOK, JSON + [
        ("Sec-Fetch-Site", "cross-site")]).status == 403


def test_an_unchecked_user_name_has_no_role(g):
    """REMOTE_USER counts with AUTH_TYPE alone."""
    assert ask(g, "/hls/queue/stats", "bob").status == 401
    assert ask(g, "/hls/api/auth/me").status == 401
    assert ask(g, "/hls/stats/../queue/stats", "bob").status in (400, 401,
                                                                404)
    resp = ask(g, "/hls/queue/stats", headers=[
        ("Remote-User", "bob"), ("Auth-Type", "Basic"),
        ("Authorization", "Basic " + basic("bob"))])
    assert resp.status == 401
