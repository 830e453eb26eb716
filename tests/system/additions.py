"""What one side of a conversation can send alone, as frames: for test_evidence.py.

The side knows all that it has sent and received: ports, sequence numbers, payloads. What it sends
may have any checksum, hop limit, tunnel and fragmentation, and its own source address; within a
tunnel any address at all.
"""
import struct

from captures import (ACK, FIN, GRE, IPIP, IPV6, PSH, RST, SYN, TCP, UDP, URG, ethernet, ip_packet,
                      tcp_segment, udp_datagram)

DNS_NAME = b"\x03www\x07example\x03com\0\0\x01\0\x01"
CLIENT_HELLO = b"\x16\x03\x01\x00\x31\x01\x00\x00\x2d\x03\x03" + bytes(range(32)) + \
    b"\0\0\x04\x13\x01\x13\x02\x01\0\0\0"
SERVER_HELLO = b"\x16\x03\x03\x00\x2c\x02\x00\x00\x28\x03\x03" + bytes(range(32)) + b"\0\x13\x01\0\0\0"

TCP_PAYLOADS = {
    "client hello": CLIENT_HELLO,
    "server hello": SERVER_HELLO,
    "ssh banner": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "http request": b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
    "http response": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "smtp greeting": b"220 mail.example.com ESMTP Postfix\r\n",
    "ldap bind": b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0",
    "garbage": b"\x8b\x01\xf7\x5a\x99\x02\xfe\x10" * 4,
}


def datagrams(random, heard):
    """Requests and answers of datagram services. Each repeats an id of what was heard, or has one
    of its own."""
    two = heard[:2] if len(heard) >= 2 and random.random() < 0.6 else random.randbytes(2)
    name = DNS_NAME
    question = two + b"\x01\0\0\x01\0\0\0\0\0\0" + name
    stamp = heard[40:48] if len(heard) >= 48 and random.random() < 0.6 else random.randbytes(8)
    spi = heard[:8] if len(heard) >= 28 and random.random() < 0.6 else random.randbytes(8)
    radius = bytes([heard[1]]) if len(heard) >= 20 and random.random() < 0.6 else random.randbytes(1)
    cookie = heard[8:20] if len(heard) >= 20 and random.random() < 0.6 else random.randbytes(12)
    xid = heard[4:8] if len(heard) >= 240 and random.random() < 0.6 else random.randbytes(4)
    pdu = b"\x02\x04" + random.randbytes(4) + b"\x02\x01\0\x02\x01\0\x30\0"
    return {
        "dns query": question,
        "dns response": two + b"\x81\x80\0\x01\0\x01\0\0\0\0" + name
        + b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x5d\xb8\xd8\x22",
        "ntp client": b"\x23\x00\x06\x20" + bytes(36) + random.randbytes(8),
        "ntp server": b"\x24\x02\x06\xe8\0\0\0\x10\0\0\0\x10\x0a\0\0\x01" + random.randbytes(8) + stamp
        + random.randbytes(16),
        "snmp get": b"\x30\x19\x02\x01\x01\x04\x06public\xa0\x0c" + pdu[:12],
        "snmp response": b"\x30\x19\x02\x01\x01\x04\x06public\xa2\x0c" + pdu[:12],
        "snmp trap": b"\x30\x19\x02\x01\x01\x04\x06public\xa7\x0c" + pdu[:12],
        "radius request": b"\x01" + radius + b"\0\x1a" + random.randbytes(16) + b"\x01\x06anna",
        "radius accept": b"\x02" + radius + b"\0\x14" + random.randbytes(16),
        "dhcp discover": b"\x01\x01\x06\0" + xid + bytes(228) + b"\x63\x82\x53\x63\x35\x01\x01\xff",
        "dhcp offer": b"\x02\x01\x06\0" + xid + bytes(228) + b"\x63\x82\x53\x63\x35\x01\x02\xff",
        "ike init": spi + bytes(8) + b"\x21\x20\x22\x08\0\0\0\0\0\0\0\x24\0\0\0\x08" + bytes(4),
        "ike answer": spi + random.randbytes(8) + b"\x21\x20\x22\x20\0\0\0\0\0\0\0\x24\0\0\0\x08"
        + bytes(4),
        "stun binding": b"\0\x01\0\0\x21\x12\xa4\x42" + cookie,
        "stun success": b"\x01\x01\0\x0c\x21\x12\xa4\x42" + cookie + b"\0\x20\0\x08\0\x01\x11\x22"
        + random.randbytes(4),
        "tftp read": b"\0\x01boot.cfg\0octet\0",
        "tftp data": b"\0\x03\0\x01" + random.randbytes(24),
        "syslog": b"<13>Jan  1 00:00:00 host app: text",
        "echo": heard or b"echo",
        "empty": b"",
        "garbage": random.randbytes(random.choice((1, 8, 60, 300))),
    }


TCP_FLAGS = {
    "SYN": SYN, "SYN+ACK": SYN | ACK, "RST": RST, "RST+ACK": RST | ACK, "FIN": FIN, "FIN+ACK": FIN | ACK,
    "ACK": ACK, "data": PSH | ACK, "XMAS": FIN | PSH | URG, "NULL": 0, "SYN+FIN": SYN | FIN,
    "SYN+RST": SYN | RST,
}


class Side:
    """One end of a flow as it knows it at a place of the capture: what went before."""

    def __init__(self, base, flow, address, position):
        mine = [(i, p) for i, p in base.packets_of(flow) if p.ends()[0] == address]
        other = [(i, p) for i, p in base.packets_of(flow) if p.ends()[0] != address]
        self.flow, self.mine, self.other = flow, mine, other
        self.address = address
        some = (mine or other)[0][1]
        self.link = some.link if mine else some.link[6:12] + some.link[:6] + some.link[12:]
        ends = some.ends() if mine else some.ends()[::-1]
        self.source, self.destination = ends[0][0], ends[1][0]
        self.ports = ends[0][1], ends[1][1]
        self.sent = [p for i, p in mine if i < position]
        self.heard = [p for i, p in other if i < position]


def span(p):
    return len(p.payload) + (1 if p.flags & SYN else 0) + (1 if p.flags & FIN else 0)


def number(random, known, sent):
    """A sequence number out of what is known: (what it is, number)."""
    choices = [("random", random.getrandbits(32)), ("0", 0)]
    if sent:
        choices += [("next", sent[-1].numbers[0] + span(sent[-1])), ("first", sent[0].numbers[0]),
                    ("first+1", sent[0].numbers[0] + 1), ("next-1", sent[-1].numbers[0] + span(sent[-1]) - 1),
                    ("far", sent[-1].numbers[0] + 0x40000000), ("near", sent[-1].numbers[0] + 1000)] * 2
    if known and known[-1].flags & ACK:
        choices += [("acknowledged", known[-1].numbers[1]), ("acknowledged-1", known[-1].numbers[1] - 1)] * 2
    name, value = random.choice(choices)
    return name, value & 0xFFFFFFFF


def tcp_of(random, side, forged=False):
    """(what it is, IP protocol, segment)"""
    flag = random.choice(list(TCP_FLAGS))
    sequence, first = number(random, side.heard, side.sent)
    acknowledgment, second = number(random, side.sent, side.heard)
    payload, text = "", b""
    if flag == "data" or (flag in ("SYN", "SYN+ACK", "RST") and random.random() < 0.15):
        payload, text = random.choice(list(TCP_PAYLOADS.items()))
    wrong = random.random() < 0.3
    what = f"{flag} {payload} seq {sequence} ack {acknowledgment}{' wrong checksum' if wrong else ''}"
    ends = (side.source, side.destination)
    return what, TCP, tcp_segment(*ends, side.ports, (first, second), TCP_FLAGS[flag], text, wrong)


def udp_of(random, side):
    heard = random.choice(side.heard).payload if side.heard else b""
    kind, payload = random.choice(list(datagrams(random, heard).items()))
    wrong = random.random() < 0.2
    what = f"{kind}{' wrong checksum' if wrong else ''}"
    return what, UDP, udp_datagram(side.source, side.destination, side.ports, payload, wrong)


def segment_of(random, side):
    return tcp_of(random, side) if side.flow[0] == TCP else udp_of(random, side)


def plain(random, side):
    what, protocol, carried = segment_of(random, side)
    ttl = random.choice((1, 64, 128, 255))
    packet = ip_packet(side.source, side.destination, protocol, carried, ttl, random.getrandbits(16))
    return what, [side.link + packet]


def fragments(random, side):
    """Tiny, first only, overlapping, whole in two."""
    what, protocol, carried = segment_of(random, side)
    carried += random.randbytes(-len(carried) % 8 + 16)
    ident, ends = random.getrandbits(16), (side.source, side.destination)

    def piece(begin, end, more):
        return side.link + ip_packet(*ends, protocol, carried[begin:end], 64, ident,
                                     begin // 8 | (0x2000 if more else 0))
    kind = random.choice(("tiny", "tiny first only", "first only", "overlapping", "later only", "two"))
    cut = {"tiny": 8, "tiny first only": 8}.get(kind, len(carried) // 16 * 8 or 8)
    pieces = {"tiny": [piece(0, cut, 1), piece(cut, None, 0)], "tiny first only": [piece(0, cut, 1)],
              "first only": [piece(0, cut, 1)], "later only": [piece(cut, None, 0)],
              "overlapping": [piece(0, cut, 1), piece(cut - 8, None, 0), piece(0, cut, 1)],
              "two": [piece(0, cut, 1), piece(cut, None, 0)]}[kind]
    if kind == "two" and random.random() < 0.5:
        pieces.reverse()
    return f"{what}, fragments: {kind}", pieces


def mirrored(side):
    """The flow as its other end would send it: within a tunnel anybody can."""
    turned = Side.__new__(Side)
    turned.flow, turned.link = side.flow, side.link
    turned.source, turned.destination = side.destination, side.source
    turned.ports, turned.sent, turned.heard = side.ports[::-1], side.heard, side.sent
    return turned


def tunnelled(random, side):
    forged = random.random() < 0.5
    inner_side = mirrored(side) if forged else side
    what, protocol, carried = segment_of(random, inner_side)
    inner = ip_packet(inner_side.source, inner_side.destination, protocol, carried, 64)
    third = (b"\xcb\x00\x71\x4d" if len(side.source) == 4
             else b"\x20\x01\x0d\xb8\x0b\xad" + bytes(9) + b"\x4d")
    frame = ethernet(b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02", inner)
    kind = random.choice(("vxlan", "gre", "erspan II", "erspan III", "ip in ip", "gtp-u", "geneve"))
    ethertype = b"\x86\xdd" if len(side.source) == 16 else b"\x08\0"
    if kind in ("vxlan", "gtp-u", "geneve"):
        port, head, body = {
            "vxlan": (4789, b"\x08\0\0\0\0\0\x09\0", frame),
            "geneve": (6081, b"\0\0\x65\x58\0\0\x09\0", frame),
            "gtp-u": (2152, b"\x30\xff" + struct.pack(">H", len(inner)) + b"\0\0\0\x09", inner)}[kind]
        carried = udp_datagram(side.source, third, (50000, port), head + body)
        outer = ip_packet(side.source, third, UDP, carried)
    elif kind == "ip in ip":
        outer = ip_packet(side.source, third, IPV6 if len(side.source) == 16 else IPIP, inner)
    else:
        head = {"gre": b"\0\0" + ethertype, "erspan II": b"\x10\0\x88\xbe\0\0\0\x01\x10\x01\x08\x0a\0\0\0\0",
                "erspan III": b"\x10\0\x22\xeb\0\0\0\x01\x20\x01\x08\x0a\0\0\0\x01\0\0\0\0"}[kind]
        outer = ip_packet(side.source, third, GRE, head + (inner if kind == "gre" else frame))
    return f"in {kind}{' (forged source)' if forged else ''}: {what}", [side.link[:12] + ethertype + outer]


WAYS = {"plain": plain, "fragments": fragments, "tunnelled": tunnelled}
