#!/usr/bin/env python3
"""In whatever order a mirror delivers the two directions of a connection, the records are the same.

usage: test_order.py PORTOLAN PORTOLAN-GENERATE

A TAP delivers the directions on two interfaces, and they come apart. Each TCP conversation of the
golden cases is cut into its two directions, and these are put together again in other orders, each
direction in its own: in all where that is a few hundred, else in seeded random ones. Everything lies
within 50 ms. Compared are 5-tuple, initiator, packets, bytes, verdict, connection and service.
Of a conversation without SYN and SYN+ACK who sends first stays first: nothing else tells who began.

And the same capture gives the same records with three workers, and cut into two files at any frame;
the same digest from a pipe, as pcapng, compressed, in several files, by up to eight workers.

PORTOLAN_VARIANTS multiplies the number of orders, PORTOLAN_SEED chooses others.
"""
import itertools
import json
import random
import sys

import captures
import tap
from captures import ACK, ETHERNET, SYN, TCP, Frame

sys.path.insert(0, str(captures.HERE.parent / "corpus"))
import readings  # noqa: E402

SEED = captures.number_from("PORTOLAN_SEED", 1)
TIMES = captures.number_from("PORTOLAN_VARIANTS", 1)
ALL_UP_TO = 4 * TIMES  # orders of one conversation that are tried all
LAB = None


# The answer of a proxy is one of HTTP: which of both it was only the request says, and where that
# comes behind its answer it is held to what was recognised.
ALIKE = {"http-proxy": "http"}


def said_of(flow):
    portolan = flow["portolan"]
    service = portolan["service"].get("observed")
    return json.dumps([
        [flow["network"]["transport"]] + [[flow[s]["ip"], flow[s].get("port"), flow[s]["packets"],
                                           flow[s]["bytes"]] for s in ("source", "destination")],
        portolan["verdict"], portolan["connection"], ALIKE.get(service, service),
        portolan["service"]["basis"]])


def records(result):
    return sorted(map(said_of, result.flows))


class Conversation:
    """One TCP connection of a golden case, alone: its frames by direction."""

    def __init__(self, case, frames, packets):
        self.case, self.frames, self.packets = case, frames, packets
        first = packets[0].ends()[0]
        self.directions = [[f for f, p in zip(frames, packets) if (p.ends()[0] == first) == same]
                           for same in (True, False)]

    def is_in_order(self):
        """A direction that has a SYN begins with it, and a SYN+ACK has its SYN: where data comes
        before any half of the handshake it is not inspected (DESIGN 6)."""
        flags = [p.flags & (SYN | ACK) for p in self.packets]
        if SYN | ACK in flags and SYN not in flags:
            return False
        for end in {p.ends()[0] for p in self.packets}:
            flags = [p.flags & SYN for p in self.packets if p.ends()[0] == end]
            if any(flags) and not flags[0]:
                return False
        return True

    def shape(self):
        """Alike ones are tried once."""
        return (self.packets[0].version, tuple(
            (p.ends()[0] == self.packets[0].ends()[0], p.flags, len(p.payload), p.payload[:4])
            for p in self.packets))

    def in_order(self, order):
        """`order`: for each frame the direction it is taken from."""
        rest = [iter(d) for d in self.directions]
        start = self.frames[0].time
        return [Frame(start + 7000 * i, f.data, f.length)
                for i, f in enumerate(next(rest[d]) for d in order)]

    def orders(self, rng):
        counts = [len(d) for d in self.directions]
        total = sum(counts)
        every = itertools.combinations(range(total), counts[1])
        some = list(itertools.islice(every, ALL_UP_TO + 1))
        if len(some) > ALL_UP_TO:
            some = [tuple(range(total - counts[1], total)), tuple(range(counts[1]))] + [
                tuple(sorted(rng.sample(range(total), counts[1]))) for _ in range(ALL_UP_TO - 2)]
        orders = [[1 if i in set(places) else 0 for i in range(total)] for places in some]
        if any(p.flags & SYN for p in self.packets):
            return orders
        return [o for o in orders if o[0] == 0]  # who sends first is all that is known


def connections_of(case, frames):
    """Cut where a SYN of the same side has another number: that is the next connection."""
    open_ones, done = {}, []
    for f in frames:
        p = captures.parse(f.data)
        if not p or p.protocol != TCP:
            continue
        key = p.key()
        if p.flags == SYN and key in open_ones and open_ones[key][2] not in (None, p.numbers[0]):
            done.append(open_ones.pop(key))
        entry = open_ones.setdefault(key, [[], [], None])
        if p.flags == SYN and entry[2] is None:
            entry[2] = p.numbers[0]
        entry[0].append(f)
        entry[1].append(p)
    return [Conversation(case, x[0], x[1]) for x in done + list(open_ones.values())]


def conversations(lab):
    found = {}
    for case in captures.golden_cases():
        link, frames = lab.golden(case)
        if link == ETHERNET:
            for c in connections_of(case, frames):
                if len(c.frames) > 1 and all(c.directions) and c.is_in_order():
                    found.setdefault(c.shape(), c)
    return list(found.values())


CONVERSATIONS = []


def try_order(job):
    number, order = job
    c = CONVERSATIONS[number]
    result = LAB.replay([(ETHERNET, c.in_order(order))], captures.site_of(c.case),
                        captures.arguments_of(c.case))
    return number, order, records(result), result.disagreements()


def letters(c, order):
    """The order for people: which direction, and what."""
    rest = [iter([p for p in c.packets if (p.ends()[0] == c.packets[0].ends()[0]) == same])
            for same in (True, False)]
    names = "FSRPAU"
    return " ".join("<>"[d == 0] + "".join(n for i, n in enumerate(names) if p.flags >> i & 1)
                    + (str(len(p.payload)) if p.payload else "")
                    for d, p in ((d, next(rest[d])) for d in order))


def the_two_directions_of_a_connection_may_come_in_any_order(lab):
    CONVERSATIONS[:] = conversations(lab)
    rng = random.Random(SEED)
    jobs = []
    for number, c in enumerate(CONVERSATIONS):
        first = c.packets[0].ends()[0]
        as_it_was = [0 if p.ends()[0] == first else 1 for p in c.packets]
        jobs.append((number, as_it_was))
        jobs += [(number, o) for o in c.orders(rng) if o != as_it_was]
    print(f"# seed {SEED}, {len(jobs)} orders of {len(CONVERSATIONS)} conversations")
    wanted, found = {}, []
    for number, order, said, contradictions in captures.spread(try_order, jobs):
        c = CONVERSATIONS[number]
        if wanted.setdefault(number, said) != said:
            found.append(f"{c.case}: {letters(c, order)}\n  was {wanted[number]}\n  is  {said}")
        found += [f"{c.case}: {letters(c, order)}: {x}" for x in contradictions]
    assert not found, f"{len(found)} differ:\n" + "\n".join(found)


def everything(result):
    return [sorted(json.dumps(x, sort_keys=True) for x in some) for some in (result.flows, result.events)]


def try_parts(case):
    """The whole, with three workers, and in two files cut at a few frames."""
    link, frames = LAB.golden(case)
    site, more = captures.site_of(case), captures.arguments_of(case)
    rng = random.Random(f"{SEED}/{case}")
    whole = LAB.replay([(link, frames)], site, more)
    if whole.stats["flows"]["untracked_packets"] or whole.stats["flows"]["ended"]["evicted"]:
        return []
    want, found = everything(whole), []
    if everything(LAB.replay([(link, frames)], site, [*more, "--workers", "3"])) != want:
        found.append(f"{case}: with three workers")
    for at in sorted({rng.randrange(len(frames) + 1) for _ in range(TIMES)}):
        if everything(LAB.replay([(link, frames[:at]), (link, frames[at:])], site, more)) != want:
            found.append(f"{case}: cut before frame {at}")
    return found


def workers_and_cut_files_change_no_record(lab):
    found = [x for some in captures.spread(try_parts, captures.golden_cases()) for x in some]
    assert not found, "\n".join(found)


def try_readings(job):
    case, number = job
    link, frames = LAB.golden(case)
    return readings.differences(LAB.portolan, captures.pcap_bytes(link, frames), number,
                                captures.site_of(case), captures.arguments_of(case))


def a_capture_is_the_same_however_it_is_read(lab):
    cases = [c for c in captures.golden_cases() if captures.site_of(c).exists()]
    results = captures.spread(try_readings, [(case, i) for i, case in enumerate(cases)])
    count = sum(n for n, _ in results)
    print(f"# {count} readings of {len(cases)} cases")
    found = [f"{case}: {x}" for case, (_, some) in zip(cases, results) for x in some]
    assert count > 4 * len(cases) and not found, "\n".join(found)


def a_capture_of_several_decades_is_the_same_cut_anywhere(lab):
    """The stream's time leaps at its very start, and with it the warm-up."""
    site, year = captures.site_of("initiator-port"), 365 * 86400 * captures.SECOND
    ends = bytes((198, 51, 100, 66)), bytes((10, 20, 0, 1))
    frames = []
    for i in range(8):  # nothing but their ports tells who began
        datagram = captures.udp_datagram(*ends, (36098 + i, 50621), b"data")
        frames.append(Frame((30 + 10 * min(i // 2, 2)) * year + i, captures.ethernet(
            bytes(6), bytes(6), captures.ip_packet(*ends, captures.UDP, datagram))))
    want = lab.replay([(ETHERNET, frames)], site).stats["digest"]
    for at in range(1, len(frames)):
        parts = [(ETHERNET, frames[:at]), (ETHERNET, frames[at:])]
        assert lab.replay(parts, site).stats["digest"] == want, f"cut before frame {at}"


if __name__ == "__main__":
    LAB = captures.Lab(*sys.argv[1:3])
    sys.exit(tap.run([the_two_directions_of_a_connection_may_come_in_any_order,
                      workers_and_cut_files_change_no_record,
                      a_capture_is_the_same_however_it_is_read,
                      a_capture_of_several_decades_is_the_same_cut_anywhere], LAB))
