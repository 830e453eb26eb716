#!/usr/bin/env python3
"""The packets of findings, as `replay --evidence` writes them: read back by other people's tools.

usage: test_evidence_files.py PORTOLAN PORTOLAN-GENERATE

tshark, capinfos and editcap (where they are installed) read every file without a complaint; findings
are those of the events, their packets the same for any number of workers, from the handshake on and
within their bounds; flows that belong have none. No credential of test_secrets.py that is to be
masked is in any file. Files are rotated, the oldest go, and a full disk costs packets, nothing else.
"""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

import captures
import exchanges
import tap
import test_secrets
from captures import ETHERNET, TCP, Frame
from tap import Skip
from test_secrets import MARKER
from test_snaplen import ACK, SITE, SYN, Wire

LAB = None
BLOCK = {0x0A0D0D0A: "section", 1: "interface", 5: "statistics", 6: "packet"}
SYSLOG = [(False, b"<13>Jan  1 00:00:00 host login: a user")] * 40
OWN, STRANGER = bytes((10, 20, 1, 7)), bytes((192, 0, 2, 9))

# --- files --------------------------------------------------------------------------------------


def options_of(data):
    found, at = [], 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from("<HH", data, at)
        if code == 0:
            break
        found.append((code, data[at + 4:at + 4 + length]))
        at += 4 + (length + 3 & ~3)
    return found


def blocks_of(data):
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert length % 4 == 0 and length >= 12 and at + length <= len(data), f"block at {at}"
        assert struct.unpack_from("<I", data, at + length - 4)[0] == length
        yield BLOCK[kind], data[at + 8:at + length - 4]
        at += length


class Packet:
    def __init__(self, body):
        self.interface, high, low, caplen, self.length = struct.unpack_from("<5I", body)
        self.time, self.data = high << 32 | low, body[20:20 + caplen]
        options = options_of(body[20 + (caplen + 3 & ~3):])
        self.comments = [v.decode() for code, v in options if code == 1]
        self.id = next(struct.unpack("<Q", v)[0] for code, v in options if code == 5)


def files_in(folder):
    return sorted(folder.glob("evidence-*.pcapng"))


def packets_in(folder):
    return [Packet(body) for file in files_in(folder) for kind, body in blocks_of(file.read_bytes())
            if kind == "packet"]


class Replayed:
    def __init__(self, frames, site=SITE, link=ETHERNET, extra=()):
        LAB.number = getattr(LAB, "number", 0) + 1
        name = f"evidence-{LAB.number}"
        self.folder, path, file = LAB.path(name), LAB.path(f"{name}.pcap"), LAB.path(f"{name}.yaml")
        out = {kind: LAB.path(f"{name}.{kind}") for kind in ("flows", "events", "stats")}
        path.write_bytes(captures.pcap_bytes(link, frames))
        file.write_text(site)
        command = [LAB.portolan, "replay", "--site", file, "--evidence", self.folder, *extra]
        for kind, to in out.items():
            command += [f"--{kind}", to]
        done = subprocess.run([*command, path], capture_output=True, timeout=300, env=LAB.environment)
        assert done.returncode == 0, done.stderr[-300:]
        self.flows, self.events = ([json.loads(x) for x in out[k].read_text().splitlines()]
                                   for k in ("flows", "events"))
        self.stats = json.loads(out["stats"].read_text())
        self.packets = packets_in(self.folder)

    def findings(self):
        return {e["portolan"]["finding"]["id"] for e in self.events if "finding" in e["portolan"]}


def tcp(wire, ends, ports, count, size=100):
    wire.tcp(ends, ports, [(i % 2 == 1, b"x" * size) for i in range(count)])


def mixed():
    """Flows that belong, and some that do not; with one that talks for long."""
    wire = Wire()
    wire.udp((OWN, STRANGER), (40000, 514), SYSLOG)
    tcp(wire, (OWN, STRANGER), (40001, 4444), 30)
    wire.udp((STRANGER, OWN), (40002, 9999), [(False, b"a"), (True, b"b")])
    tcp(wire, (STRANGER, OWN), (40003, 2222), 3000, 10)
    tcp(wire, (STRANGER, OWN), (40004, 3333), 500, 1400)
    return wire.frames

# --- cases --------------------------------------------------------------------------------------


def each_finding_has_its_packets_from_the_handshake_on(lab):
    r = Replayed(mixed())
    first = [c for p in r.packets for c in p.comments if c.startswith("finding ")]
    assert {c.split(":")[0].split()[1] for c in first} == r.findings()
    assert len(first) == len(r.findings())
    flags = [p.data[47] for p in r.packets if p.data[23] == TCP and b"\x11\x5c" in p.data[34:38]]
    assert flags[:3] == [SYN, SYN | ACK, ACK] and len(flags) == 33, flags[:5]
    assert {f.time for f in mixed()} >= {p.time for p in r.packets}
    assert r.stats["evidence"]["packets"] == len(r.packets) == r.stats["evidence"]["copied"]
    assert r.stats["evidence"]["lost"] == r.stats["evidence"]["unassigned"] == 0


def flows_that_belong_have_none(lab):
    r = Replayed(mixed())
    assert not any(p.data[36:38] == b"\x02\x02" for p in r.packets)
    quiet = Wire()
    quiet.udp((OWN, STRANGER), (40000, 514), SYSLOG)
    assert not files_in(Replayed(quiet.frames).folder)


def a_flow_has_no_more_than_its_bound(lab):
    r = Replayed(mixed())
    by = {}
    for p in r.packets:
        by.setdefault(p.id >> 24, []).append(p)
    assert max(len(x) for x in by.values()) == 1000
    assert max(sum(len(p.data) for p in x) for x in by.values()) <= 256 << 10
    small = Replayed(mixed(), SITE + "evidence: {flow_packets: 7, flow_bytes: 10kB}\n")
    assert max([p.id & 0xffffff for p in small.packets]) == 7


def records_are_the_same_with_evidence_and_without(lab):
    frames = mixed()
    r = Replayed(frames)
    site, path = lab.path("without.yaml"), lab.path("without.pcap")
    site.write_text(SITE)
    path.write_bytes(captures.pcap_bytes(ETHERNET, frames))
    for name, said in (("flows", r.flows), ("events", r.events)):
        out = lab.path("without.out")
        subprocess.run([lab.portolan, "replay", "--site", site, f"--{name}", out, path], check=True,
                       stdout=subprocess.DEVNULL, env=lab.environment)
        assert [json.loads(x) for x in out.read_text().splitlines()] == said, name


def findings_have_the_same_packets_with_any_number_of_workers(lab):
    link, frames = lab.golden("events-scan")
    case = pathlib.Path(captures.__file__).parent.parent / "golden" / "events-scan"
    site = (case / "site.yaml").read_text()

    def sets(workers, frames, site, link):
        r = Replayed(frames, site, link, ("--workers", str(workers)))
        assert r.stats["evidence"]["lost"] == r.stats["evidence"]["unassigned"] == 0
        return sorted((p.id >> 24, p.time, p.data) for p in r.packets)

    for given in ((mixed(), SITE, ETHERNET), (frames, site, link)):
        one = sets(1, *given)
        # Which flow begins a scan is a matter of order: packets are the same, ids of a scan's first ones not.
        for workers in (2, 4):
            other = sets(workers, *given)
            assert [x[1:] for x in sorted(one, key=lambda x: x[1:])] == \
                [x[1:] for x in sorted(other, key=lambda x: x[1:])], workers
            if given[1] == SITE:
                assert one == other, workers


def tool(name):
    if not shutil.which(name):
        raise Skip(f"{name} is not installed")
    return name


def tools_of_others_read_the_files(lab):
    r = Replayed(mixed())
    number = 0
    for file in files_in(r.folder):
        said = subprocess.run([tool("capinfos"), "-M", file], capture_output=True, text=True, check=True)
        assert "nanoseconds (9)" in said.stdout and "Name = interface 0" in said.stdout, said.stdout
        assert re.search(r"Capture application: +portolan ", said.stdout), said.stdout
        number += int(re.search(r"Number of packets: +(\d+)", said.stdout)[1])
        subprocess.run([tool("editcap"), "-F", "pcapng", file, lab.path("again.pcapng")], check=True,
                       capture_output=True)
        said = subprocess.run([tool("tshark"), "-r", file, "-T", "fields", "-e", "frame.packet_id", "-e",
                               "frame.comment", "-e", "_ws.malformed"], capture_output=True, text=True, check=True)
        errors = [x for x in said.stderr.splitlines() if "Running as user" not in x and "dangerous" not in x]
        assert not errors, errors
        assert "finding " in said.stdout and len(said.stdout.splitlines()) > 0
    assert number == len(r.packets)


# What is to be masked, of all that test_secrets.py sends: the other ones are what people type into forms.
STREAMS = ("snmp over tcp", "ldap", "ldap without a name", "http basic", "http bearer", "http cookie",
           "http set-cookie", "http userinfo", "http query", "http 0.9", "http proxy", "connect",
           "connect and basic", "smtp plain", "smtp first", "smtp login", "ftp", "ftp pass first", "telnet",
           "a password alone", "pop3", "imap", "irc", "rtsp", "redis inline", "http host with userinfo")


def radius():
    body = b"".join(exchanges.attribute(t, v) for t, v in (
        (1, b"reader"), (2, MARKER + b"......"), (3, b"\1" + MARKER + b"......"), (60, b"challenge"), (4, b"\x0a\0\0\1")))
    return struct.pack(">BBH", 1, 9, 20 + len(body)) + b"authenticator...." [:16] + body


def credentials(pieces):
    wire, port = Wire(), 30000
    for name, (own, said) in test_secrets.STREAMS.items():
        if name not in STREAMS:
            continue
        said = [(a, d.replace(b"command " + MARKER, b"command")) for a, d in said]
        for at in sorted({own, 4444, 443, 8305}):
            if name == "a password alone" and at != 23:
                continue
            port += 1
            wire.tcp((OWN, STRANGER) if port % 2 else (STRANGER, OWN), (port, at),
                     test_secrets.in_pieces(said, pieces) if pieces else said)
    for name in ("snmp 1", "snmp 2c", "snmp trap"):
        for at in (161, 162, 4444):
            port += 1
            wire.udp((OWN, STRANGER), (port, at), test_secrets.DATAGRAMS[name][1])
    for at in (1812, 1645, 4444):
        port += 1
        wire.udp((OWN, STRANGER), (port, at), [(False, radius())])
    return wire.frames


def found_in(folder):
    return [(file.name, form, data[data.find(form) - 60:data.find(form) + 20]) for file in files_in(folder)
            for data in (file.read_bytes(),) for form in test_secrets.FORMS if form in data]


def no_file_holds_a_credential(lab):
    for pieces in (None, 1, 3, 7, 16):
        r = Replayed(credentials(pieces))
        assert len(r.packets) > 100 and r.stats["evidence"]["masked"] > 50
        assert not found_in(r.folder), (pieces, found_in(r.folder)[:3])
    assert any(c.startswith("masked: ") for p in r.packets for c in p.comments)


def a_site_may_have_credentials_kept(lab):
    r = Replayed(credentials(None), SITE + "evidence: {mask: false}\n")
    assert found_in(r.folder) and r.stats["evidence"]["masked"] == 0


def credentials_in_tunnels_are_masked(lab):
    wire = Wire()
    inner = captures.ip_packet(OWN, STRANGER, captures.UDP, captures.udp_datagram(
        OWN, STRANGER, (50000, 161), test_secrets.snmp(1)))
    wire.put((OWN, STRANGER), captures.ip_packet(OWN, STRANGER, 47, b"\0\0\x08\0" + inner))
    wire.put((OWN, STRANGER), captures.ip_packet(OWN, STRANGER, 4, inner))
    r = Replayed(wire.frames)
    assert len(r.packets) == 2 and not found_in(r.folder)


def many(count, size=1000):
    wire = Wire()
    for i in range(count):
        wire.udp((STRANGER, OWN), (20000 + i % 40000, 10000 + i % 50), [(False, b"x" * size)])
    return wire.frames


def files_are_rotated_by_size_and_the_oldest_go(lab):
    r = Replayed(many(4000), SITE + "evidence: {file_size: 200kB, size: 1MiB}\n")
    sizes = [f.stat().st_size for f in files_in(r.folder)]
    assert len(sizes) > 3 and max(sizes) < 3 << 20, sizes
    assert sum(sizes[:-1]) <= 1_100_000 or len(sizes) == 1, sizes
    assert r.stats["evidence"]["removed"] > 0 and r.stats["evidence"]["packets"] == 4000
    assert all(f.stat().st_mode & 0o777 == 0o640 for f in files_in(r.folder))
    assert r.folder.stat().st_mode & 0o777 == 0o750
    stranger = r.folder / "notes.pcapng"
    stranger.write_text("not ours")
    for file in files_in(r.folder):
        list(blocks_of(file.read_bytes()))
    assert stranger.exists()


def files_are_rotated_by_age(lab):
    frames = many(10)
    late = [Frame(f.time + 7200 * captures.SECOND, f.data, f.length) for f in frames]
    assert len(files_in(Replayed(frames + late).folder)) == 2
    assert len(files_in(Replayed(frames + late, SITE + "evidence: {age: 3h}\n").folder)) == 1


def no_link_is_followed(lab):
    r = Replayed(many(2))
    name, target = files_in(r.folder)[0].name, lab.path("target")
    folder = lab.path("linked")
    folder.mkdir()
    os.symlink(target, folder / name)
    site, path = lab.path("linked.yaml"), lab.path("linked.pcap")
    site.write_text(SITE)
    path.write_bytes(captures.pcap_bytes(ETHERNET, many(2)))
    subprocess.run([lab.portolan, "replay", "--site", site, "--evidence", folder, path], check=True,
                   stdout=subprocess.DEVNULL, env=lab.environment)
    assert not target.exists() and (folder / name.replace("-1.", "-2.")).exists()


def a_full_disk_costs_packets_and_nothing_else(lab):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Skip("needs root and unshare")
    disk = lab.path("disk")
    disk.mkdir()
    script = f'mount -t tmpfs -o size=1m none {disk} && "$@"; s=$?; cp -r {disk}/e {disk}-copy; exit $s'
    site, path, flows = lab.path("full.yaml"), lab.path("full.pcap"), lab.path("full.flows")
    site.write_text(SITE)
    path.write_bytes(captures.pcap_bytes(ETHERNET, many(20000)))
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", lab.portolan, "replay", "--site", site,
                           "--evidence", disk / "e", "--flows", flows, "--stats", lab.path("full.stats"), path],
                          capture_output=True, text=True, env=lab.environment)
    if "mount" in done.stderr and "denied" in done.stderr:
        raise Skip("cannot mount in a namespace")
    stats = json.loads(lab.path("full.stats").read_text())
    assert done.returncode == 1 and "No space left" in done.stderr, done.stderr
    assert len(flows.read_text().splitlines()) == 20000
    assert stats["evidence"]["lost"] > 0, stats["evidence"]


if __name__ == "__main__":
    LAB = test_secrets.LAB = captures.Lab(*sys.argv[1:3])
    sys.exit(tap.run([each_finding_has_its_packets_from_the_handshake_on, flows_that_belong_have_none,
                      a_flow_has_no_more_than_its_bound, records_are_the_same_with_evidence_and_without,
                      findings_have_the_same_packets_with_any_number_of_workers, tools_of_others_read_the_files,
                      no_file_holds_a_credential, a_site_may_have_credentials_kept,
                      credentials_in_tunnels_are_masked, files_are_rotated_by_size_and_the_oldest_go,
                      files_are_rotated_by_age, no_link_is_followed,
                      a_full_disk_costs_packets_and_nothing_else], LAB))
