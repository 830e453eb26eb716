#!/usr/bin/env python3
"""A sensor that was started later says of what came then the same.

usage: test_cuts.py PORTOLAN PORTOLAN-GENERATE

The demonstration's capture is cut at twenty minutes: what came before is dropped. Then

  * a flow that began behind the cut has the same record,
  * a flow across the cut that goes on keeps its orientation and its verdict,
  * a finding that has flows on which both sides talk behind the cut is told with the same severity,
  * there is no finding that the whole has not, but for evasion by `no-handshake`.

PORTOLAN_VARIANTS multiplies the number of cuts, PORTOLAN_SEED chooses others.
"""
import json
import random
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timezone

import captures
import tap
from captures import SECOND

SEED = captures.number_from("PORTOLAN_SEED", 1)
CUTS = 20 * captures.number_from("PORTOLAN_VARIANTS", 1)
LAB = None
WORLD = {}


def key_of(record):
    return (record["network"]["transport"], *sorted(
        (record[s]["ip"], record[s].get("port", 0)) for s in ("source", "destination")))


def judged(flow):
    p = flow["portolan"]
    return (f'{flow["source"]["ip"]}:{flow["source"].get("port", 0)} > '
            f'{flow["destination"]["ip"]}:{flow["destination"].get("port", 0)} '
            f'{flow["network"]["transport"]} {p["verdict"]}')


def whole_record(flow):
    """What has to be the same of a flow that began behind the cut."""
    p = flow["portolan"]
    return (judged(flow), p["connection"], flow["source"]["packets"], flow["destination"]["packets"],
            flow["network"]["bytes"], flow["event"]["start"], flow["event"]["end"],
            flow["event"]["reason"], json.dumps(p["service"]), json.dumps(p.get("evasion")))


def subject(event):
    """What a finding is about."""
    p = event["portolan"]
    finding = p["finding"]
    what = p["evasion"]["reason"] if event["event"]["action"] == "evasion" else p["verdict"]
    end = next((e for e in p["endpoints"] if e["verdict"] == p["verdict"]), p["endpoints"][0])
    peer = event["destination" if end["direction"] == "outbound" else "source"]["ip"]
    return (end["appliance"], end["direction"],
            "many" if "ports" in finding else event["destination"].get("port", 0),
            "many" if "peers" in finding else peer, event["network"]["transport"], what)


def findings(result):
    """By subject: the gravest severity; what was withdrawn is none."""
    told = {}
    for e in result.events:
        if e["event"]["kind"] == "alert" and "finding" in e["portolan"]:
            told[subject(e)] = max(told.get(subject(e), 0), e["event"]["severity"])
        elif e["event"]["action"] == "finding-withdrawn":
            told.pop(subject(e), None)
    return told


def make_demo(lab):
    out, site = lab.path("demo.pcap"), lab.path("demo.yaml")
    subprocess.run([lab.generate, "demo", "-o", out, "--site", site], check=True, capture_output=True)
    return captures.read_pcap(out), site


def stamp(ns):
    whole = datetime.fromtimestamp(ns // SECOND, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{ns % SECOND:09d}Z"


def by_key(result):
    found = defaultdict(list)
    for f in result.flows:
        found[key_of(f)].append(f)
    return found


def try_cut(cut):
    """The differences with nothing before."""
    frames = [f for f in WORLD["frames"] if f.time >= cut]
    result = LAB.replay([(WORLD["link"], frames)], WORLD["site"])
    at, now = stamp(cut), by_key(result)
    found = result.disagreements()
    for key, flows in by_key(WORLD["whole"]).items():
        behind = {whole_record(f) for f in flows if f["event"]["start"] >= at}
        across = {judged(f) for f in flows if f["event"]["start"] < at <= f["event"]["end"]}
        found += [f"began behind the cut, and no more so: {r}"
                  for r in behind - set(map(whole_record, now[key]))]
        found += [f"across the cut: {j}, now {sorted(map(judged, now[key]))}"
                  for j in across - set(map(judged, now[key]))]
        if len(now[key]) > len(flows):
            found.append(f"came apart: {judged(flows[0])}: {len(flows)}, now {len(now[key])}")
    found += findings_differ(findings(WORLD["whole"]), findings(result))
    return [f"cut at {at}: {x}" for x in found]


def findings_differ(was, now):
    found = []
    for subject_, severity in now.items():
        if subject_ in was and severity != was[subject_]:
            found.append(f"{subject_}: severity {was[subject_]}, now {severity}")
        elif subject_ not in was and subject_[-1] != "no-handshake":
            found.append(f"{subject_}: severity {severity}, and the whole has no such finding")
    return found


def the_demonstration_cut_at_any_minute_tells_the_same(lab):
    (WORLD["link"], WORLD["frames"]), WORLD["site"] = make_demo(lab)
    frames = WORLD["frames"]
    WORLD["whole"] = lab.replay([(WORLD["link"], frames)], WORLD["site"])
    minutes = (frames[-1].time - frames[0].time) // (60 * SECOND)
    some = sorted(random.Random(SEED).sample(range(1, minutes), min(CUTS, minutes - 1)))
    print(f"# seed {SEED}, cut at minute {', '.join(map(str, some))}")
    cuts = [frames[0].time + minute * 60 * SECOND for minute in some]
    found = [x for differences in captures.spread(try_cut, cuts) for x in differences]
    assert not found, f"{len(found)} differ:\n" + "\n".join(found)


if __name__ == "__main__":
    LAB = captures.Lab(*sys.argv[1:3])
    sys.exit(tap.run([the_demonstration_cut_at_any_minute_tells_the_same], LAB))
