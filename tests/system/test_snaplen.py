#!/usr/bin/env python3
"""No flow becomes another service because its frames were captured cut.

usage: test_snaplen.py PORTOLAN PORTOLAN-GENERATE

Ordinary exchanges of every service (exchanges.py), on their own port, on those of other services
and on one that is nobody's, and the captures of the golden cases: all frames are cut at 54 to 128
bytes and more. Held against the same flow uncut

  * the service is the same, or none,
  * the verdict is not `wrong-service` where it was not.

PORTOLAN_VARIANTS multiplies the number of exchanges, PORTOLAN_SEED chooses others.
"""
import json
import random
import subprocess
import sys
from collections import Counter

import captures
import exchanges
import tap
from captures import ACK, ETHERNET, PSH, SYN, TCP, UDP, Frame

SEED = captures.number_from("PORTOLAN_SEED", 1)
TIMES = captures.number_from("PORTOLAN_VARIANTS", 1)
CUTS = (54, 58, 60, 62, 64, 66, 68, 70, 72, 76, 80, 88, 96, 104, 112, 128, 192, 256)
OWN, OTHERS = 20 * TIMES, 4 * TIMES  # exchanges of a service on its own port, and on each other one
OF_DNS = 400 * TIMES  # whose ids are the first two bytes of anything
NOBODYS = 40404
LAB = None

SITE = """appliances:
  - {name: fmc, role: management-center, addresses: [10.10.0.5, "2001:db8:10::5"]}
  - {name: ftd, role: managed-device, addresses: [10.20.0.0/16, "2001:db8:20::/48"]}
capture: {warmup: 0s}
"""

# --- exchanges as frames ------------------------------------------------------------------


STRANGERS = {4: bytes((192, 0, 2, 0)), 6: bytes.fromhex("20010db8bad000000000000000000000")}
APPLIANCES = {4: (bytes((10, 10, 0, 5)), bytes((10, 20, 1, 0))),
              6: (bytes.fromhex("20010db8001000000000000000000005"),
                  bytes.fromhex("20010db8002000000000000000000000"))}


def one_of(rng, network):
    return network[:-1] + bytes([network[-1] or rng.randrange(1, 250)])


class Wire:
    """Puts exchanges behind one another, each with a port of its own."""

    def __init__(self):
        self.frames, self.time, self.port = [], 1_700_000_000 * captures.SECOND, 20000
        self.tag = b""

    def put(self, ends, packet):
        self.time += 20_000
        frame = captures.ethernet(b"\2\0\0\0\0" + ends[0][-1:], b"\2\0\0\0\0" + ends[1][-1:], packet)
        self.frames.append(Frame(self.time, frame[:12] + self.tag + frame[12:]))

    def udp(self, ends, ports, said):
        for answers, payload in said:
            a, b = ends[::-1] if answers else ends
            p = ports[::-1] if answers else ports
            self.put((a, b), captures.ip_packet(a, b, UDP, captures.udp_datagram(a, b, p, payload)))

    def tcp(self, ends, ports, said):
        at = [1000, 5_000_000]

        def segment(answers, flags, payload=b""):
            a, b = ends[::-1] if answers else ends
            p = ports[::-1] if answers else ports
            numbers = (at[answers], at[not answers] if flags & ACK else 0)
            self.put((a, b), captures.ip_packet(a, b, TCP, captures.tcp_segment(a, b, p, numbers, flags, payload)))
            at[answers] += len(payload) + bool(flags & SYN)

        segment(0, SYN)
        segment(1, SYN | ACK)
        segment(0, ACK)
        for answers, payload in said:
            segment(int(answers), PSH | ACK, payload)

    def exchange(self, rng, transport, make, port):
        """Of an appliance with a stranger, one way or the other, of either version of IP."""
        version = rng.choice((4, 4, 4, 6))
        self.tag = rng.choice((b"", b"", b"\x81\0\0\x64"))
        own, other = one_of(rng, rng.choice(APPLIANCES[version])), one_of(rng, STRANGERS[version])
        ends = (own, other) if rng.random() < 0.6 else (other, own)
        self.port = self.port + 1 if self.port < 60000 else 20000
        said = make(rng)
        (self.udp if transport == UDP else self.tcp)(ends, (self.port, port), said)


def every_exchange(seed):
    rng, wire = random.Random(seed), Wire()
    for transport, services in ((UDP, exchanges.UDP), (TCP, exchanges.TCP)):
        ports = sorted({port for _, port in services.values()} | {NOBODYS})
        for make, own in services.values():
            for port in ports:
                for _ in range(OTHERS if port != own else OF_DNS if make == exchanges.dns else OWN):
                    wire.exchange(rng, transport, make, port)
    return ETHERNET, wire.frames


# --- what is said of a flow ---------------------------------------------------------------


def judged(result):
    """By flow, in order of time: service and verdict."""
    found = {}
    for f in result:
        key = (f["network"]["transport"], *sorted(
            (f[s]["ip"], f[s].get("port", 0)) for s in ("source", "destination")))
        p = f["portolan"]
        found.setdefault(key, []).append((f["event"]["start"], p["service"].get("observed"), p["verdict"]))
    return {(key, at): what for key, flows in found.items()
            for at, what in enumerate(w[1:] for w in sorted(flows))}


def flows_of(link, frames, site, arguments=()):
    path, out = LAB.path("cut.pcap"), LAB.path("cut.flows")
    path.write_bytes(captures.pcap_bytes(link, frames))
    out.unlink(missing_ok=True)
    done = subprocess.run([LAB.portolan, "replay", "--site", site, "--flows", out, *arguments, path],
                          capture_output=True, text=True, timeout=300, env=LAB.environment)
    assert done.returncode in (0, 1, 3), f"exit status {done.returncode}: {done.stderr[-600:]}"
    return judged(map(json.loads, out.read_text().splitlines())) if out.exists() else {}


def cut_at(frames, size):
    return [Frame(f.time, f.data[:size], f.length) for f in frames]


def differences(whole, cut, size):
    found = []
    for flow, (service, verdict) in cut.items():
        was_service, was_verdict = whole.get(flow, (None, None))
        if service and service != was_service:
            found.append(f"cut at {size}: {flow[0]}: {was_service}, now {service}")
        elif verdict == "wrong-service" and was_verdict != verdict:
            found.append(f"cut at {size}: {flow[0]}: {was_service}, {was_verdict}, now {service}, {verdict}")
    return found


def told(found, flows):
    """The number and the first ones of each kind."""
    kinds = Counter(x.split("): ")[-1] for x in found)
    lines = [f"{count} times {kind}" for kind, count in kinds.most_common(20)] + found[:20]
    assert not found, f"{len(found)} of {flows} differ:\n" + "\n".join(lines)


# --- cases --------------------------------------------------------------------------------


def try_exchanges(job):
    seed, sizes = job
    site = LAB.path("site.yaml")
    site.write_text(SITE)
    link, frames = every_exchange(seed)
    whole = flows_of(link, frames, site)
    return len(whole), [x for size in sizes
                        for x in differences(whole, flows_of(link, cut_at(frames, size), site), size)]


def an_exchange_of_any_service_that_is_cut_is_no_other_service(lab):
    results = captures.spread(try_exchanges, [(SEED, CUTS[half::2]) for half in (0, 1)])
    flows = results[0][0]
    print(f"# seed {SEED}, {flows} flows, cut at {', '.join(map(str, CUTS))}")
    assert flows > 1000
    told([x for _, found in results for x in found], flows * len(CUTS))


def try_case(job):
    case, sizes = job
    link, frames = LAB.golden(case)
    site, arguments = captures.site_of(case), captures.arguments_of(case)
    whole = flows_of(link, frames, site, arguments)
    return len(whole), [f"{case}: {x}" for size in sizes for x in differences(
        whole, flows_of(link, cut_at(frames, size), site, arguments), size)]


def a_golden_case_that_is_cut_has_no_other_services(lab):
    cases = [c for c in captures.golden_cases() if captures.site_of(c).exists()]
    step = 3 if TIMES == 1 else 1  # an ordinary run has a third of the sizes for each
    results = captures.spread(try_case, [(c, CUTS[i % step::step]) for i, c in enumerate(cases)])
    flows = sum(n for n, _ in results)
    print(f"# {flows} flows of {len(cases)} cases")
    told([x for _, found in results for x in found], flows * len(CUTS) // step)


if __name__ == "__main__":
    LAB = captures.Lab(*sys.argv[1:3])
    sys.exit(tap.run([an_exchange_of_any_service_that_is_cut_is_no_other_service,
                      a_golden_case_that_is_cut_has_no_other_services], LAB))
