"""logging.level debug: each step of a request and of an attempt has a line."""

import json

import gateway as gw
from receiver import Answer, Receiver
from waiting import wait_for


def lines(g, name, msg):
    found = [json.loads(text) for text in g.log_text(name).splitlines()
             if text.startswith("{")]
    return [line for line in found if line["msg"] == msg]


def work_one(g, receiver):
    receiver.script("/hook", Answer(200))
    hook = g.register(receiver.url("/hook"))["webhook_id"]
    resp = g.post_github(gw.issue())
    assert resp.status == 202
    receiver.wait("/hook", 1)
    wait_for(lambda: lines(g, "hls-drain", "done"), 10)
    return hook


def test_debug_shows_the_steps_and_no_secret(make_gateway):
    g = make_gateway({"logging": {"level": "debug"}})
    with Receiver() as receiver:
        hook = work_one(g, receiver)
        g.get("/api/v1/events", limit=1, source="not-to-be-logged")
        done, = [line for line in lines(g, "hls.fcgi", "request")
                 if line["path"] == "/hooks/github"]
        post, = [line for line in lines(g, "hls.fcgi", "request details")
                 if line["request_id"] == done["request_id"]]
        assert post["level"] == "debug" and post["address"] == "127.0.0.1"
        assert post["content_type"] == "application/json"
        assert int(post["content_length"]) == post["body_bytes"] > 2
        assert post["answer_bytes"] > 2
        matched, = lines(g, "hls-drain", "event matched")
        assert matched["jobs"] == 1
        assert matched["event_id"] == done["event_id"]
        begun, = lines(g, "hls-drain", "attempt begins")
        ended, = lines(g, "hls-drain", "attempt ended")
        for line in (begun, ended):
            assert line["level"] == "debug"
            assert line["webhook_id"] == hook and line["attempt"] == 1
            assert line["event_id"] == done["event_id"]
        assert ended["status"] == 200
        assert ended["address"].startswith("127.0.0.1")
        assert ended["connect_us"] > 0 and ended["first_byte_us"] > 0
        both = g.log_text("hls.fcgi") + g.log_text("hls-drain")
        assert "sha256=" not in both and "not-to-be-logged" not in both
        assert "hls_" not in both or g.tokens["admin"] not in both


def test_other_levels_have_no_line_for_a_step(make_gateway):
    g = make_gateway({"logging": {"level": "info"}})
    with Receiver() as receiver:
        work_one(g, receiver)
        for name in ("hls.fcgi", "hls-drain"):
            assert '"debug"' not in g.log_text(name)
