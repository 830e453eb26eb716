#!/usr/bin/env python3
"""No output holds a credential that crossed the wire, or steers the terminal that shows it.

usage: test_secrets.py PORTOLAN PORTOLAN-GENERATE

A marker is the password, community, cookie or token of every protocol that has one in clear, on the
port that is its own and on those of others, whole, cut at any place, and in segments of a few
bytes. Neither the marker nor its base64 or hexadecimal form is in flows, events, statistics, the
summary or the messages.

Names of files, arguments and texts of a site with escape sequences, line ends, marks of direction
and bytes that are no UTF-8 never come out as they are.

PORTOLAN_SEED chooses other cuts.
"""
import base64
import os
import random
import shutil
import struct
import subprocess
import sys

import captures
import exchanges
import tap
from captures import ETHERNET, Frame
from test_snaplen import SITE, Wire

SEED = captures.number_from("PORTOLAN_SEED", 1)
MARKER = b"Xq7zMARK9w"
LAB = None

# --- credentials ----------------------------------------------------------------------------


def b64(*parts):
    return base64.b64encode(b"".join(parts))


def request(line, *fields):
    return line + b" HTTP/1.1\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n"


def snmp(version):
    rng = random.Random(version)
    return exchanges.ber(0x30, exchanges.integer(version), exchanges.ber(4, MARKER),
                         exchanges.pdu(rng, 0xA0, 7, False))


def snmp_v3():
    head = exchanges.ber(0x30, exchanges.integer(7), exchanges.integer(65507),
                         exchanges.ber(4, b"\x05"), exchanges.integer(3))
    user = exchanges.ber(0x30, exchanges.ber(4, b"\x80\0\0\1\2\3\4\5"), exchanges.integer(1),
                         exchanges.integer(2), exchanges.ber(4, b"reader"), exchanges.ber(4, MARKER + b"ab"),
                         exchanges.ber(4))
    return exchanges.ber(0x30, exchanges.integer(3), head, exchanges.ber(4, user),
                         exchanges.ber(0x30, exchanges.ber(4), exchanges.ber(4),
                                       exchanges.pdu(random.Random(1), 0xA0, 7, False)))


def radius(code):
    body = b"".join(exchanges.attribute(t, v) for t, v in (
        (1, b"reader"), (2, MARKER + b"......"), (3, b"\1" + MARKER + b"......"), (60, MARKER), (4, b"\x0a\0\0\1")))
    return struct.pack(">BBH", code, 9, 20 + len(body)) + MARKER + b"......" + body


def ldap(id_, name):
    return exchanges.ber(0x30, exchanges.integer(id_), exchanges.ber(
        0x60, exchanges.integer(3), exchanges.ber(4, name), exchanges.ber(0x80, MARKER)))


def mysql():
    body = struct.pack("<IIB23x", 0x000FA685, 1 << 24, 33) + b"reader\0" + bytes([len(MARKER)]) + MARKER + b"db\0"
    return len(body).to_bytes(3, "little") + b"\1" + body


def postgresql():
    body = struct.pack(">I", 0x30000) + b"user\0reader\0options\0" + MARKER + b"\0\0"
    start = struct.pack(">I", 4 + len(body)) + body
    return start, b"p" + struct.pack(">I", 5 + len(MARKER)) + MARKER + b"\0"


DATAGRAMS = {
    "snmp 1": (161, [(False, snmp(0))]), "snmp 2c": (161, [(False, snmp(1))]),
    "snmp 3": (161, [(False, snmp_v3())]),
    "snmp trap": (162, [(False, snmp(1).replace(b"\xa0", b"\xa7", 1))]),
    "radius": (1812, [(False, radius(1)), (True, radius(2))]),
    "radius accounting": (1813, [(False, radius(4))]),
    "syslog": (514, [(False, b"<13>Jan  1 00:00:00 host login: password=" + MARKER)]),
    "syslog 5424": (514, [(False, b"<13>1 - host app - - - password=" + MARKER)]),
    "sip": (5060, [(False, b"REGISTER sip:a:" + MARKER + b"@example.com SIP/2.0\r\nAuthorization: Digest response=\""
                    + MARKER + b"\"\r\n\r\n")]),
    "stun": (3478, [(False, struct.pack(">HHI", 1, 16, 0x2112A442) + b"012345678901" +
                     struct.pack(">HH", 6, len(MARKER)) + MARKER + b"\0\0")]),
}

STREAMS = {
    "snmp over tcp": (161, [(False, snmp(1))]),
    "ldap": (389, [(False, ldap(1, b"cn=admin"))]), "ldap without a name": (389, [(False, ldap(2, b""))]),
    "http basic": (80, [(False, request(b"GET /", b"Host: example.com", b"Authorization: Basic " + b64(b"u:", MARKER)))]),
    "http bearer": (80, [(False, request(b"GET /", b"Authorization: Bearer " + MARKER, b"Host: example.com"))]),
    "http cookie": (80, [(False, request(b"GET /", b"Cookie: session=" + MARKER, b"Host: example.com"))]),
    "http set-cookie": (80, [(False, request(b"GET /", b"Host: example.com")),
                             (True, b"HTTP/1.1 200 OK\r\nSet-Cookie: s=" + MARKER + b"\r\n\r\n")]),
    "http reason": (80, [(False, request(b"GET /", b"Host: example.com")), (True, b"HTTP/1.1 200 " + MARKER + b"\r\n\r\n")]),
    "http userinfo": (80, [(False, request(b"GET http://u:" + MARKER + b"@example.com/", b"Host: example.com"))]),
    "http host with userinfo": (80, [(False, request(b"GET /", b"Host: u:" + MARKER + b"@example.com:80"))]),
    "http host with a password alone": (80, [(False, request(b"GET /", b"Host: u:" + MARKER))]),
    "http host with a path": (80, [(False, request(b"GET /", b"Host: example.com/?t=" + MARKER))]),
    "http query": (80, [(False, request(b"GET /login?password=" + MARKER, b"Host: example.com"))]),
    "http path": (80, [(False, request(b"GET /reset/" + MARKER, b"Host: example.com"))]),
    "http body": (80, [(False, request(b"POST /login", b"Host: example.com", b"Content-Length: 40") + b"password=" + MARKER)]),
    "http 0.9": (80, [(False, b"GET /?p=" + MARKER + b"\r\n")]),
    "http proxy": (8080, [(False, request(b"GET http://example.com/", b"Proxy-Authorization: Basic " + b64(b"u:", MARKER),
                                          b"Host: example.com"))]),
    "connect": (8080, [(False, request(b"CONNECT u:" + MARKER + b"@example.com:443", b"Host: u:" + MARKER + b"@example.com:443"))]),
    "connect with an at": (8080, [(False, request(b"CONNECT u:" + MARKER + b"@" + MARKER + b"@example.com:443"))]),
    "connect and basic": (8080, [(False, request(b"CONNECT example.com:443", b"Proxy-Authorization: Basic " + b64(MARKER)))]),
    "smtp plain": (25, [(True, b"220 mail.example.com ESMTP\r\n"), (False, b"AUTH PLAIN " + b64(b"\0u\0", MARKER) + b"\r\n")]),
    "smtp first": (25, [(False, b"AUTH PLAIN " + b64(b"\0u\0", MARKER) + b"\r\n")]),
    "smtp login": (25, [(True, b"220 mail ESMTP\r\n"), (False, b"EHLO a\r\n"), (True, b"250 AUTH LOGIN\r\n"),
                        (False, b"AUTH LOGIN\r\n"), (True, b"334 UGFzc3dvcmQ6\r\n"), (False, b64(MARKER) + b"\r\n")]),
    "ftp": (21, [(True, b"220 FTP server\r\n"), (False, b"USER anna\r\n"), (True, b"331 \r\n"), (False, b"PASS " + MARKER + b"\r\n")]),
    "ftp pass first": (21, [(False, b"PASS " + MARKER + b"\r\n")]),
    "telnet": (23, [(True, b"\xff\xfd\x18\xff\xfd\x20"), (False, b"\xff\xfb\x18\xff\xfb\x20"), (True, b"login: "),
                    (False, b"root\r\n"), (True, b"Password: "), (False, MARKER + b"\r\n")]),
    "a password alone": (23, [(True, b"Password: "), (False, MARKER + b"\r\n")]),
    "pop3": (110, [(True, b"+OK POP3 ready\r\n"), (False, b"USER a\r\n"), (True, b"+OK\r\n"), (False, b"PASS " + MARKER + b"\r\n")]),
    "imap": (143, [(True, b"* OK IMAP4 ready\r\n"), (False, b"a1 LOGIN u " + MARKER + b"\r\n")]),
    "irc": (6667, [(False, b"PASS " + MARKER + b"\r\nNICK a\r\nUSER a 0 * :a\r\n")]),
    "socks 5": (1080, [(False, b"\5\1\2"), (True, b"\5\2"), (False, b"\1\6reader" + bytes([len(MARKER)]) + MARKER), (True, b"\1\0")]),
    "socks 4": (1080, [(False, b"\4\1\0\x50\x0a\0\0\1" + MARKER + b"\0"), (True, b"\0\x5a\0\0\0\0\0\0")]),
    "mysql": (3306, [(True, exchanges.mysql(random.Random(1))[0][1]), (False, mysql())]),
    "postgresql": (5432, [(False, postgresql()[0]), (True, b"R\0\0\0\x08\0\0\0\3"), (False, postgresql()[1])]),
    "redis": (6379, [(False, b"*2\r\n$4\r\nAUTH\r\n$10\r\n" + MARKER + b"\r\n"), (True, b"+OK\r\n")]),
    "redis inline": (6379, [(False, b"AUTH " + MARKER + b"\r\n"), (True, b"-ERR unknown command " + MARKER + b"\r\n")]),
    "xmpp": (5222, [(False, b"<stream:stream to='example.com' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"),
                    (True, b"<stream:features/>"), (False, b"<auth mechanism='PLAIN'>" + b64(b"\0u\0", MARKER) + b"</auth>")]),
    "xmpp userinfo": (5222, [(False, b"<stream:stream to='u:" + MARKER + b"@example.com' xmlns='jabber:client'>")]),
    "syslog over tcp": (514, [(False, b"<13>Jan  1 00:00:00 host password=" + MARKER + b"\n")]),
    "rtsp": (554, [(False, b"DESCRIBE rtsp://u:" + MARKER + b"@example.com/ RTSP/1.0\r\n\r\n")]),
    "rdp": (3389, [(False, exchanges.rdp(random.Random(1))[0][1].replace(b"mstshash=", b"mstshash=" + MARKER))]),
    "vnc": (5900, [(True, b"RFB 003.008\n"), (False, b"RFB 003.008\n"), (True, b"\1\2" + MARKER), (False, MARKER)]),
    "nothing known": (9999, [(False, b"login " + MARKER + b"\n"), (True, MARKER)]),
}

OWN_DATAGRAMS = (53, 123, 161, 162, 514, 1812, 1813, 500, 4500, 7, 67, 40404)
OWN_STREAMS = (25, 53, 80, 389, 443, 5222, 8305, 22, 885, 6514, 40404)

FORMS = {MARKER, MARKER.hex().encode(), MARKER.hex().upper().encode(), MARKER[:6], MARKER[-6:]} | \
    {base64.b64encode(b"x" * i + MARKER)[4 if i else 0:-4] for i in range(3)}


def in_pieces(said, size):
    return [(answers, data[i:i + size]) for answers, data in said for i in range(0, len(data), size)]


def capture_of(said_by):
    """Every credential on its own port and on all others, both ways."""
    rng, wire = random.Random(SEED), Wire()
    for transport, table, others in ((captures.UDP, DATAGRAMS, OWN_DATAGRAMS), (captures.TCP, STREAMS, OWN_STREAMS)):
        for port, said in table.values():
            for at in sorted({port, *others}):
                for _ in range(2):
                    wire.exchange(rng, transport, lambda _: said_by(transport, said), at)
    return ETHERNET, wire.frames


def outputs(frames, link, extra=()):
    """All that a replay says, by name."""
    site, path = LAB.path("secret.yaml"), LAB.path("secret.pcap")
    site.write_text(SITE)
    path.write_bytes(captures.pcap_bytes(link, frames))
    files = {kind: LAB.path(kind) for kind in ("flows", "events", "stats", "report")}
    store = LAB.path("secret.store")
    shutil.rmtree(store, ignore_errors=True)
    command = [LAB.portolan, "replay", "--site", site, "--store", store, *extra]
    for kind, file in files.items():
        command += [f"--{kind}", file]
    done = subprocess.run([*command, path], capture_output=True, timeout=300, env=LAB.environment)
    assert done.returncode == 0, done.stderr[-300:]
    return {"summary": done.stdout, "messages": done.stderr,
            **{kind: file.read_bytes() for kind, file in files.items()},
            **{f"store {file.name}": file.read_bytes() for file in store.iterdir()}}


def leaks(said):
    found = []
    for kind, data in said.items():
        for line in data.splitlines():
            found += [f"{kind}: {line[max(0, line.find(form) - 60):][:160]!r}" for form in FORMS if form in line]
    return sorted(set(found))


def check_none(found):
    assert not found, f"{len(found)} leak:\n" + "\n".join(found[:12])


# --- cases ----------------------------------------------------------------------------------


def no_output_holds_a_credential(lab):
    link, frames = capture_of(lambda transport, said: said)
    said = outputs(frames, link)
    assert said["flows"].count(b"\n") > 1000 and said["events"].count(b"\n") > 100
    check_none(leaks(said))


def no_output_holds_a_credential_that_came_in_pieces(lab):
    for size in (1, 3, 7, 16):
        link, frames = capture_of(lambda transport, said: said if transport == captures.UDP else
                                  in_pieces(said, size))
        check_none(leaks(outputs(frames, link)))


def no_output_holds_a_credential_that_was_cut(lab):
    link, frames = capture_of(lambda transport, said: said)
    for size in random.Random(SEED).sample(range(54, 200), 8):
        check_none(leaks(outputs([Frame(f.time, f.data[:size], f.length) for f in frames], link)))


# --- terminals ------------------------------------------------------------------------------

EVIL = [b"x\x1b]0;evil\x07y", b"a\nportolan: forged", b"a\rb", b"c\x9b31md", "e\u202ef".encode(), "g\u2066h".encode(),
        "i\u0085j".encode(), "k\u2028l".encode(), b"m\x7fn", b"o\xff\xfep", b"q\xc3", b"r\x08\x08s", "t\u200fu".encode()]


def unsafe(data):
    """What of an output would steer a terminal."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return f"no UTF-8: {error}"
    bad = [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or
           c in "\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"]
    return f"holds {bad[:3]!r} in {text[:300]!r}" if bad else None


def evil_commands(lab, evil, good, capture):
    """Each place where a name from outside may be put."""
    file = os.path.join(os.fsencode(lab.scratch.name), evil.replace(b"/", b"_"))
    named, draft, out = file + b".pcap", file + b".yaml", file + b".out"
    for to, data in ((named, capture.read_bytes()), (draft, good.read_bytes())):
        with open(to, "wb") as f:
            f.write(data)
    with open(file + b".bad", "wb") as f:
        f.write(b"appliances: [{name: " + b"x" + b", nonsense: 1}]\n")
    table, records = file + b".one.csv", file + b".json"
    for to, data in ((table, b"name,role,addresses," + evil.replace(b"\n", b"") + b"\na-1,ftd,10.0.0.1,\n"),
                     (file + b".csv", b"name,role,addresses\n\"" + evil + b"\",ftd,10.0.0.1\n"),
                     (records, b'[{"name": "a-1", "hostName": "10.0.0.1", "sw_version": "7' + evil + b'"}]')):
        with open(to, "wb") as f:
            f.write(data)
    p, g, c = (os.fsencode(x) for x in (lab.portolan, good, capture))
    yield [p, evil]
    yield [p, b"replay", b"--" + evil]
    yield [p, b"replay", b"--site", g, named]
    yield [p, b"replay", b"--site", draft, c]
    yield [p, b"replay", b"--site", g, named + b"x"]
    yield [p, b"replay", b"--site", g, draft]
    yield [p, b"replay", b"--site", g, b"--workers", evil, c]
    yield [p, b"replay", b"--site", g, b"--flows", file + b"/no/x", c]
    yield [p, b"replay", b"--site", g, b"--fail-on", evil, c]
    yield [p, b"replay", b"--site", g, b"--stats", named, named]
    yield [p, b"replay", b"--site", g, b"--flows", out, c, named]
    yield [p, b"check", b"--site", draft]
    yield [p, b"check", b"--site", file + b".bad"]
    yield [p, b"check", b"--site", file + b".none"]
    yield [p, b"policy", b"--site", draft]
    yield [p, b"policy", b"--site", draft, b"--format", b"json"]
    yield [p, b"policy", b"--format", evil]
    yield [p, b"explain", b"--site", draft, evil, evil, evil]
    yield [p, b"explain", b"--site", draft, b"tcp", b"192.0.2.1:1", b"192.0.2.2:2"]
    yield [p, b"discover", named]
    yield [p, b"discover", named + b"x"]
    yield [p, b"discover", b"--port", evil, c]
    yield [p, b"import", named]
    yield [p, b"import", evil]
    yield [p, b"import", file + b".csv"]
    yield [p, b"import", table, b"--compare", named]
    yield [p, b"import", table, b"--compare", evil]
    yield [p, b"import", records, b"--manager", evil]
    yield [p, b"import", records, b"--manager", evil + b"=10.0.0.9"]
    yield [p, b"import", records, b"--manager", b"m-1=10.0.0.9"]
    yield [p, b"diff", draft, draft, b"--capture", named]
    yield [p, b"diff", evil, evil]
    yield [p, b"bench", b"--rounds", b"1", named]
    yield [p, b"bench", named + b"x"]
    yield [p, b"run", b"--site", draft, b"--duration", evil]
    for command in (b"status", b"health", b"flows", b"channels", b"matrix", b"top", b"reload"):
        yield [p, command, b"--socket", file + b".sock"]
        yield [p, command, evil]


def evil_site(evil):
    """A site whose every name is `evil`, as YAML writes it."""
    text = "".join(f"\\x{b:02x}" if b < 128 else chr(b) for b in evil) if max(evil) < 128 else \
        "".join(f"\\u{ord(c):04x}" for c in evil.decode("utf-8", "replace"))
    word = f'"{text}"'
    plain = SITE.replace("capture:", "#")
    return [f"appliances: [{{name: {word}, role: managed-device, addresses: [10.0.0.1]}}]\n",
            f"profile: {word}\n" + plain, plain + f"groups: {{{word}: [10.9.0.0/24]}}\n",
            plain + f"features: {{{word}: {{enabled: false}}}}\n", plain + f"{word}: 1\n",
            plain + f"extra_rules: [{{role: managed-device, direction: outbound, port: 8443, transport: tcp, "
            f"feature: {word}}}]\n",
            plain + f"capture: {{source: {word}}}\n", plain + f"capture: {{interfaces: [{word}]}}\n",
            plain + f"outputs: {{sinks: [{{kind: json, path: {word}}}]}}\n"]


def check_said(command, done, found):
    for name, data in (("stdout", done.stdout), ("stderr", done.stderr)):
        wrong = unsafe(data)
        if wrong:
            found.append(f"{b' '.join(command[1:4])!r}: {name} {wrong}")
    if b"\nportolan: forged" in done.stdout + done.stderr:
        found.append(f"{b' '.join(command[1:4])!r}: a line of its own")


def said_by(lab, command):
    return subprocess.run(command, capture_output=True, timeout=60, env=lab.environment, check=False)


def no_name_of_a_file_and_no_argument_steers_a_terminal(lab):
    good, capture = lab.path("good.yaml"), lab.path("good.pcap")
    good.write_text(SITE)
    link, frames = lab.golden("connections")
    capture.write_bytes(captures.pcap_bytes(link, frames))
    found, count = [], 0
    for evil in EVIL:
        for command in evil_commands(lab, evil, good, capture):
            count += 1
            check_said(command, said_by(lab, command), found)
    print(f"# {count} commands")
    assert not found, f"{len(found)} of {count}:\n" + "\n".join(found[:12])


def no_text_of_a_site_steers_a_terminal(lab):
    found, count, capture = [], 0, lab.path("good.pcap")
    for evil in EVIL:
        for number, text in enumerate(evil_site(evil)):
            site = lab.path(f"evil{number}.yaml")
            site.write_text(text)
            for what in (["check"], ["policy"], ["replay", capture]):
                command = [os.fsencode(x) for x in (lab.portolan, what[0], "--site", site, *what[1:])]
                count += 1
                check_said(command, said_by(lab, command), found)
    assert not found, f"{len(found)} of {count}:\n" + "\n".join(found[:12])


if __name__ == "__main__":
    LAB = captures.Lab(*sys.argv[1:3])
    sys.exit(tap.run([no_output_holds_a_credential, no_output_holds_a_credential_that_came_in_pieces,
                      no_output_holds_a_credential_that_was_cut,
                      no_name_of_a_file_and_no_argument_steers_a_terminal,
                      no_text_of_a_site_steers_a_terminal], LAB))
