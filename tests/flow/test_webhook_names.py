"""What people call a webhook: its name, its id, or the start of that."""

import json
import urllib.parse

import pytest

import gateway as gw

STARTS = {"drain": False}


@pytest.fixture
def named(calm_gateway):
    """A webhook with a name of its own and a space in it."""
    name = "The Shop %s" % calm_gateway.unique()
    made = calm_gateway.register("http://127.0.0.1:9009/", name=name)
    assert made["name"] == name
    return made


def paths(text):
    return "/api/v1/webhooks/" + urllib.parse.quote(text)


def calls_of(made):
    """All that may stand for it."""
    return [made["webhook_id"], made["name"], made["name"].upper(),
            made["webhook_id"][:13], made["webhook_id"][:8]]


def test_every_route_takes_a_name_and_the_start_of_an_id(calm_gateway, named):
    for text in calls_of(named):
        path = paths(text)
        assert calm_gateway.get(path)["id"] == named["webhook_id"]
        for verb, body, status in (
                ("/attempts", None, 200), ("/disable", {}, 200),
                ("/enable", {}, 200), ("/rotate-secret", {}, 200),
                ("/test", {}, 202), ("/recover",
                                     {"since": "2026-01-01T00:00:00Z"}, 202)):
            resp = calm_gateway.api("GET" if body is None else "POST",
                                    path + verb, body)
            assert resp.status == status, (text, verb, resp)
        resp = calm_gateway.api("PATCH", path, {"description": text})
        assert resp.json()["id"] == named["webhook_id"]
    assert calm_gateway.api("DELETE", paths(named["name"])).status == 204
    for text in calls_of(named):
        assert calm_gateway.api("GET", paths(text)).status == 404


def test_fields_take_a_name_and_the_start_of_an_id(calm_gateway, named):
    for text in calls_of(named):
        resp = calm_gateway.api("POST", "/api/v1/events", {
            "event": "ship", "data": {}, "webhook_id": text})
        assert resp.status == 202, resp
        event = resp.json()["id"]
        assert calm_gateway.get("/api/v1/events/%d" % event)["webhook_id"] == \
            named["webhook_id"]
        resp = calm_gateway.api("POST", "/api/v1/events/%d/replay" % event,
                                {"webhook_id": text})
        assert resp.status == 202, resp
        resp = calm_gateway.api("POST", "/api/v1/replay", {
            "since": "2026-01-01T00:00:00Z", "webhook_id": text,
            "dry_run": True})
        assert resp.status == 200, resp
        calm_gateway.get("/api/v1/deliveries", webhook_id=text)
    resp = calm_gateway.api("POST", "/api/v1/events", {
        "event": "a", "data": 1, "webhook_id": "nobody"})
    assert resp.status == 422, resp
    assert resp.json()["errors"][0]["field"] == "webhook_id"
    for path, body in (("/api/v1/events/%d/replay" % event, {}),
                       ("/api/v1/replay", {"since": "2026-01-01T00:00:00Z"})):
        resp = calm_gateway.api("POST", path, {**body, "webhook_id": "nobody"})
        assert resp.status == 404, (path, resp)
        assert resp.json()["detail"] == "webhook_id: no such webhook"


def test_every_command_takes_a_name_and_the_start_of_an_id(
        calm_gateway, named):
    event = calm_gateway.api("POST", "/api/v1/events",
                             {"event": "ship", "data": {},
                              "webhook_id": named["webhook_id"]}).json()["id"]
    for text in calls_of(named):
        shown = json.loads(calm_gateway.ctl("webhook", "show", "--json", text))
        assert shown["id"] == named["webhook_id"]
        for args in (("update", "--description", text), ("disable",),
                     ("enable",), ("health",), ("rotate-secret",),
                     ("attempts",), ("test", "--event", str(event)),
                     ("recover", "--since", "1h", "--yes")):
            calm_gateway.ctl("webhook", args[0], *args[1:], text)
        calm_gateway.ctl("event", "replay", "--webhook", text, str(event))
        calm_gateway.ctl("delivery", "list", "--webhook", text)
    assert "gone" in calm_gateway.ctl("webhook", "delete", named["name"])
    done = calm_gateway.ctl("webhook", "show", named["name"], ok=(1, 66),
                            raw=True)
    assert b"There is no webhook" in done.stderr


def test_an_ambiguous_id_prefix_is_named(calm_gateway):
    dump = {"twin-1": {}, "twin-2": {}}
    for key in dump:
        dump[key] = {"url": "http://127.0.0.1:9009/", "events": ["a"],
                     "secret": "sixteen characters or more"}
    calm_gateway.ctl("webhook", "import", "-",
                     stdin=json.dumps(dump).encode())
    resp = calm_gateway.api("GET", paths("twin"))
    assert resp.status == 409, resp
    assert "more than one" in resp.json()["detail"]
    resp = calm_gateway.api("POST", "/api/v1/events", {
        "event": "a", "data": 1, "webhook_id": "twin"})
    assert resp.status == 422, resp
    resp = calm_gateway.api("GET", "/api/v1/deliveries?webhook_id=twin")
    assert resp.status == 422, resp
    done = calm_gateway.ctl("webhook", "show", "twin", ok=None, raw=True)
    assert done.returncode != 0
    assert b"several webhooks" in done.stderr
    assert calm_gateway.get(paths("twin-1"))["id"] == "twin-1"


def test_a_name_that_another_has_is_refused(calm_gateway, named):
    other = calm_gateway.register("http://127.0.0.1:9009/")
    for name in (named["name"], named["name"].lower(), named["webhook_id"]):
        resp = calm_gateway.api("PATCH", paths(other["webhook_id"]),
                                {"name": name})
        assert resp.status == 409, resp
    for name in ("", " a", "a/b", "a\nb", "-x", "list", "x" * 65, 5):
        resp = calm_gateway.api("PATCH", paths(other["webhook_id"]),
                                {"name": name})
        assert resp.status == 422, (name, resp)
    resp = calm_gateway.api("PATCH", paths(named["webhook_id"]),
                            {"name": None})
    assert resp.json()["name"] is None


def test_names_stand_first_in_lists(calm_gateway, named):
    for verb in ("list", "health"):
        lines = calm_gateway.ctl("webhook", verb).splitlines()
        assert lines[0].startswith("NAME")
        assert [x for x in lines if x.startswith(named["name"])]
    assert calm_gateway.ctl("webhook", "show", named["name"]).startswith(
        "name          " + named["name"])


def test_on_dead_and_tls_are_kept_and_shown(calm_gateway, named):
    path = paths(named["webhook_id"])
    shown = calm_gateway.get(path)
    assert shown["on_dead"] == "hold"
    assert shown["tls"] == {"ca_file": None, "cert_file": None,
                            "key_file": None}
    resp = calm_gateway.api("PATCH", path, {
        "on_dead": "skip", "body": "json",
        "tls": {"ca_file": "/etc/ca.pem", "cert_file": "/etc/c.pem"}})
    assert resp.status == 200, resp
    shown = calm_gateway.get(path)
    assert (shown["on_dead"], shown["body"]) == ("skip", "json")
    assert shown["tls"] == {"ca_file": "/etc/ca.pem",
                            "cert_file": "/etc/c.pem", "key_file": None}
    text = calm_gateway.ctl("webhook", "update", "--tls-cert-file", "",
                            "--on-dead", "hold", "--json", named["name"])
    assert json.loads(text)["tls"]["cert_file"] is None
    assert json.loads(text)["on_dead"] == "hold"
    for wrong, field in (({"on_dead": "drop"}, "on_dead"),
                         ({"body": "form"}, "body"),
                         ({"tls": {"ca_file": "relative.pem"}}, "tls.ca_file"),
                         ({"tls": {"key_file": "/k"}}, "tls.cert_file"),
                         ({"tls": {"file": "/k"}}, "tls.file"),
                         ({"tls": []}, "tls")):
        resp = calm_gateway.api("PATCH", path, wrong)
        assert resp.status == 422, (wrong, resp)
        assert resp.json()["errors"][0]["field"] == field
    # It names files of the host, which an operator has not.
    resp = calm_gateway.api("PATCH", path, {"tls": {"ca_file": "/etc/x"}},
                            role="operator")
    assert resp.status == 422, resp
