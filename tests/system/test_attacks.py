#!/usr/bin/env python3
"""What somebody who has read the source would send, so that an undocumented flow is called expected.

usage: test_attacks.py PORTOLAN

Each case is a small capture, minutes after the warm-up unless it says otherwise: a device, a stranger,
and what one of them or both do. Of each something has to be told that has the stranger at an end; the
reason is held where the attack has a name.
"""
import ipaddress
import struct
import sys
import tempfile

import captures
import tap
from captures import ACK, FIN, GRE, PSH, RST, SECOND, SYN, TCP, UDP, Frame

SITE = """
appliances:
  - {name: fmc-1, role: management-center, addresses: [10.10.0.5]}
  - {name: ftd-1, role: managed-device, addresses: [10.20.0.7]}
"""
DEVICE, CENTER, STRANGER = "10.20.0.7", "10.10.0.5", "203.0.113.66"
START = 1767600000 * SECOND
SECRET = b"data of the device " * 20
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"
QUERY = bytes.fromhex("000701000001000000000000") + b"\x07example\x03com\0\0\1\0\1"
ANSWER = (bytes.fromhex("000781800001000100000000") + b"\x07example\x03com\0\0\1\0\1"
          + bytes.fromhex("c00c000100010000003c0004c0000209"))
TIME_ANSWER = (bytes.fromhex("240206ec") + bytes(8) + b"\x7f\0\0\1"
               + struct.pack(">QQQQ", 0xe8000000 << 32, 0xe8000001 << 32 | 5, 0xe8000002 << 32 | 7,
                             0xe8000003 << 32 | 9))
TIME_PEER = b"\x21" + TIME_ANSWER[1:]  # symmetric active (RFC 5905 section 3)
EXCHANGE = struct.pack(">BBBBII", 33, 0x20, 0x22, 8, 0, 64) + b"\0\0\0\x24" + bytes(32)


def hello(client):
    body = b"\3\3" + bytes(range(32)) + b"\0"
    body += b"\0\4\x13\1\xc0\x2f\1\0" if client else b"\x13\1\0"
    extension = b"\0\x2b\0\3\2\3\4" if client else b"\0\x2b\0\2\3\4"
    body += struct.pack(">H", len(extension)) + extension
    message = (b"\1" if client else b"\2") + struct.pack(">I", len(body))[1:] + body
    return b"\x16\3\3" + struct.pack(">H", len(message)) + message


CLIENT_HELLO, SERVER_HELLO = hello(True), hello(False)


def packed(host):
    return ipaddress.ip_address(host).packed


class Story:
    """Packets by time, in seconds since the capture's begin."""

    def __init__(self):
        self.frames = []
        self.udp(0, "192.0.2.1", "192.0.2.2", (9999, 9998), b"x")

    def ip(self, at, source, destination, protocol, carried, **options):
        packet = captures.ip_packet(packed(source), packed(destination), protocol, carried, **options)
        self.frames.append(Frame(START + round(at * SECOND),
                                 captures.ethernet(b"\2" + bytes(5), b"\2" + bytes(5), packet)))

    def tcp(self, at, source, destination, ports, flags, numbers, payload=b"", wrong=False, **options):
        segment = captures.tcp_segment(packed(source), packed(destination), ports, numbers, flags,
                                       payload, wrong)
        self.ip(at, source, destination, TCP, segment, **options)

    def udp(self, at, source, destination, ports, payload, wrong=False):
        self.ip(at, source, destination, UDP, captures.udp_datagram(
            packed(source), packed(destination), ports, payload, wrong))

    def handshake(self, at, source, destination, ports, said=b"", answered=b"", first=(1000, 5000)):
        back, (a, b) = ports[::-1], first
        self.tcp(at, source, destination, ports, SYN, (a, 0))
        self.tcp(at + .01, destination, source, back, SYN | ACK, (b, a + 1))
        self.tcp(at + .02, source, destination, ports, ACK, (a + 1, b + 1))
        if said:
            self.tcp(at + .03, source, destination, ports, ACK | PSH, (a + 1, b + 1), said)
        if answered:
            self.tcp(at + .04, destination, source, back, ACK | PSH, (b + 1, a + 1 + len(said)), answered)

    def shell(self, at, ports, rounds=8):
        """The stranger asks, the device answers; `ports` are the device's and the stranger's."""
        for i in range(rounds):
            self.udp(at + i, STRANGER, DEVICE, ports[::-1], b"cat %d" % i)
            self.udp(at + i + .1, DEVICE, STRANGER, ports, SECRET)

    def stream(self, at, ports, rounds=6):
        """Data both ways without a handshake; `ports` are the first sender's, who is the stranger."""
        for i in range(rounds):
            self.tcp(at + i, STRANGER, DEVICE, ports, ACK | PSH, (50 + 10 * i, 900 + 400 * i), b"0123456789")
            self.tcp(at + i + .1, DEVICE, STRANGER, ports[::-1], ACK | PSH, (900 + 400 * i, 60 + 10 * i),
                     SECRET)


class World:
    def __init__(self, portolan):
        self.lab = captures.Lab(portolan, None)
        self.site = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.site.write(SITE)
        self.site.flush()

    def told(self, story, reason=None, verdict=None):
        frames = sorted(story.frames, key=lambda f: f.time)
        result = self.lab.replay([(captures.ETHERNET, frames)], self.site.name)
        alerts = [e for e in result.events if e["event"]["kind"] == "alert"
                  and STRANGER in (e["source"]["ip"], e["destination"]["ip"])]
        assert alerts, f"nothing is told; flows: {[f['portolan'] for f in result.flows]}"
        reasons = {r for f in result.flows for r in f["portolan"].get("evasion", {}).get("reason", [])}
        assert reason is None or reason in reasons, f"want {reason}, found {reasons}"
        verdicts = {f["portolan"]["verdict"] for f in result.flows}
        assert verdict is None or verdict in verdicts, f"want {verdict}, found {verdicts}"
        assert not result.disagreements(), result.disagreements()


    def told_until_both_ask(self, story):
        """What one of two peers sends is told; once both have asked, each did: it is documented."""
        frames = sorted(story.frames, key=lambda f: f.time)
        result = self.lab.replay([(captures.ETHERNET, frames)], self.site.name)
        verdicts = [f["portolan"]["verdict"] for f in result.flows]
        assert verdicts == ["expected"], verdicts


# --- answers that nobody asked for ---------------------------------------------------------


def an_answer_of_dns_before_a_shell(world):
    story = Story()
    story.udp(301, STRANGER, DEVICE, (53, 31337), ANSWER)
    story.shell(302, (31337, 53))
    world.told(story, "unasked-answer", "unexpected-port")


def an_answer_of_ntp_before_a_shell(world):
    story = Story()
    story.udp(301, STRANGER, DEVICE, (123, 31337), TIME_ANSWER)
    story.shell(302, (31337, 123))
    world.told(story, "unasked-answer", "unexpected-port")


def an_answer_of_the_device_before_its_data(world):
    story = Story()
    story.udp(301, DEVICE, STRANGER, (53, 31337), ANSWER)
    story.shell(302, (53, 31337))
    world.told(story, "unasked-answer", "unexpected-port")


def a_real_exchange_before_a_shell(world):
    story = Story()
    story.udp(301, DEVICE, STRANGER, (31337, 53), QUERY)
    story.udp(301.05, STRANGER, DEVICE, (53, 31337), ANSWER)
    story.shell(302, (31337, 53), rounds=70)
    world.told(story, "service-changed", "wrong-service")


def a_syn_ack_before_the_syn(world):
    for options in ({}, {"ttl": 1}, {"wrong": True}):
        story = Story()
        story.tcp(300.9, STRANGER, DEVICE, (443, 4444), SYN | ACK, (5000, 77), **options)
        story.handshake(301, STRANGER, DEVICE, (443, 4444), CLIENT_HELLO, SERVER_HELLO)
        world.told(story, None, "unexpected-port")


# --- connections turned round --------------------------------------------------------------


def a_syn_that_is_dropped_before_the_device_connects_from_that_port(world):
    for pause in (.1, .9, 1.5, 19, 29, 40):
        for port in (22, 443, 885):
            story = Story()
            story.tcp(300, STRANGER, DEVICE, (4444, port), SYN, (99, 0))
            story.handshake(300 + pause, DEVICE, STRANGER, (port, 4444), CLIENT_HELLO, SERVER_HELLO)
            world.told(story, None, "unexpected-port")


def a_syn_of_the_device_that_nobody_answered(world):
    for wrong in (False, True):
        story = Story()
        story.tcp(300.9, DEVICE, STRANGER, (4444, 443), SYN, (99, 0), wrong=wrong)
        story.handshake(301, STRANGER, DEVICE, (443, 4444), CLIENT_HELLO, SERVER_HELLO)
        world.told(story, None, "unexpected-port")


def a_syn_against_a_live_connection(world):
    story = Story()
    story.handshake(301, DEVICE, STRANGER, (40000, 443), CLIENT_HELLO, SERVER_HELLO)
    story.handshake(303, STRANGER, DEVICE, (443, 40000), SECRET, SECRET, (70000, 90000))
    world.told(story, None, "unexpected-port")


def a_new_connection_on_a_live_one(world):
    story = Story()
    story.handshake(301, DEVICE, STRANGER, (40000, 443), CLIENT_HELLO, SERVER_HELLO)
    story.handshake(301.5, DEVICE, STRANGER, (40000, 443), SSH, SSH, (900000, 700000))
    world.told(story, None, "wrong-service")


def no_handshake_at_all(world):
    for ports in ((443, 31337), (31337, 22)):
        story = Story()
        story.stream(301, ports)
        world.told(story, "no-handshake")


def a_reset_that_closes_nothing(world):
    story = Story()
    story.handshake(301, DEVICE, STRANGER, (40000, 443))
    story.tcp(301.1, DEVICE, STRANGER, (40000, 443), RST, (2999999000, 0))
    story.tcp(307, STRANGER, DEVICE, (443, 40000), ACK | PSH, (5001, 1001), SSH)
    story.tcp(307.1, DEVICE, STRANGER, (40000, 443), ACK | PSH, (1001, 5001 + len(SSH)), SSH)
    world.told(story, "reset-ignored", "wrong-service")


def a_reset_with_a_wrong_checksum(world):
    for device_sends in (True, False):
        story = opened()
        if device_sends:
            story.tcp(301.1, DEVICE, STRANGER, (40000, 443), RST, (1001, 0), wrong=True)
        else:
            story.tcp(301.1, STRANGER, DEVICE, (443, 40000), RST, (5001, 0), wrong=True)
        story.tcp(307, STRANGER, DEVICE, (443, 40000), ACK | PSH, (5001, 1001), SSH)
        story.tcp(307.1, DEVICE, STRANGER, (40000, 443), ACK | PSH, (1001, 5001 + len(SSH)), SSH)
        world.told(story, "reset-ignored", "wrong-service")


def a_request_behind_an_answer_of_ones_own(world):
    story = Story()
    story.udp(301, STRANGER, DEVICE, (53, 53), QUERY)
    story.udp(301.1, DEVICE, STRANGER, (53, 53), ANSWER)
    story.udp(301.2, DEVICE, STRANGER, (53, 53), QUERY)
    world.told(story, None, "unexpected-port")


def time_of_a_peer_alone(world):
    for answer in (b"", TIME_PEER[:1].replace(b"\x21", b"\x22") + TIME_PEER[1:]):
        story = Story()
        story.udp(301, STRANGER, DEVICE, (123, 123), TIME_PEER)
        if answer:
            story.udp(302, DEVICE, STRANGER, (123, 123), answer)
        world.told(story, None, "unexpected-port")


def time_of_two_peers(world):
    for first, second in ((STRANGER, DEVICE), (DEVICE, STRANGER)):
        story = Story()
        story.udp(301, first, second, (123, 123), TIME_PEER)
        story.udp(320, second, first, (123, 123), TIME_PEER)
        world.told_until_both_ask(story)


def memory_of_one_exchange(world):
    ike = bytes(range(1, 9))
    story = Story()
    story.udp(301, STRANGER, DEVICE, (500, 500), ike + bytes(8) + EXCHANGE)
    story.udp(301.1, DEVICE, STRANGER, (500, 500),
              ike + bytes(range(9, 17)) + EXCHANGE[:3] + b"\x20" + EXCHANGE[4:])
    for i in range(8):
        story.udp(400 + i, DEVICE, STRANGER, (500, 31337), SECRET)
        story.udp(400.1 + i, STRANGER, DEVICE, (31337, 500), b"ack")
    world.told(story, None, "unexpected-port")


# --- scans without a SYN ------------------------------------------------------------------------


def scans_from_a_documented_port(world):
    for flags in (FIN, 0, ACK, SYN | ACK, FIN | PSH | 32):
        story = Story()
        for i in range(10):
            story.tcp(301 + i / 100, STRANGER, DEVICE, (443, 2000 + i), flags, (1, 1))
            story.tcp(301.005 + i / 100, DEVICE, STRANGER, (2000 + i, 443), RST | ACK, (1, 2))
        world.told(story, None, "unexpected-port")


# --- payload that nobody receives, or that is hidden ------------------------------------------


def opened(first=b"", wrong=False, **options):
    """A connection to 443, and what its receiver may never get."""
    story = Story()
    story.handshake(301, DEVICE, STRANGER, (40000, 443))
    if first:
        story.tcp(301.03, DEVICE, STRANGER, (40000, 443), ACK | PSH, (1001, 5001), first, wrong, **options)
    return story


def speak(story, what):
    story.tcp(301.1, DEVICE, STRANGER, (40000, 443), ACK | PSH, (1001, 5001), what)
    story.tcp(301.2, STRANGER, DEVICE, (443, 40000), ACK | PSH, (5001, 1001 + len(what)), what)
    return story


def a_hello_with_a_wrong_checksum_before_ssh(world):
    world.told(speak(opened(CLIENT_HELLO, wrong=True), SSH), "bad-checksum", "wrong-service")


def a_hello_that_expires_on_its_way_before_ssh(world):
    world.told(speak(opened(CLIENT_HELLO, ttl=1), SSH), "contradicting-segments", "wrong-service")


def a_hello_out_of_the_window_before_ssh(world):
    story = opened()
    story.tcp(301.03, DEVICE, STRANGER, (40000, 443), ACK | PSH, (101001, 5001), CLIENT_HELLO)
    world.told(speak(story, SSH), None, "wrong-service")


def hellos_from_the_wrong_sides(world):
    for said, answered in ((SERVER_HELLO, CLIENT_HELLO), (CLIENT_HELLO, CLIENT_HELLO)):
        story = Story()
        story.handshake(301, STRANGER, DEVICE, (40000, 443), said, answered)
        world.told(story, "reversed-hello", "wrong-service")


def ssh_in_fragments(world):
    segment = captures.tcp_segment(packed(DEVICE), packed(STRANGER), (40000, 443), (1001, 5001),
                                   ACK | PSH, SSH)
    story = opened()
    story.ip(301.03, DEVICE, STRANGER, TCP, segment[:24], ident=9, fragment=0x2000)
    story.ip(301.04, DEVICE, STRANGER, TCP, segment[24:], ident=9, fragment=3)
    world.told(story, "hidden-opening")


def tiny_fragments(world):
    segment = captures.tcp_segment(packed(STRANGER), packed(DEVICE), (40000, 4444), (1, 0), SYN)
    story = Story()
    story.ip(301, STRANGER, DEVICE, TCP, segment[:8], ident=9, fragment=0x2000)
    story.ip(301.01, STRANGER, DEVICE, TCP, segment[8:], ident=9, fragment=1)
    world.told(story, "tiny-fragments", "unexpected-port")


# --- tunnels -------------------------------------------------------------------------------------


def evidence_inside_of_a_tunnel(world):
    inner = captures.ip_packet(packed(STRANGER), packed(DEVICE), TCP, captures.tcp_segment(
        packed(STRANGER), packed(DEVICE), (443, 4444), (5000, 77), SYN | ACK))
    frame = captures.ethernet(bytes(6), bytes(6), inner)
    vxlan = captures.udp_datagram(packed(STRANGER), packed("198.51.100.9"), (5555, 4789),
                                  b"\x08\0\0\0\0\0\1\0" + frame)
    erspan = b"\x10\0\x88\xbe\0\0\0\1" + b"\x10\1\0\1\0\0\0\0" + frame
    for protocol, carried in ((UDP, vxlan), (GRE, b"\0\0\x08\0" + inner), (GRE, erspan)):
        story = Story()
        story.ip(300.9, STRANGER, "198.51.100.9", protocol, carried)
        story.handshake(301, STRANGER, DEVICE, (443, 4444), CLIENT_HELLO, SERVER_HELLO)
        world.told(story, "tunnelled-evidence", "unexpected-port")


# --- in the warm-up ---------------------------------------------------------------------------


def a_shell_from_the_port_of_syslog_in_the_warmup(world):
    for peer in (DEVICE, CENTER):
        story = Story()
        for i in range(8):
            story.udp(1 + i, STRANGER, peer, (514, 31337), b"id\n")
            story.udp(1.1 + i, peer, STRANGER, (31337, 514), SECRET)
        world.told(story, None, "unexpected-port")


def main():
    world = World(sys.argv[1])
    cases = [case for name, case in sorted(globals().items())
             if callable(case) and getattr(case, "__code__", None)
             and case.__code__.co_varnames[:1] == ("world",) and case.__code__.co_argcount == 1]
    return tap.run(cases, world)


if __name__ == "__main__":
    sys.exit(main())
