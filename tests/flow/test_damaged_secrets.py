"""A ciphertext that does not open stops its own webhook and nobody else's."""

import sqlite3

import pytest

from receiver import Receiver
from waiting import wait_for

SECRET = "a secret for one webhook alone"


def place(column):
    """Where a sealed value stands: table.column, and what names the row."""
    if column.startswith("old_"):
        return "old_secret", column[4:], "webhook"
    return "webhook", column, "id"


def sealed_column(g, hook, column):
    table, column, key = place(column)
    db = sqlite3.connect(g.database, isolation_level=None)
    try:
        blob, = db.execute("SELECT %s FROM %s WHERE %s = ?" %
                           (column, table, key), (hook,)).fetchone()
    finally:
        db.close()
    assert blob, "%s holds something to damage" % column
    return blob


def put(g, hook, column, value):
    table, column, key = place(column)
    db = sqlite3.connect(g.database, isolation_level=None)
    db.execute("UPDATE %s SET %s = ? WHERE %s = ?" % (table, column, key),
               (value, hook))
    db.close()


def flipped(blob, at=-1):
    blob = bytearray(blob)
    blob[at] ^= 1
    return bytes(blob)


# What becomes of one's sealed bytes, given those of another.
WAYS = {
    "swapped": lambda mine, other: other,
    "cut": lambda mine, other: mine[:-1],
    "empty": lambda mine, other: b"",
    "altered": lambda mine, other: flipped(mine),
    "another-nonce": lambda mine, other: flipped(mine, 8),
    "unknown-version": lambda mine, other: b"\xff" + mine[1:],
    "rubbish": lambda mine, other: b"\0" * 4096,
}


def register(g, r, name):
    """One that has all there is to seal: the keys before the last too."""
    hook = g.register(r.url("/" + name), ["all"], secret=SECRET,
                      signatures=["standard-ed25519"],
                      headers={"X-Custom": "a value"})["webhook_id"]
    resp = g.api("POST", "/api/v1/webhooks/%s/rotate-secret" % hook)
    assert resp.status == 200, resp
    return hook


@pytest.mark.parametrize("column", [
    "secret", "old_secret", "sign_key", "old_sign_key", "headers"])
def test_b113_a_webhook_whose_secret_does_not_open_waits_alone(
        make_gateway, column):
    g = make_gateway(drain=False)
    with Receiver() as r:
        good, other = register(g, r, "good"), register(g, r, "other")
        hooks = {way: register(g, r, way) for way in WAYS}
        # All programs that have the store open are gone.
        for proc in g.fronts:
            proc.stop()
        sealed = {way: sealed_column(g, hook, column)
                  for way, hook in hooks.items()}
        for way, hook in hooks.items():
            put(g, hook, column, WAYS[way](
                sealed[way], sealed_column(g, other, column)))
        g.start_front()
        g.start_drain()
        resp = g.api("POST", "/api/v1/events", {"event": "all", "data": {}})
        event = resp.json()["id"]
        r.wait("/good")
        r.wait("/other")
        jobs = g.get("/api/v1/events/%s" % event)["jobs"]
        states = {j["target"]: j["state"] for j in jobs}
        assert {states[h] for h in hooks.values()} <= {"waiting", "leased"}
        wait_for(lambda: g.get("/api/v1/events/%s" % event)["jobs"] and
                 {j["state"] for j in
                  g.get("/api/v1/events/%s" % event)["jobs"]
                  if j["target"] in (good, other)} == {"done"}, 10)
        # No attempt is used up, and nobody got anything unsigned.
        for way, hook in hooks.items():
            assert r.arrivals("/" + way) == [], way
            assert g.get("/api/v1/webhooks/%s/attempts" % hook)[
                "attempts"] == []
            assert g.get("/api/v1/webhooks/%s" % hook)[
                "health_status"] == "unavailable"
            assert "damaged       " in g.ctl("webhook", "show", hook)
        # The drain has put it down, for lists.
        listed = wait_for(lambda: {w["id"]: w["health_status"] for w in g.get(
            "/api/v1/webhooks", health="unavailable")["webhooks"]}, 10)
        assert listed == dict.fromkeys(hooks.values(), "unavailable")
        # It is told by name, without a byte of what was opened.
        alarms = {line["webhook_id"] for line in g.log_lines("hls-drain")
                  if "cannot be decrypted" in line["msg"]}
        assert alarms == set(hooks.values())
        found = g.ctl("doctor", ok=(1,))
        assert all(hook in found for hook in hooks.values())
        for text in (SECRET, "whsec_", "whsk_"):
            assert text not in found + g.log_text("hls-drain")
        # It cannot be changed in part, and it can be deleted.
        assert g.api("PATCH", "/api/v1/webhooks/" + hooks["cut"],
                     {"description": "x"}).status >= 500
        assert g.api("DELETE", "/api/v1/webhooks/" +
                     hooks["rubbish"]).status == 204

        # What was lost is restored: what waited goes out.
        for proc in g.drains + g.fronts:
            if proc.is_alive():
                proc.stop()
        put(g, hooks["cut"], column, sealed["cut"])
        g.start_drain()
        arrived, = r.wait("/cut")
        assert arrived.h("X-Custom") == "a value"
        # Both keys sign for a day: the old one is as good as the new one.
        signed = arrived.h("webhook-signature").split()
        assert [s[:4] for s in signed] == ["v1a,", "v1a,"]
