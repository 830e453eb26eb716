#!/usr/bin/env python3
"""One frame with a wrong time changes no other flow.

usage: test_time.py PORTOLAN PORTOLAN-GENERATE

Each variant is a golden case's traffic with the time of one frame moved by a day or ten years. The
records of all flows between other hosts, and of other ports between these, are as they were, or where
it is the first or the last frame, as they are without it; and of every record start is not behind end.

PORTOLAN_VARIANTS multiplies the number of variants, PORTOLAN_SEED chooses others.
"""
import ipaddress
import json
import random
import sys

import captures
import tap
from captures import ETHERNET, SECOND, Frame

SEED = captures.number_from("PORTOLAN_SEED", 1)
COUNT = 200 * captures.number_from("PORTOLAN_VARIANTS", 1)
DAY = 86400 * SECOND
MOVES = {"a day ahead": DAY, "a day behind": -DAY, "ten years ahead": 3652 * DAY,
         "ten years behind": -3652 * DAY}
TUNNELS = (4789, 6081, 2152)  # VXLAN, GENEVE, GTP-U
LAB = None
BASES = {}


class Base:
    def __init__(self, lab, case):
        self.case = case
        self.link, self.frames = lab.golden(case)
        self.result = self.run(lab, self.frames)

    def run(self, lab, frames):
        return lab.replay([(self.link, frames)], captures.site_of(self.case),
                          captures.arguments_of(self.case))


def ends_of(record):
    return frozenset((record[s]["ip"], record[s].get("port", 0)) for s in ("source", "destination"))


def is_of(record, packet):
    """Whether the frame may have been of that flow: of a fragment or a tunnel only the frame itself
    could say, so hosts count."""
    if packet is None or packet.ports is None or packet.ports[1] in TUNNELS:
        return True
    ends = frozenset((str(ipaddress.ip_address(a)), port) for a, port in packet.ends())
    return ends_of(record) == ends


def others(result, packet):
    kept = []
    for f in result.flows:
        if not is_of(f, packet):
            kept.append(json.dumps(f, sort_keys=True))
    return sorted(kept)


def try_variant(name):
    case, place, move = name
    base = BASES[case]
    frames = list(base.frames)
    old = frames[place]
    if old.time + MOVES[move] < 0:
        return []
    frames[place] = Frame(old.time + MOVES[move], old.data, old.length)
    packet = captures.parse(old.data)
    result = base.run(LAB, frames)
    where = f"{case}, frame {place} of {len(frames)} {move}"
    found = [f"{where}: start behind end: {f['event']['start']} {f['event']['end']}"
             for f in result.flows if f["event"]["start"] > f["event"]["end"]]
    like = base.result
    if place == 0:
        like = base.run(LAB, frames[1:])  # the warm-up began with it
    elif place == len(frames) - 1:
        like = base.run(LAB, frames[:-1])  # it alone said how much time went by after the others
    was, now = others(like, packet), others(result, packet)
    for gone in sorted(set(was) - set(now))[:2]:
        found.append(f"{where}: no more: {short(gone)}")
    for new in sorted(set(now) - set(was))[:2]:
        found.append(f"{where}: instead: {short(new)}")
    return found


def short(text):
    f = json.loads(text)
    p = f["portolan"]
    return " ".join(str(x) for x in (
        f["source"]["ip"], f["source"].get("port"), f["destination"]["ip"], f["destination"].get("port"),
        f["source"]["packets"], f["destination"]["packets"], p["verdict"], p["connection"],
        p["initiator_basis"], p["history"], f["event"]["reason"], f["event"]["start"], f["event"]["end"]))


def a_frame_with_a_wrong_time_changes_no_other_flow(lab):
    for case in captures.golden_cases():
        base = Base(lab, case)
        ended = base.result.stats["flows"]
        # Of two frames nobody can say whose time is wrong.
        if len(base.frames) > 2 and base.link == ETHERNET and not ended["untracked_packets"] and not ended["ended"]["evicted"]:
            BASES[case] = base
    rng = random.Random(SEED)
    cases = sorted(BASES)
    jobs = []
    for n in range(COUNT):
        case = cases[n % len(cases)]
        jobs.append((case, rng.choice((0, rng.randrange(len(BASES[case].frames)),
                                       rng.randrange(len(BASES[case].frames)),
                                       len(BASES[case].frames) - 1)), rng.choice(list(MOVES))))
    print(f"# seed {SEED}, {len(jobs)} variants of {len(cases)} captures")
    found = [x for some in captures.spread(try_variant, jobs) for x in some]
    assert not found, f"{len(found)} differ:\n" + "\n".join(found)


if __name__ == "__main__":
    LAB = captures.Lab(*sys.argv[1:3])
    sys.exit(tap.run([a_frame_with_a_wrong_time_changes_no_other_flow], LAB))
