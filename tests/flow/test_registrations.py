"""Registrations: safe when many come at once, there after a restart, listed
by team."""

import pytest

import gateway as gw

STARTS = {"drain": False}
SECRET = "sixteen characters or more"


def webhook(n, **more):
    return {"url": "http://127.0.0.1:9009/w/%d" % n, "events": ["issues"],
            "secret": SECRET, **more}


def all_webhooks(g):
    return g.get("/api/v1/webhooks/list")["webhooks"]


def test_a_registration_answers_as_promised(calm_gateway):
    resp = calm_gateway.api("POST", "/api/v1/webhooks/register",
                            webhook(1, team="Bruins", events=["a.b", "c"]))
    assert resp.status == 201, resp
    answer = resp.json()
    assert answer["url"] == "http://127.0.0.1:9009/w/1"
    assert answer["events"] == ["a.b", "c"]
    assert answer["team"] == "Bruins"
    assert answer["message"] == "Webhook registered successfully"
    assert len(answer["webhook_id"]) == 36
    shown = calm_gateway.get("/api/v1/webhooks/" + answer["webhook_id"])
    assert shown["secret"] == "***"
    assert SECRET not in calm_gateway.log_text()


def test_a_secret_is_made_when_none_is_given_and_shown_once(calm_gateway):
    body = webhook(2)
    del body["secret"]
    resp = calm_gateway.api("POST", "/api/v1/webhooks", body)
    assert resp.status == 201, resp
    assert resp.json()["secret"].startswith("whsec_")
    shown = calm_gateway.get("/api/v1/webhooks/" + resp.json()["webhook_id"])
    assert shown["secret"] == "***"


def test_sport_is_accepted_and_other_unknown_fields_are_not(calm_gateway):
    resp = calm_gateway.api("POST", "/api/v1/webhooks/register",
                            webhook(3, sport="nhl"))
    assert resp.status == 201, resp
    resp = calm_gateway.api("POST", "/api/v1/webhooks/register",
                            webhook(3, sports="nhl"))
    assert resp.status == 422, resp
    assert [e["field"] for e in resp.json()["errors"]] == ["sports"]


@pytest.mark.parametrize("over,field", [
    ({"url": "ftp://example.org/"}, "url"), ({"url": ""}, "url"),
    ({"url": "http://10.0.0.1/"}, "url"), ({"url": 5}, "url"),
    ({"secret": "fifteen chars.."}, "secret"),
    ({"events": "issues"}, "events"), ({"events": ["a b"]}, "events"),
    ({"events": [7]}, "events"),
    ({"retry_schedule": ["1ms"]}, "retry_schedule"),
    ({"retry_schedule": ["1s"] * 51}, "retry_schedule"),
    ({"headers": {"Host": "x"}}, "headers"),
    ({"body": "xml"}, "body"),
])
def test_an_invalid_field_is_explained(calm_gateway, over, field):
    before = len(all_webhooks(calm_gateway))
    resp = calm_gateway.api("POST", "/api/v1/webhooks/register",
                            webhook(4, **over))
    assert resp.status == 422, resp
    assert any(e["field"].split("[")[0].split(".")[0] == field
               for e in resp.json()["errors"]), resp
    assert len(all_webhooks(calm_gateway)) == before


def test_malformed_json_is_400_and_no_token_401(calm_gateway):
    for body in (b"{", b"", b"[]", b'{"url":"a","url":"b"}'):
        resp = calm_gateway.api("POST", "/api/v1/webhooks/register",
                                body=body, headers=[
                                    ("Content-Type", "application/json")])
        assert resp.status in (400, 422), resp
        if body in (b"{", b""):
            assert resp.status == 400, resp
    resp = calm_gateway.api("POST", "/api/v1/webhooks/register", webhook(5),
                            role=None)
    assert resp.status == 401, resp
    resp = calm_gateway.api("POST", "/api/v1/webhooks/register", webhook(5),
                            role="viewer")
    assert resp.status == 403, resp


def test_a_hundred_registrations_at_once_are_all_there(gateway):
    answers = gw.at_once(100, lambda i: gateway.api(
        "POST", "/api/v1/webhooks/register", webhook(i, team="t%d" % (i % 7))))
    assert {a.status for a in answers} == {201}, answers
    ids = {a.json()["webhook_id"] for a in answers}
    assert len(ids) == 100
    assert {w["id"] for w in all_webhooks(gateway)} == ids

    gateway.fronts[-1].kill()
    gateway.start_front()
    after = all_webhooks(gateway)
    assert {w["id"] for w in after} == ids
    assert {w["url"] for w in after} == {webhook(i)["url"]
                                        for i in range(100)}


def test_teams_filter_the_list_without_case(gateway):
    for n, team in enumerate(["Bruins", "bruins", "Celtics", None]):
        more = {} if team is None else {"team": team}
        resp = gateway.api("POST", "/api/v1/webhooks/register",
                           webhook(n, **more))
        assert resp.status == 201, resp
    for team, count in (("BRUINS", 2), ("celtics", 1), ("nobody", 0)):
        got = gateway.get("/api/v1/webhooks/list", team=team)["webhooks"]
        assert len(got) == count, (team, got)
    assert len(all_webhooks(gateway)) == 4


def test_pages_show_each_webhook_once(gateway):
    ids = {gateway.register("http://127.0.0.1:9009/%d" % i)["webhook_id"]
           for i in range(23)}
    seen, cursor = [], {}
    while True:
        page = gateway.get("/api/v1/webhooks", limit=5, **cursor)
        seen += [w["id"] for w in page["webhooks"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == sorted(ids)


def test_change_and_delete(gateway):
    ident = gateway.register("http://127.0.0.1:9009/a")["webhook_id"]
    path = "/api/v1/webhooks/" + ident
    resp = gateway.api("PATCH", path, {"team": "Habs", "events": ["x"]})
    assert resp.status == 200, resp
    assert gateway.get(path)["team"] == "Habs"
    assert gateway.get(path)["events"] == ["x"]
    assert gateway.get(path)["url"] == "http://127.0.0.1:9009/a"
    resp = gateway.api("DELETE", path)
    assert (resp.status, resp.body) == (204, b""), resp
    assert gateway.api("GET", path).status == 404
    assert gateway.api("DELETE", path).status == 404
    assert all_webhooks(gateway) == []


def test_a_disabled_webhook_says_so(gateway):
    ident = gateway.register("http://127.0.0.1:9009/a")["webhook_id"]
    path = "/api/v1/webhooks/" + ident
    assert gateway.api("POST", path + "/disable").status in (200, 204)
    assert gateway.get(path)["enabled"] is False
    assert gateway.get(path)["health_status"] == "unavailable"
    assert gateway.api("POST", path + "/enable").status in (200, 204)
    assert gateway.get(path)["enabled"] is True
