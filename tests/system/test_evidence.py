#!/usr/bin/env python3
"""What one side alone can send never makes a verdict milder, and nothing that was told is untold.

usage: test_evidence.py PORTOLAN PORTOLAN-GENERATE

Each variant is a golden case's traffic and a few packets more, which one end of one of its flows
can send without the other (additions.py), before, between and after those that are there. Half of
the variants begin with a frame two minutes before, so that the warm-up is over. Compared are the
flows of the golden traffic, by 5-tuple outside of tunnels:

  * the gravest verdict is at least as grave as without the additions,
  * the gravest alert about two hosts, of what is not withdrawn, is at least as severe,
  * each reason of evasion is told that was told,
  * flows, events, counters and summary agree (tests/golden/agree.py).

What may differ:

  * An addition can begin a flow of its own and so end the one before: records are compared by
    5-tuple, and the gravest counts.
  * An addition of the side that did not begin, before the flow's first packet, begins it: who sends
    first, asks. Such variants are made, have to be read, and are not compared.
  * A finding may be withdrawn because its flow is judged graver: then there is another one.
  * EXCUSES: what the design says otherwise, and known faults, each with its reason.

PORTOLAN_VARIANTS multiplies the number of variants, PORTOLAN_SEED chooses others;
PORTOLAN_ONLY=NAME runs the variant of that name alone and keeps its captures in the current folder.
"""
import os
import random
import sys
from collections import Counter, defaultdict

import captures
import tap
from additions import WAYS, Side
from captures import ETHERNET, SECOND, TCP, UDP, VERDICTS, Frame

SEED = captures.number_from("PORTOLAN_SEED", 1)
TIMES = captures.number_from("PORTOLAN_VARIANTS", 1)
COUNT = 500 * TIMES
FLOWS = 8  # of a golden case that many at most: those that have more have them all alike

ARP = bytes.fromhex("ffffffffffff020000000099080600010800060400010200000000990a0a0a63") + bytes(10)


class Base:
    """A golden case's traffic and what is said of it."""

    def __init__(self, lab, case, cold):
        self.case, self.cold = case, cold
        self.link, self.frames = lab.golden(case)
        if cold:
            self.frames.insert(0, Frame(self.frames[0].time - 120 * SECOND, ARP))
        self.packets = [captures.parse(f.data) if self.link == ETHERNET else None for f in self.frames]
        self.by_flow = defaultdict(list)
        for i, p in enumerate(self.packets):
            if p and p.protocol in (TCP, UDP):
                self.by_flow[p.key()].append((i, p))
        self.result = None

    def packets_of(self, flow):
        return self.by_flow[flow]

    def run(self, lab, frames):
        return lab.replay([(self.link, frames)], captures.site_of(self.case),
                          captures.arguments_of(self.case))


def key_of(record):
    """The 5-tuple of a flow outside of tunnels, both directions alike."""
    if "tunnel" in record["portolan"]:
        return None
    ends = sorted((record[s]["ip"], record[s].get("port", 0)) for s in ("source", "destination"))
    return (record["network"]["transport"], *ends[0], *ends[1])


def hosts_of(event):
    """Whom a finding is about; of a scan of many peers only the appliance."""
    ips = {event[s]["ip"] for s in ("source", "destination") if s in event}
    if "peers" in event["portolan"]["finding"]:
        ips = {e["appliance"] for e in event["portolan"]["endpoints"]}
    return event["network"]["transport"], frozenset(ips)


class Told:
    """What was said in a replay, of everything outside of tunnels."""

    def __init__(self, result):
        self.verdict, self.reasons, findings = {}, defaultdict(set), {}
        self.records = Counter()
        self.basis, self.of_hosts, self.both_appliances = defaultdict(set), defaultdict(set), set()
        for f in result.flows:
            key, verdict = key_of(f), f["portolan"]["verdict"]
            if key:
                self.verdict[key] = captures.worst([verdict, self.verdict.get(key, verdict)])
                self.reasons[key] |= set(f["portolan"].get("evasion", {}).get("reason", ()))
                self.records[key] += 1
                self.basis[key].add(f["portolan"]["initiator_basis"])
                self.of_hosts[key[0], frozenset((key[1], key[3]))].add(key)
                if len(f["portolan"]["endpoints"]) == 2:
                    self.both_appliances.add(key)
        for e in result.events:
            finding = e["portolan"].get("finding", {}).get("id")
            # A known fault: a flow that turns into another finding of the same severity is told of
            # at its end, and by `flow-ended`, which is no alert.
            if e["event"]["action"] in ("flow-flagged", "flow-ended") and finding:
                findings[finding] = hosts_of(e), max(e["event"]["severity"],
                                                     findings.get(finding, (0, 0))[1])
            elif e["event"]["action"] == "finding-withdrawn":
                findings.pop(finding, None)
        self.alerts = {}
        for hosts, severity in findings.values():
            self.alerts[hosts] = max(severity, self.alerts.get(hosts, 0))
        self.scanned = max((s for (t, h), s in self.alerts.items() if len(h) == 1), default=0)


# --- what may differ ------------------------------------------------------------------------

GOES_WITHOUT_SAYING = {"unasked-answer", "no-handshake"}


def by_policy(kind, key, was, now):
    """DESIGN 4: between two appliances that both talk the milder orientation counts at any time, and
    a segment whose numbers fit nothing talks too."""
    return kind in ("milder", "severity") and key in now.both_appliances and "policy" in now.basis[key]


def began_in_the_warm_up(kind, key, was, now):
    """An addition within the warm-up, before a flow that began after it: then that one did too, and
    `policy` counts. Who sends can do so in these 60 s, which are for connections from before."""
    return kind in ("milder", "severity") and "policy" in now.basis[key] - was.basis[key]


def acknowledged(kind, key, was, now):
    """A SYN+ACK of one side that the other one acknowledges: both did something (DESIGN 4)."""
    return kind in ("milder", "severity") and "syn-ack" in now.basis[key] - was.basis[key]


def both_ask(kind, key, was, now):
    """Where both sides ask the milder orientation counts; here both are unflagged (DESIGN 4)."""
    return (kind == "milder" and was.verdict[key] == "implied" and now.verdict[key] == "expected"
            and now.basis[key] == {"message"})


def kept_alive(kind, key, was, now):
    """A known limit: either side's datagrams alone keep a flow from its timeout, and what was a flow
    of its own goes on in the one before."""
    return kind in ("milder", "severity") and now.records[key] < was.records[key]


def explained(kind, key, was, now):
    """The first packet is an answer no more where the same side has sent something before it; and
    what the other side has acknowledged was asked for. The verdict is compared by itself."""
    return kind == "untold" and was.reasons[key] - now.reasons[key] <= GOES_WITHOUT_SAYING


def looked_at_elsewhere(kind, key, was, now):
    """Of datagrams the 4th, 16th and 64th of a side are looked at: who knows that and sends some
    more has others looked at. A known limit, DESIGN 6."""
    return "service-changed" in was.reasons[key] and "service-changed" not in now.reasons[key]


def an_answer_first(kind, key, was, now):
    """A known fault: who sends what looks like an answer before an unasked packet has that at the
    severity of an unasked answer, 1, as long as the other side says nothing."""
    return kind == "severity" and "unasked-answer" in now.reasons[key] - was.reasons[key]


def no_dhcp_first(kind, key, was, now):
    """A known fault: after a datagram that is no DHCP the roles on ports 67 and 68 stay a guess, one
    severity lower, also when DHCP follows."""
    return kind == "severity" and {key[2], key[4]} == {67, 68} and "policy" in now.basis[key]


EXCUSES = (by_policy, began_in_the_warm_up, acknowledged, both_ask, kept_alive, explained, looked_at_elsewhere,
           an_answer_first, no_dhcp_first)


def excuse_for(kind, what, was, now):
    """Of a finding each flow between the hosts may be the one."""
    keys = now.of_hosts[what[0], frozenset(what[1:])] if kind == "severity" else {what}
    for excuse in EXCUSES:
        if any(excuse(kind, key, was, now) for key in keys):
            return excuse.__name__
    return None


def compare(base, variant):
    """(kind, of what, what, excuse or None) of each difference for the milder."""
    was, now, found = Told(base), Told(variant), []
    for key, verdict in was.verdict.items():
        if key not in now.verdict:
            found.append(("gone", key, f"was {verdict}, has no record"))
        elif VERDICTS.index(now.verdict[key]) < VERDICTS.index(verdict):
            found.append(("milder", key, f"was {verdict}, is {now.verdict[key]}"))
    for hosts, severity in was.alerts.items():
        if max(now.alerts.get(hosts, 0), now.scanned) < severity:
            found.append(("severity", (hosts[0], *sorted(hosts[1])),
                          f"alerted with {severity}, now {now.alerts.get(hosts, 0)}"))
    for key, told in was.reasons.items():
        if told - now.reasons[key]:
            found.append(("untold", key, f"{sorted(told - now.reasons[key])} no more"))
    return ([(*f, excuse_for(f[0], f[1], was, now)) for f in found]
            + [("disagreement", None, d, None) for d in variant.disagreements()])


# --- variants -----------------------------------------------------------------------------

LAB = None
BASES = {}


def time_at(rng, frames, position):
    """Between the frames before and behind that place."""
    before = frames[position - 1].time if position else frames[0].time - 1_000_000
    if position == len(frames):
        return before + rng.choice((1000, SECOND, 4 * SECOND, 40 * SECOND))
    room = max(0, frames[position].time - before)
    return before + min(room, rng.choice((1000, room // 2, max(0, room - 1000))))


def place_of(rng, base, flow):
    """Mostly beside the flow's own packets."""
    own = [i for i, p in base.packets_of(flow)]
    low = 1 if base.cold else 0
    return max(low, rng.choice((own[0], own[-1] + 1, rng.choice(own), rng.choice(own) + 1,
                                rng.choice(own) + 1, rng.randint(low, len(base.frames)))))


def make(name):
    """(what was added, frames) of the variant of that name."""
    case, cold, number, end, count = name.split("/")
    rng = random.Random(f"{SEED}/{name}")
    base = BASES[case, cold]
    flow = sorted(base.by_flow)[int(number)]
    address = flow[1 + int(end)]
    added, frames, inserted = [], list(base.frames), []
    first, opens = base.packets_of(flow)[0], False
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        position = place_of(rng, base, flow)
        side = Side(base, flow, address, position)
        way = rng.choice(("plain", "plain", "plain", "fragments", "tunnelled"))
        what, pieces = WAYS[way](rng, side)
        opens |= way != "tunnelled" and position <= first[0] and first[1].ends()[0] != address
        when = time_at(rng, base.frames, position)
        added.append(f"before frame {position}: {what}")
        inserted += [(position, when, piece) for piece in pieces]
    for position, when, piece in sorted(inserted, key=lambda x: (x[0], x[1]), reverse=True):
        frames.insert(position, Frame(when, piece))
    return added, frames, opens


def try_variant(name):
    case, cold = name.split("/")[:2]
    base = BASES[case, cold]
    added, frames, opens = make(name)
    try:
        result = base.run(LAB, frames)
        found = [] if opens else compare(base.result, result)
    except Exception as error:  # noqa: told with the variant's name
        found = [("failed", None, f"{type(error).__name__}: {error}", None)]
    return [(kind, name, added, key, what, excuse) for kind, key, what, excuse in found]


def is_group(address):
    """Nobody sends from there."""
    if len(address) == 16:
        return address[0] == 0xFF
    return 0xE0 <= address[0] < 0xF0 or address == b"\xff" * 4


def names():
    """Every end of every flow in turn."""
    ends = [f"{case}/{cold}/{number}/{end}" for (case, cold), base in BASES.items()
            for number, flow in enumerate(sorted(base.by_flow)[:FLOWS])
            for end in (0, 1) if not is_group(flow[1 + end][0])]
    random.Random(SEED).shuffle(ends)
    return [f"{ends[n % len(ends)]}/{n // len(ends)}" for n in range(COUNT)]


def prepare(lab):
    for case in captures.golden_cases():
        for cold in ("warm", "cold"):
            base = Base(lab, case, cold == "cold")
            if not base.by_flow:
                continue
            base.result = base.run(lab, base.frames)
            ended = base.result.stats["flows"]
            if not ended["untracked_packets"] and not ended["ended"]["evicted"]:
                BASES[case, cold] = base


def show(name):
    """One variant: its captures in the current folder, what was added, what differs."""
    added, frames, _ = make(name)
    base = BASES[tuple(name.split("/")[:2])]
    for stem, some in (("base", base.frames), ("variant", frames)):
        with open(f"{stem}.pcap", "wb") as out:
            out.write(captures.pcap_bytes(base.link, some))
    print(captures.site_of(base.case), *added, *try_variant(name), sep="\n")


FOUND = []


def differing(kinds):
    """The test's failure: what differs without an excuse."""
    found = [f"{name}: {key} {what}\n    " + "\n    ".join(added)
             for kind, name, added, key, what, excuse in FOUND if kind in kinds and not excuse]
    assert not found, f"{len(found)} of {COUNT}:\n" + "\n".join(found)


def every_variant_is_read_to_its_end(lab):
    work = names()
    print(f"# seed {SEED}, {len(work)} variants of {len(BASES)} conversations")
    FOUND[:] = [x for some in captures.spread(try_variant, work) for x in some]
    excused = Counter(x[5] for x in FOUND if x[5])
    print("# excused:", ", ".join(f"{n} {e.replace('_', ' ')}" for e, n in sorted(excused.items())))
    differing(("failed", "gone"))


def what_one_side_alone_sends_makes_no_verdict_milder(lab):
    differing(("milder",))


def what_one_side_alone_sends_makes_no_alert_milder(lab):
    differing(("severity",))


def what_one_side_alone_sends_hides_no_evasion(lab):
    differing(("untold",))


def flows_and_events_agree_whatever_was_sent(lab):
    differing(("disagreement",))


if __name__ == "__main__":
    LAB = captures.Lab(*sys.argv[1:3])
    prepare(LAB)
    if "PORTOLAN_ONLY" in os.environ:
        show(os.environ["PORTOLAN_ONLY"])
    else:
        sys.exit(tap.run([every_variant_is_read_to_its_end,
                          what_one_side_alone_sends_makes_no_verdict_milder,
                          what_one_side_alone_sends_makes_no_alert_milder,
                          what_one_side_alone_sends_hides_no_evasion,
                          flows_and_events_agree_whatever_was_sent], LAB))
