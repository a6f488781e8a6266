"""F33: no connection to a denied address by any spelling, name, redirect or
rebinding.

Run in a network of its own, where every address there is would answer:
traps listen on all of them, and every packet that opens a connection is
seen.  What is expected is reckoned here, by Python's ipaddress from the
written list of ranges; the addresses next to a range are connected to, so
that nothing passes because nothing works.
"""

import ipaddress
import json
import subprocess

import pytest

import gateway as gw
import namespace
from authority import Authority
from hostile import deliver
from nameserver import A, Nameserver
from receiver import Answer, Receiver
from trap import Trap
from waiting import wait_for

pytestmark = pytest.mark.skipif(namespace.why_not() is not None,
                                reason=str(namespace.why_not()))

# What no webhook may lead to.
RANGES = [ipaddress.ip_network(n) for n in """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16
    172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16
    198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    168.63.129.16/32
    ::/3 4000::/2 8000::/1
    ::/128 ::1/128 ::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64
    100:0:0:1::/64 200::/7 2001::/23 2001::/32 2001:db8::/32 3fff::/20
    2002::/16 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8""".split()]
OWN = ["93.184.216.77", "2606:2800::77"]  # of this host, made by the test
OPEN = "93.184.216.34"
EXCEPTED = "10.20.0.0/16"


def is_denied(address):
    if str(address) in OWN:
        return True
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    return any(address.version == n.version and address in n for n in RANGES)


def edges():
    """The ends of every range, and the addresses next to them."""
    found = {ipaddress.ip_address(a) for a in OWN}
    for net in RANGES:
        kind = type(net.network_address)
        first, last = int(net.network_address), int(net.broadcast_address)
        for number in (first - 1, first, last, last + 1):
            if 0 <= number < 1 << net.max_prefixlen:
                found.add(kind(number))
    for address in OWN:
        for step in (-1, 1):
            found.add(ipaddress.ip_address(address) + step)
    return sorted(found, key=lambda a: (a.version, int(a)))


def v4_spellings(address):
    n = int(address)
    a, b, c, d = address.packed
    yield str(address)
    yield "%d" % n
    yield "0x%08x" % n
    yield "0X%X" % n
    yield "0%o" % n
    yield "%d.%d" % (a, n & 0xffffff)
    yield "%d.%d.%d" % (a, b, n & 0xffff)
    yield "0x%x.0x%x.0x%x.0x%x" % (a, b, c, d)
    yield "0%o.0%o.0%o.0%o" % (a, b, c, d)
    yield "%d.0x%x.0%o" % (a, b, n & 0xffff)
    yield "0000000%o.%d.%d.%d" % (a, b, c, d)
    yield "%s." % address
    yield "[::ffff:%s]" % address
    yield "[::ffff:%x:%x]" % (n >> 16, n & 0xffff)
    yield "[0:0:0:0:0:FFFF:%s]" % address


def inside_v6(address):
    """IPv4 wrapped in what some gateway might unwrap."""
    n = int(address)
    high, low = n >> 16, n & 0xffff
    yield "[::%s]" % address
    yield "[::ffff:0:%s]" % address
    yield "[64:ff9b::%s]" % address
    yield "[64:ff9b::%x:%x]" % (high, low)
    yield "[64:ff9b:1::%s]" % address
    yield "[2002:%x:%x::]" % (high, low)
    yield "[2001:0:%x:%x::1]" % (high, low)
    yield "[2001::%x:%x]" % (high ^ 0xffff, low ^ 0xffff)
    yield "[fe80::5efe:%s]" % address


def v6_spellings(address):
    yield "[%s]" % address
    yield "[%s]" % address.exploded
    yield "[%s]" % str(address).upper()


def spellings(address):
    return list((v4_spellings if address.version == 4 else v6_spellings)(
        address))


def name_of(address):
    if address.version == 4:
        return "v4-%s.any.example" % str(address).replace(".", "-")
    return "v6-%032x.any.example" % int(address)


# Refused when they are written down; and should one be in the store all the
# same, it leads to nobody who is denied.
ODD = """
    https://ok@127.0.0.1/ https://127.0.0.1@ok.example/ https://u:p@10.0.0.1/
    https://ok.example@10.0.0.1/ https://127.0.0.1#@ok.example/
    https://ok.example#@127.0.0.1/ https://127.0.0.1\\@ok.example/
    https://ok.example\\@127.0.0.1/ https://a:80@b:80/
    https://127.0.0.1:443:80/ https://127.0.0.1%2f@ok.example/
    https://127.0.0.1%00.ok.example/ https://%31%32%37.0.0.1/
    https://127%2e0%2e0%2e1/ https://%6c%6f%63%61%6c%68%6f%73%74/
    https://[fe80::1%25lo]/ https://[fe80::1%lo]/ https://[::1%25lo]/
    https://[::1%251]/ https://[2606:2800::1%25lo]/ https://[127.0.0.1]/
    https://[::ffff:127.1]/ https://[::1/ https://::1/ https://[0]/
    https://[::ffff:7f00:1%25lo]/ https://[::ffff:0x7f.0.0.1]/
    https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/
    https://127\u30020\u30020\u30021/ https://127\uff0e0\uff0e0\uff0e1/
    https://127\uff610\uff610\uff611/ https://\uff11\uff12\uff17.0.0.1/
    https://\u0661\u0662\u0667.\u0660.\u0660.\u0661/
    https://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/
    https://loc\u00adalhost/ https://local\u200bhost/ https://127.0.0.\u00b9/
    https://localhost/ https://LOCALHOST/ https://localhost./
    https://foo.localhost/ https://a.b.LocalHost./ https://localhost../
    https://ip6-localhost/ https://127.0.0.1../ https://.127.0.0.1/
    https://0/ https://0.0/ https://00000/ https://0x0/ https://127.1/
    https://127.0.1/ https://0x7f.1/ https://0177.1/ https://0x7f.1./
    https://127.1./ https://017700000001./ https://2130706433./
    https://4294967296/ https://4425673729/ https://0x17f000001/
    https://256.256.256.256/ https://383.0.0.1/ https://127.0.0.1.0/
    https://127.0.0.09/ https://1.2.3.4.5/ https://127.0.0.0x1/
    https://metadata/ https://metadata.google.internal/
    https://router/ https://printer.local/ https://db.internal/
    https:///127.0.0.1/ https:127.0.0.1/ https:/127.0.0.1/
    https:////127.0.0.1/ //127.0.0.1/ 127.0.0.1 127.0.0.1:443 localhost
    http:///10.0.0.1/ file:///etc/passwd file://127.0.0.1/etc/passwd
    gopher://127.0.0.1:443/_x dict://127.0.0.1:443/ ftp://127.0.0.1:443/
    ldap://127.0.0.1:443/ telnet://127.0.0.1:443/ smb://127.0.0.1:443/
    tftp://127.0.0.1:443/ imap://127.0.0.1:443/ scp://127.0.0.1:443/
    unix:/run/x.sock ws://127.0.0.1:443/ jar:https://127.0.0.1/
    https://127.0.0.1:0/ https://ok.example:22/ https://ok.example:65536/
    https://ok.example:0x1bb/ https://ok.example:080/
    """.split() + ["https://127.0.0.1\t/", "https://127.0.0.1 .ok.example/",
                   "https://ok.example/\r\nHost: 127.0.0.1", " https://[::1]/",
                   "https://127.0.0.1\0.ok.example/"]

# Names whose addresses are no business of a webhook, in whole or in part.
NAMES = {
    "ok.example": [OPEN],
    "cname-inside.example": [("CNAME", "localhost")],
    "cname-far.example": [("CNAME", "v4-169-254-169-254.any.example")],
    "both-inside.example": ["127.0.0.1", "::1"],
    "six-inside.example": [OPEN, "::1"],
    "four-inside.example": ["2606:2800::1", "10.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mixed-first.example": ["192.168.0.1", OPEN],
    "mixed-last.example": [OPEN, "192.168.0.1"],
    "null.example": ["0.0.0.0"],
    "null6.example": ["::"],
}


def rows():
    """Every URL, and the addresses that it may knock at."""
    out = []
    for address in edges():
        fine = set() if is_denied(address) else {address}
        if address.version == 4 and not fine:
            out += [("https://%s/" % h, set()) for h in inside_v6(address)]
        out += [("https://%s/" % h, fine)
                for h in spellings(address) + [name_of(address)]]
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1",
                    "192.168.1.1"):
        address = ipaddress.ip_address(address)
        out += [("https://%s:443/latest/meta-data/?x=1" % h, set())
                for h in v4_spellings(address)]
    out += [("http://%s/" % h, set()) for h in
            (OPEN, "ok.example", "10.0.0.1", "127.0.0.1", "[::1]")]
    out += [("https://%s/" % name, {ipaddress.ip_address(a) for a in ips
                                    if not isinstance(a, tuple) and
                                    not is_denied(ipaddress.ip_address(a))})
            for name, ips in NAMES.items()]
    return out


def rebinding(kind, times):
    """An address that may be, then one that may not; both kinds are asked
    for, in no fixed order, so one alone has an answer."""
    if kind != A:
        return []
    return [OPEN] if times % 2 else ["127.0.0.1"]


@pytest.fixture(scope="module")
def world():
    # One authority: to read a system's hundreds takes longer than the rest.
    authority = Authority()
    namespace.enter(authority.file)
    authority.close()
    for address in OWN:
        subprocess.run(["ip", "addr", "add", address, "dev", "lo"],
                       check=True)
    names = dict(NAMES, **{"rebinding.example": rebinding,
                           "localhost": ["127.0.0.1", "::1"]})
    with Nameserver(names) as dns, Trap() as trap:
        yield dns, trap


SETTINGS = {"outbound": {"allow_networks": [], "connect_timeout": "2s",
                         "timeout": "3s", "retry_schedule": ["7d"]}}


@pytest.fixture(scope="module")
def delivered(world):
    """Every row at delivery, past the check at registration."""
    _, trap = world
    g = gw.Gateway(SETTINGS)
    g.init()
    trap.forget()
    attempts = deliver(g, [url for url, _ in rows()])
    hits = trap.hits()
    yield attempts, hits
    g.stop()


def test_the_table_of_addresses_is_large_enough():
    urls = [url for url, _ in rows()]
    assert len([1 for url, fine in rows() if not fine]) + len(ODD) >= 500
    assert len([1 for url, fine in rows() if fine]) >= 150
    assert len(set(urls)) >= len(urls) - 40


def test_no_denied_address_is_connected(delivered):
    _, hits = delivered
    assert [str(a) for a in hits if is_denied(a)] == []


def test_addresses_next_to_a_denied_range_are_connected(delivered):
    _, hits = delivered
    assert [str(a) for a in edges()
            if not is_denied(a) and a not in hits] == []


def test_each_address_is_reported_as_denied_or_tried(delivered):
    attempts, _ = delivered
    wrong = []
    for url, fine in rows():
        said = attempts.get(url)
        host = url.split("/")[2]
        if said is None:
            wrong.append((url, said))
            continue
        for one in said:
            by_name = host.endswith(".example")
            denied = one.address == "" and (one.text, one.klass) == (
                ("the name does not resolve, or its address is not allowed",
                 2) if by_name else ("the target's address is not allowed", 3))
            # Registration takes the dot behind an address off.
            if "resolve" in one.text and \
                    host.split(":443")[0].endswith("."):
                continue
            if denied == bool(fine) or fine and (
                    not one.address or _address(one.address) not in fine):
                wrong.append((url, one))
    assert wrong == []


def _address(text):
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


@pytest.fixture(scope="module")
def odd(world):
    _, trap = world
    g = gw.Gateway(SETTINGS)
    g.init()
    trap.forget()
    yield deliver(g, ODD), trap.hits()
    g.stop()


def test_odd_urls_in_the_store_reach_no_denied_address(odd):
    attempts, hits = odd
    assert [str(a) for a in hits if is_denied(a)] == []
    # Each was tried and came to nothing.
    assert [u for u in ODD if u not in attempts] == []
    assert [a for said in attempts.values() for a in said if a.code] == []


@pytest.fixture(scope="module")
def registered(world):
    """What is answered to whoever wants to register one."""
    _, trap = world
    g = gw.Gateway(SETTINGS)
    g.start(drain=False)
    trap.forget()
    status = {}
    for url in [url for url, _ in rows()] + ODD:
        status[url] = g.api("POST", "/api/v1/webhooks/register", {
            "url": url, "events": ["row"],
            "secret": "a secret for one webhook alone"}).status
    yield status, trap.hits()
    g.stop()


def test_registration_refuses_every_spelling_of_a_denied_address(registered):
    status, _ = registered
    # A name is taken, and judged by its address in the moment of connecting;
    # which addresses are this host's own is known to the drain alone.
    own = {h for a in OWN for h in spellings(ipaddress.ip_address(a))}
    spelled = [url for url, fine in rows()
               if not fine and ".example/" not in url and
               url.split("/")[2] not in own]
    assert [u for u in spelled + ODD if status[u] != 422] == []


def test_registration_takes_what_is_next_to_a_range(registered):
    status, _ = registered
    fine = [url for url, fine in rows() if fine]
    assert [u for u in fine if status[u] != 201] == []


def test_registration_connects_to_nobody(registered):
    _, hits = registered
    assert hits == set()


def test_a_rebound_name_reaches_no_denied_address(world):
    """Each webhook asks for itself, so they see both answers in turn."""
    _, trap = world
    g = gw.Gateway(SETTINGS)
    g.init()
    trap.forget()
    attempts = deliver(g, ["https://rebinding.example/%d" % n
                           for n in range(12)])
    said = [a for one in attempts.values() for a in one]
    denied = [a for a in said if "not allowed" in a.text]
    assert 0 < len(denied) < len(said) == 12
    assert trap.hits() == {ipaddress.ip_address(OPEN)}
    g.stop()


def test_a_redirect_leads_nowhere(world):
    _, trap = world
    inside = ["https://127.0.0.1/", "https://127.1/", "https://[::1]/",
              "https://10.0.0.1/", "http://169.254.169.254/latest/",
              "//127.0.0.1:443/", "https://localhost/", "https://%s/" % OPEN,
              "https://both-inside.example/", "http://10.20.0.10/"]
    g = gw.Gateway(gw.merge(SETTINGS, {"outbound": {
        "allow_networks": [EXCEPTED]}}))
    g.init()
    trap.forget()
    with Receiver("10.20.0.9", 8080) as r:
        urls = []
        for n, where in enumerate(inside):
            for status in (300, 301, 302, 303, 307, 308):
                path = "/%d/%d" % (n, status)
                r.script(path, Answer(status, headers=[
                    ("Location", where), ("Refresh", "0; url=" + where)]))
                urls.append(r.url(path))
        attempts = deliver(g, urls)
        assert len(r.arrivals()) == len(urls)
    assert trap.hits() == set()
    assert {a.code for one in attempts.values() for a in one} == {
        300, 301, 302, 303, 307, 308}
    g.stop()


def test_an_address_that_this_host_is_given_later_is_its_own_too(world):
    _, trap = world
    later = "93.184.216.99"
    g = gw.Gateway(gw.merge(SETTINGS, {"outbound": {"retry_schedule": []}}))
    g.init()
    trap.forget()
    first = deliver(g, ["https://%s/" % later])
    assert "TLS" in first["https://%s/" % later][0].text
    assert trap.hits() == {ipaddress.ip_address(later)}
    g.start_drain()
    subprocess.run(["ip", "addr", "add", later, "dev", "lo"], check=True)

    def is_denied_now():
        g.ctl("event", "enqueue", "--event-type", "row", "--delivery-id",
              g.unique(), stdin=b"{}")
        return "not allowed" in g.log_text("hls-drain")
    wait_for(is_denied_now, 10, "the new address is known")
    trap.forget()
    is_denied_now()
    wait_for(lambda: g.ctl("queue", "stats", "--json") and
             json.loads(g.ctl("queue", "stats", "--json"))["total_open"] == 0,
             10, "nothing is owed")
    assert trap.hits() == set()
    g.stop()


def test_an_allowed_network_has_exact_bounds(world):
    """Plain http too, and nowhere but there."""
    _, trap = world
    g = gw.Gateway(gw.merge(SETTINGS, {"outbound": {
        "allow_networks": [EXCEPTED, "fd00:20::/32", OWN[0] + "/32"]}}))
    g.init()
    trap.forget()
    fine = ["10.20.0.0", "10.20.255.255", "fd00:20::", OWN[0],
            "fd00:20:ffff:ffff:ffff:ffff:ffff:ffff"]
    denied = ["10.19.255.255", "10.21.0.0", "fd00:1f:ffff::1", "fd00:21::",
              "127.0.0.1", "::1", OWN[1]]

    def urls(scheme, hosts):
        return ["%s://%s/" % (scheme, "[%s]" % h if ":" in h else h)
                for h in hosts]
    attempts = deliver(g, urls("http", fine + denied + [OPEN]) +
                       urls("https", fine + denied) +
                       ["http://%s/" % name_of(ipaddress.ip_address(a))
                        for a in fine + denied])
    assert trap.hits() == {ipaddress.ip_address(a) for a in fine}
    refused = [u for u, one in attempts.items() if "not allowed" in one[0].text]
    assert len(refused) == 3 * len(denied) + 1
    g.stop()
