"""Ordinary exchanges of every service, with ids, names and sizes of their own: what they have in
common with others is chance, and a few thousand of them show what chance does.

Each maker takes a random.Random and returns a list of (is_answer, bytes): what the client and the
server say, in order. `UDP` and `TCP` list them by service, with the port that is theirs.
"""
import struct

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def word(rng, least, most):
    return "".join(rng.choices(LETTERS, k=rng.randint(least, most))).strip("-") or "x"


def host(rng):
    return ".".join([word(rng, 1, 24) for _ in range(rng.randint(1, 4))] +
                    [rng.choice(("com", "net", "org", "example", "local"))])


def text(rng, least, most):
    return " ".join(word(rng, 1, 9) for _ in range(rng.randint(least, most)))


# --- DNS ----------------------------------------------------------------------------------

TYPES = (1, 1, 1, 28, 28, 12, 33, 16, 15, 6, 2, 5, 65, 255)


def dns_name(rng):
    if rng.random() < 0.2:
        labels = [str(rng.randint(0, 255)) for _ in range(4)] + ["in-addr", "arpa"]
    else:
        labels = host(rng).split(".")
    return b"".join(bytes([len(x)]) + x.encode() for x in labels) + b"\0"


def dns(rng):
    id_, type_ = rng.randrange(65536), rng.choice(TYPES)
    question = dns_name(rng) + struct.pack(">HH", type_, 1)
    extra = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0) if rng.random() < 0.5 else b""
    code = rng.choice((0, 0, 0, 0, 3, 2))
    answers = rng.randint(1, 4) if not code else 0
    records = b""
    for _ in range(answers):
        data = rng.randbytes(4 if type_ == 1 else 16 if type_ == 28 else rng.randint(2, 40))
        records += b"\xc0\x0c" + struct.pack(">HHIH", type_, 1, rng.randrange(86400), len(data)) + data
    flags = rng.choice((0x0100, 0x0100, 0x0120, 0x0000, 0x0110))
    asked = struct.pack(">HHHHHH", id_, flags, 1, 0, 0, bool(extra)) + question + extra
    told = struct.pack(">HHHHHH", id_, 0x8080 | flags | code, 1, answers, 0, bool(extra)) + \
        question + records + extra
    return [(False, asked), (True, told)]


def dns_tcp(rng):
    return [(answers, struct.pack(">H", len(b)) + b) for answers, b in dns(rng)]


# --- BER: SNMP and LDAP -------------------------------------------------------------------


def ber(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = struct.pack(">H", len(body)) if len(body) > 255 else bytes([len(body)])
    return bytes([tag, 0x80 | len(size)]) + size + body


def integer(value, tag=2):
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(rng):
    return ber(6, b"\x2b\x06\x01\x02\x01" + bytes(rng.choices(range(1, 120), k=rng.randint(3, 9))))


def pdu(rng, tag, id_, answered):
    bindings = [ber(0x30, oid(rng), ber(4, rng.randbytes(rng.randint(1, 30))) if answered
                    else b"\x05\x00") for _ in range(rng.randint(1, 6))]
    return ber(tag, integer(id_), integer(0), integer(0), ber(0x30, *bindings))


def snmp(rng):
    version, community = rng.choice((0, 1, 1)), word(rng, 1, 32).encode()
    id_ = rng.randrange(1, 1 << 31)
    asked = rng.choice((0xA0, 0xA1) if version == 0 else (0xA0, 0xA1, 0xA5))
    return [(answers, ber(0x30, integer(version), ber(4, community), pdu(rng, tag, id_, answers)))
            for answers, tag in ((False, asked), (True, 0xA2))]


def snmp_v3(rng):
    id_, user, engine = rng.randrange(1 << 31), word(rng, 1, 20).encode(), \
        b"\x80\x00" + rng.randbytes(rng.randint(6, 20))
    private = rng.random() < 0.5
    flags = (0x03 if private else rng.choice((0, 1)))
    out = []
    for answers in (False, True):
        head = ber(0x30, integer(id_), integer(65507), ber(4, bytes([flags | (0 if answers else 4)])),
                   integer(3))
        digest = rng.randbytes(12) if flags & 1 else b""
        parameters = ber(0x30, ber(4, engine), integer(rng.randrange(500)),
                         integer(rng.randrange(1 << 24)), ber(4, user), ber(4, digest),
                         ber(4, rng.randbytes(8) if private else b""))
        scoped = ber(4, rng.randbytes(rng.randint(40, 120))) if private else \
            ber(0x30, ber(4, engine), ber(4), pdu(rng, 0xA2 if answers else 0xA0, id_, answers))
        out.append((answers, ber(0x30, integer(3), head, ber(4, parameters), scoped)))
    return out


def snmp_trap(rng):
    return [(False, ber(0x30, integer(1), ber(4, word(rng, 1, 20).encode()),
                        pdu(rng, 0xA7, rng.randrange(1, 1 << 31), True)))]


def ldap(rng):
    name = f"cn={word(rng, 2, 20)},ou={word(rng, 2, 12)},dc=example,dc=com".encode()
    id_ = rng.randrange(1, 1 << 16)
    asked = ber(0x60, integer(3), ber(4, name), ber(0x80, word(rng, 4, 20).encode()))
    return [(False, ber(0x30, integer(id_), asked)),
            (True, ber(0x30, integer(id_), ber(0x61, integer(0, 10), ber(4), ber(4))))]


# --- time, access, addresses --------------------------------------------------------------


def ntp(rng):
    version, now = rng.choice((3, 4, 4)), rng.randbytes(8)
    poll, precision = rng.randint(4, 10), rng.randint(230, 250)
    asked = bytes([version << 3 | 3 | rng.choice((0, 0xC0)), 0, poll, precision]) + b"\0" * 36 + now
    told = bytes([version << 3 | 4, rng.randint(1, 4), poll, precision]) + \
        struct.pack(">HHHH", 0, rng.randrange(65536), 0, rng.randrange(65536)) + \
        rng.randbytes(12) + now + rng.randbytes(16)
    return [(False, asked), (True, told)]


def attribute(type_, value):
    return bytes([type_, 2 + len(value)]) + value


def radius_message(rng, code, id_, attributes):
    rng.shuffle(attributes)
    body = b"".join(attributes)
    return struct.pack(">BBH", code, id_, 20 + len(body)) + rng.randbytes(16) + body


def radius(rng):
    id_ = rng.randrange(256)
    asked = [attribute(1, word(rng, 1, 20).encode()), attribute(2, rng.randbytes(16)),
             attribute(4, rng.randbytes(4)), attribute(5, rng.randbytes(4)),
             attribute(31, word(rng, 3, 17).encode()), attribute(80, rng.randbytes(16))]
    told = [attribute(18, word(rng, 1, 30).encode()), attribute(25, rng.randbytes(20))]
    return [(False, radius_message(rng, 1, id_, asked)),
            (True, radius_message(rng, rng.choice((2, 3, 11)), id_, told[:rng.randint(0, 2)]))]


def radius_accounting(rng):
    id_ = rng.randrange(256)
    asked = [attribute(40, struct.pack(">I", rng.randint(1, 3))), attribute(1, word(rng, 1, 20).encode()),
             attribute(44, word(rng, 4, 20).encode()), attribute(4, rng.randbytes(4))]
    return [(False, radius_message(rng, 4, id_, asked)), (True, radius_message(rng, 5, id_, []))]


def dhcp(rng):
    id_, mac = rng.randbytes(4), rng.randbytes(6)
    out = []
    for answers, type_ in ((False, 3), (True, 5)):
        head = bytes([2 if answers else 1, 1, 6, 0]) + id_ + struct.pack(">HH", rng.randrange(60), 0)
        options = bytes([53, 1, type_]) + bytes([12, 8]) + rng.randbytes(8) + b"\xff"
        out.append((answers, head + rng.randbytes(4) + b"\0" * 12 + mac + b"\0" * 202 +
                    b"\x63\x82\x53\x63" + options))
    return out


# --- secured ------------------------------------------------------------------------------


def isakmp(rng, first, second, version, exchange, flags, id_, least):
    body = rng.randbytes(rng.randint(least, least + 300))
    return first + second + bytes([33 if version == 0x20 else 1, version, exchange, flags]) + \
        struct.pack(">II", id_, 28 + len(body)) + body


def ike(rng):
    first, second = rng.randbytes(8), rng.randbytes(8)
    if rng.random() < 0.3:
        return [(False, isakmp(rng, first, b"\0" * 8, 0x10, 2, 0, 0, 60)),
                (True, isakmp(rng, first, second, 0x10, 2, 0, 0, 60))]
    return [(False, isakmp(rng, first, b"\0" * 8, 0x20, 34, 0x08, 0, 200)),
            (True, isakmp(rng, first, second, 0x20, 34, 0x20, 0, 200))]


def ike_behind_nat(rng):
    return [(answers, b"\0\0\0\0" + b) for answers, b in ike(rng)]


def esp(rng):
    spis = [rng.randrange(256, 1 << 32) for _ in range(2)]
    counts = [rng.randrange(1, 1 << 20) for _ in range(2)]
    out = []
    for _ in range(rng.randint(4, 8)):
        answers = rng.random() < 0.5
        counts[answers] += 1
        out.append((answers, struct.pack(">II", spis[answers], counts[answers]) +
                    rng.randbytes(4 * rng.randint(16, 200))))
    return out


def hello(rng, kind, version, cookie):
    name = host(rng).encode()
    extension = struct.pack(">HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    extensions = extension if kind == 1 else b""
    extensions += struct.pack(">HH", 23, 0) + struct.pack(">HH", 13, 32) + rng.randbytes(32)
    session = rng.randbytes(rng.choice((0, 32)))
    body = struct.pack(">H", version) + rng.randbytes(32) + bytes([len(session)]) + session
    if kind == 1:
        suites = rng.randbytes(2 * rng.randint(4, 40))
        body += (b"\0" if cookie else b"") + struct.pack(">H", len(suites)) + suites + b"\1\0"
    else:
        body += rng.randbytes(2) + b"\0"
    return body + struct.pack(">H", len(extensions)) + extensions


def tls(rng):
    out = []
    for answers, kind in ((False, 1), (True, 2)):
        body = hello(rng, kind, 0x0303, False)
        message = bytes([kind]) + len(body).to_bytes(3, "big") + body
        rest = b"\x17\x03\x03\x00\x80" + rng.randbytes(128) if answers else b""
        out.append((answers, b"\x16\x03" + bytes([3 if answers else 1]) +
                    struct.pack(">H", len(message)) + message + rest))
    return out


def dtls(rng):
    out = []
    for answers, kind in ((False, 1), (True, 2)):
        body = hello(rng, kind, 0xFEFD, True)
        size = len(body).to_bytes(3, "big")
        message = bytes([kind]) + size + b"\0\0" + b"\0\0\0" + size + body
        out.append((answers, b"\x16\xfe\xfd" + b"\0" * 8 + struct.pack(">H", len(message)) + message))
    return out


def quic(rng):
    ids = [rng.randbytes(rng.randint(8, 20)) for _ in range(2)]
    out = []
    for answers in (False, True):
        to, own = ids[not answers], ids[answers]
        out.append((answers, bytes([0xC0 | rng.randrange(16)]) + struct.pack(">I", 1) +
                    bytes([len(to)]) + to + bytes([len(own)]) + own + b"\0\x44\x80" +
                    rng.randbytes(rng.randint(1170, 1200))))
    return out


def wireguard(rng):
    one, two = rng.randbytes(4), rng.randbytes(4)
    return [(False, b"\1\0\0\0" + one + rng.randbytes(140)),
            (True, b"\2\0\0\0" + two + one + rng.randbytes(80)),
            (False, b"\4\0\0\0" + two + b"\0" * 8 + rng.randbytes(32)),
            (True, b"\4\0\0\0" + one + b"\0" * 8 + rng.randbytes(112))]


def openvpn(rng):
    one, two, kind = rng.randbytes(8), rng.randbytes(8), rng.random()
    if kind < 0.5:
        return [(False, b"\x38" + one + b"\0\0\0\0\0"),
                (True, b"\x40" + two + b"\1\0\0\0\0" + one + b"\0\0\0\0")]
    digest = rng.choice((20, 32, 64))
    return [(answers, first + session + rng.randbytes(digest) + struct.pack(">II", 1, 1700000000) +
             tail) for answers, first, session, tail in (
                 (False, b"\x38", one, b"\0" * 5), (True, b"\x40", two, b"\1\0\0\0\0" + one + b"\0" * 4))]


def stun(rng):
    id_ = rng.randbytes(12)
    user = word(rng, 4, 16).encode()
    user += b"\0" * (-len(user) % 4)
    asked = struct.pack(">HH", 6, len(user)) + user if rng.random() < 0.5 else b""
    told = struct.pack(">HH", 0x20, 8) + b"\0\1" + rng.randbytes(6)
    return [(False, struct.pack(">HHI", 1, len(asked), 0x2112A442) + id_ + asked),
            (True, struct.pack(">HHI", 0x101, len(told), 0x2112A442) + id_ + told)]


def bittorrent(rng):
    id_ = rng.randbytes(20)
    return [(False, b"d1:ad2:id20:" + id_ + b"6:target20:" + rng.randbytes(20) +
             b"e1:q9:find_node1:t2:" + rng.randbytes(2) + b"1:y1:qe"),
            (True, b"d1:rd2:id20:" + rng.randbytes(20) + b"5:nodes208:" + rng.randbytes(208) + b"e1:y1:re")]


def ipmi(rng):
    sequence = rng.randrange(64) << 2
    return [(False, b"\6\0\xff\7\0" + b"\0" * 8 + b"\x09\x20\x18\xc8\x81" + bytes([sequence]) + b"\x38\x8e\x04\xb5"),
            (True, b"\6\0\xff\7\0" + b"\0" * 8 + b"\x10\x81\x1c\x63\x20" + bytes([sequence]) + b"\x38\0" + rng.randbytes(9))]


def echo(rng):
    said = text(rng, 1, 30).encode() + b"\n"
    return [(False, said), (True, said)]


# --- lines --------------------------------------------------------------------------------


def syslog(rng):
    out = []
    for _ in range(rng.randint(1, 4)):
        priority = rng.randrange(192)
        head = f"<{priority}>1 2026-01-01T00:00:00Z {host(rng)} app 1 - - " if rng.random() < 0.4 else \
            f"<{priority}>Jan  1 00:00:{rng.randrange(60):02} {word(rng, 2, 12)} "
        out.append((False, (head + f"%FTD-6-{rng.randrange(100000, 999999)}: " + text(rng, 4, 30)).encode()))
    return out


def sip(rng):
    name = host(rng)
    return [(False, f"OPTIONS sip:{word(rng, 2, 12)}@{name} SIP/2.0\r\nVia: SIP/2.0/UDP {host(rng)}\r\n\r\n".encode()),
            (True, f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {host(rng)}\r\n\r\n".encode())]


def ssh(rng):
    return [(True, f"SSH-2.0-OpenSSH_{rng.randint(5, 9)}.{rng.randint(0, 9)} {text(rng, 1, 12)}\r\n".encode()),
            (False, f"SSH-2.0-{word(rng, 3, 60)}\r\n".encode())]


def smtp(rng):
    return [(True, f"220 {host(rng)} ESMTP {text(rng, 1, 14)}\r\n".encode()),
            (False, f"EHLO {host(rng)}\r\n".encode()),
            (True, f"250-{host(rng)} {text(rng, 0, 9)}\r\n250 8BITMIME\r\n".encode())]


def http(rng):
    method = rng.choice(("GET", "GET", "POST", "HEAD", "PUT", "PROPFIND"))
    return [(False, f"{method} /{'/'.join(word(rng, 1, 20) for _ in range(rng.randint(0, 8)))} HTTP/1.1\r\n"
             f"Host: {host(rng)}\r\nAccept: */*\r\n\r\n".encode()),
            (True, f"HTTP/1.1 {rng.choice((200, 301, 404))} {text(rng, 1, 2)}\r\nServer: {text(rng, 1, 9)}"
             "\r\nContent-Length: 0\r\n\r\n".encode())]


def http_proxy(rng):
    return [(False, f"CONNECT {host(rng)}:443 HTTP/1.1\r\nUser-Agent: {text(rng, 1, 9)}\r\n\r\n".encode()),
            (True, b"HTTP/1.1 200 Connection established\r\n\r\n")]


def xmpp(rng):
    declaration = "<?xml version='1.0'?>" if rng.random() < 0.6 else ""
    stream = "<stream:stream {}='{}' xmlns='jabber:client' xmlns:stream=" \
             "'http://etherx.jabber.org/streams' version='1.0'>"
    return [(False, (declaration + stream.format("to", host(rng))).encode()),
            (True, (declaration + stream.format("from", host(rng))).encode())]


def ftp(rng):
    return [(True, f"220 {host(rng)} FTP server ({text(rng, 1, 9)}) ready.\r\n".encode()),
            (False, f"USER {word(rng, 2, 20)}\r\n".encode()), (True, b"331 Password required\r\n")]


def imap(rng):
    return [(True, f"* OK [CAPABILITY IMAP4rev1 {text(rng, 3, 12)}] ready.\r\n".encode()),
            (False, f"{word(rng, 2, 4)} CAPABILITY\r\n".encode())]


def pop3(rng):
    return [(True, f"+OK POP3 {text(rng, 1, 12)}\r\n".encode()), (False, b"CAPA\r\n")]


def irc(rng):
    return [(False, f"NICK {word(rng, 3, 9)}\r\nUSER {word(rng, 3, 9)} 0 * :{text(rng, 1, 5)}\r\n".encode()),
            (True, f":{host(rng)} 001 {word(rng, 3, 9)} :Welcome {text(rng, 1, 9)}\r\n".encode())]


def telnet(rng):
    return [(True, b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"), (False, b"\xff\xfb\x18\xff\xfb\x20")]


def redis(rng):
    return [(False, f"*2\r\n$3\r\nGET\r\n${rng.randint(10, 60)}\r\n{text(rng, 2, 9)}\r\n".encode()),
            (True, b"-NOAUTH Authentication required.\r\n")]


def vnc(rng):
    return [(True, b"RFB 003.008\n"), (False, b"RFB 003.008\n")]


# --- databases, desktops, files -----------------------------------------------------------


def mysql(rng):
    body = b"\x0a" + f"{rng.randint(5, 10)}.{rng.randint(0, 9)}.{rng.randint(0, 40)}-{word(rng, 1, 30)}".encode() + \
        b"\0" + rng.randbytes(rng.randint(44, 80))
    return [(True, len(body).to_bytes(3, "little") + b"\0" + body),
            (False, b"\x55\0\0\1" + rng.randbytes(85))]


def postgresql(rng):
    body = struct.pack(">I", 0x00030000) + f"user\0{word(rng, 1, 20)}\0database\0{word(rng, 1, 20)}\0\0".encode()
    return [(False, struct.pack(">I", 4 + len(body)) + body),
            (True, b"R\0\0\0\x0c\0\0\0\5" + rng.randbytes(4))]


def rdp(rng):
    cookie = f"Cookie: mstshash={word(rng, 2, 9)}\r\n".encode() + b"\1\0\x08\0\3\0\0\0"
    asked = bytes([6 + len(cookie), 0xE0, 0, 0, 0, 0, 0]) + cookie
    told = b"\x0e\xd0\0\0\x12\x34\0\2\x0f\x08\0\2\0\0\0"
    return [(answers, b"\3\0" + struct.pack(">H", 4 + len(b)) + b) for answers, b in ((False, asked), (True, told))]


def smb(rng):
    head = b"\xfeSMB\x40\0" + b"\0" * 10 + b"{}" + b"\0\0\0" + rng.randbytes(44)
    out = []
    for answers, flags in ((False, b"\0"), (True, b"\1")):
        body = head.replace(b"{}", flags) + rng.randbytes(rng.randint(40, 200))
        out.append((answers, struct.pack(">I", len(body)) + body))
    return out


def socks(rng):
    return [(False, b"\5\2\0\2"), (True, b"\5\2")]


UDP = {
    "dns": (dns, 53), "snmp": (snmp, 161), "snmp-v3": (snmp_v3, 161), "snmp-trap": (snmp_trap, 162),
    "ntp": (ntp, 123), "radius": (radius, 1812), "radius-accounting": (radius_accounting, 1813),
    "dhcp": (dhcp, 67), "ike": (ike, 500), "ike-behind-nat": (ike_behind_nat, 4500),
    "esp-in-udp": (esp, 4500), "syslog": (syslog, 514), "dtls": (dtls, 443), "quic": (quic, 443),
    "wireguard": (wireguard, 51820), "openvpn": (openvpn, 1194), "stun": (stun, 3478),
    "bittorrent": (bittorrent, 6881), "ipmi": (ipmi, 623), "echo": (echo, 7), "sip": (sip, 5060),
}
TCP = {
    "tls": (tls, 443), "ssh": (ssh, 22), "smtp": (smtp, 25), "http": (http, 80), "ldap": (ldap, 389),
    "xmpp": (xmpp, 5222), "dns-tcp": (dns_tcp, 53), "http-proxy": (http_proxy, 8080), "ftp": (ftp, 21),
    "imap": (imap, 143), "pop3": (pop3, 110), "irc": (irc, 6667), "telnet": (telnet, 23),
    "redis": (redis, 6379), "vnc": (vnc, 5900), "mysql": (mysql, 3306), "postgresql": (postgresql, 5432),
    "rdp": (rdp, 3389), "smb": (smb, 445), "socks": (socks, 1080),
}
