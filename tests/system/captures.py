"""Captures that are changed byte by byte: reads and writes pcap, takes frames apart as far as the
ports, makes new ones, and replays them. Of the golden cases each is a conversation to begin with."""
import json
import os
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
CONFIGS = HERE.parent.parent / "configs"

sys.path.insert(0, str(GOLDEN))
import agree  # noqa: E402

VERDICTS = ("expected", "implied", "not-covered", "feature-disabled", "peer-not-allowed",
            "wrong-service", "unexpected-protocol", "unexpected-port")  # include/verdict.h
ETHERNET = 1
SECOND = 1_000_000_000
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
TCP, UDP, IPIP, IPV6, GRE = 6, 17, 4, 41, 47

# --- files --------------------------------------------------------------------------------


class Frame:
    __slots__ = ("time", "data", "length")

    def __init__(self, time_ns, data, length=None):
        self.time, self.data, self.length = time_ns, data, len(data) if length is None else length


def read_pcap(path):
    """(link type, frames); times in nanoseconds."""
    raw = pathlib.Path(path).read_bytes()
    order = "<" if raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    magic, = struct.unpack_from(order + "I", raw)
    unit = 1 if magic == 0xA1B23C4D else 1000
    link, = struct.unpack_from(order + "I", raw, 20)
    frames, at = [], 24
    while at + 16 <= len(raw):
        seconds, fraction, caplen, length = struct.unpack_from(order + "4I", raw, at)
        frames.append(Frame(seconds * SECOND + fraction * unit, raw[at + 16:at + 16 + caplen], length))
        at += 16 + caplen
    return link & 0xFFFF, frames


def pcap_bytes(link, frames):
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, link)]
    for f in frames:
        out.append(struct.pack("<4I", f.time // SECOND, f.time % SECOND, len(f.data), f.length))
        out.append(f.data)
    return b"".join(out)


# --- taking apart -------------------------------------------------------------------------


class Packet:
    """IPv4 or IPv6 in Ethernet, with any VLAN tags; `link` are the bytes before the IP header."""

    def __init__(self, data):
        self.link, self.data = b"", data
        self.version = self.protocol = None
        self.ports = self.numbers = None
        self.flags, self.payload = 0, b""

    def ends(self):
        return (self.source, self.ports[0] if self.ports else 0), \
            (self.destination, self.ports[1] if self.ports else 0)

    def key(self):
        """The flow: the same for both directions."""
        return (self.protocol, *sorted(self.ends()))


def parse(data):
    """None where there is no whole IP header with what it carries, or it is a fragment."""
    at = 12
    while len(data) >= at + 2 and data[at:at + 2] in (b"\x81\x00", b"\x88\xa8", b"\x91\x00"):
        at += 4
    at += 2
    p = Packet(data)
    p.link = data[:at]
    if data[at - 2:at] == b"\x08\x00" and len(data) >= at + 20:
        p.version, p.protocol = 4, data[at + 9]
        p.source, p.destination = data[at + 12:at + 16], data[at + 16:at + 20]
        if struct.unpack_from(">H", data, at + 6)[0] & 0x3FFF:
            return None
        end = at + (struct.unpack_from(">H", data, at + 2)[0] or len(data) - at)
        at += 4 * (data[at] & 15)
    elif data[at - 2:at] == b"\x86\xdd" and len(data) >= at + 40:
        p.version, p.protocol = 6, data[at + 6]
        p.source, p.destination = data[at + 8:at + 24], data[at + 24:at + 40]
        end = at + 40 + struct.unpack_from(">H", data, at + 4)[0]
        at += 40
    else:
        return None
    return transport_of(p, data, at, end)


def transport_of(p, data, at, end):
    if p.protocol == UDP and len(data) >= at + 8:
        p.ports = struct.unpack_from(">HH", data, at)
        p.payload = data[at + 8:end]
    elif p.protocol == TCP and len(data) >= at + 20:
        p.ports = struct.unpack_from(">HH", data, at)
        p.numbers = struct.unpack_from(">II", data, at + 4)
        p.flags = data[at + 13] & 0x3F
        p.payload = data[at + 4 * (data[at + 12] >> 4):end]
    elif p.protocol in (TCP, UDP):
        return None
    return p


# --- making -------------------------------------------------------------------------------


def checksum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(source, destination, protocol, carried, ttl=64, ident=0, fragment=0):
    """`fragment`: flags and offset as in the header of IPv4; IPv6 gets an extension header."""
    if len(source) == 16:
        if fragment:
            offset = (fragment & 0x1FFF) << 3 | (fragment >> 13 & 1)
            carried = struct.pack(">BBHI", protocol, 0, offset, ident) + carried
            protocol = 44
        return struct.pack(">IHBB", 6 << 28, len(carried), protocol, ttl) + source + destination + carried
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(carried), ident, fragment, ttl, protocol, 0)
    head += source + destination
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + carried


def transport_sum(source, destination, protocol, carried):
    return checksum(source + destination + struct.pack(">II", len(carried), protocol) + carried)


def tcp_segment(source, destination, ports, numbers, flags, payload=b"", wrong=False):
    head = struct.pack(">HHIIBBHHH", *ports, *numbers, 0x50, flags, 8192, 0, 0)
    total = transport_sum(source, destination, TCP, head + payload) ^ (0x5555 if wrong else 0)
    return head[:16] + struct.pack(">H", total) + head[18:] + payload


def udp_datagram(source, destination, ports, payload, wrong=False):
    head = struct.pack(">HHHH", *ports, 8 + len(payload), 0)
    total = transport_sum(source, destination, UDP, head + payload) or 0xFFFF
    return head[:6] + struct.pack(">H", total ^ (0x5555 if wrong else 0)) + payload


def ethernet(source, destination, packet):
    ethertype = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    return destination + source + ethertype + packet


# --- replaying ----------------------------------------------------------------------------


class Result:
    def __init__(self, flows, events, stats, summary, status, errors):
        self.flows, self.events, self.stats = flows, events, stats
        self.summary, self.status, self.errors = summary, status, errors

    def disagreements(self):
        """Where flows, events, counters, summary and exit status contradict each other."""
        return agree.check(self.flows, self.events, self.stats, self.summary, self.status)


class Lab:
    def __init__(self, portolan, generate):
        self.portolan, self.generate = portolan, generate
        root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.scratch = tempfile.TemporaryDirectory(dir=root)
        self.environment = {**os.environ, "PORTOLAN_CONFIGS": str(CONFIGS)}

    def path(self, name):
        return pathlib.Path(self.scratch.name) / f"{os.getpid()}.{name}"

    def golden(self, case):
        """(link type, frames) of a golden case's traffic."""
        out = self.path("golden.pcap")
        subprocess.run([self.generate, "script", GOLDEN / case / "traffic", "-o", out], check=True)
        return read_pcap(out)

    def replay(self, captures, site, more=()):
        """`captures`: one or several of (link type, frames), read as one stream."""
        files = []
        for number, (link, frames) in enumerate(captures):
            files.append(self.path(f"{number}.pcap"))
            files[-1].write_bytes(pcap_bytes(link, frames))
        return self.replay_files(files, site, more)

    def replay_files(self, files, site, more=()):
        out = {kind: self.path(kind) for kind in ("flows", "events", "stats")}
        command = [self.portolan, "replay", "--site", site, "--fail-on", "flagged", *more]
        for kind, path in out.items():
            command += [f"--{kind}", path]
        done = subprocess.run(command + files, capture_output=True, text=True, timeout=120,
                              env=self.environment)
        if done.returncode not in (0, 1, 3):
            raise RuntimeError(f"exit status {done.returncode}: {done.stderr[-600:]}")
        lines = {kind: [json.loads(line) for line in out[kind].read_text().splitlines()]
                 for kind in ("flows", "events")}
        return Result(lines["flows"], lines["events"], json.loads(out["stats"].read_text()),
                      done.stdout, done.returncode, done.stderr)


def golden_cases():
    return sorted(p.parent.name for p in GOLDEN.glob("*/traffic"))


def site_of(case):
    return GOLDEN / case / "site.yaml"


def arguments_of(case):
    path = GOLDEN / case / "args"
    return shlex.split(path.read_text()) if path.exists() else []


# --- variants -----------------------------------------------------------------------------


def number_from(name, otherwise):
    """From the environment: PORTOLAN_VARIANTS multiplies, PORTOLAN_SEED begins elsewhere."""
    return int(os.environ.get(name, otherwise))


def spread(work, jobs):
    """The results of `work(job)` for all, in their order, from two processes."""
    import multiprocessing
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(work, jobs, chunksize=max(1, len(jobs) // 64))


def worst(verdicts):
    return max(verdicts, key=VERDICTS.index)
