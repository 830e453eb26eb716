#!/usr/bin/env python3
"""Replays every golden case and compares what portolan says with what it should say.

usage: run_golden.py PORTOLAN PORTOLAN-GENERATE [CASE…]

A case is a folder beside this file:

  why           two lines on why it exists
  traffic       a script for portolan-generate
  site.yaml     the deployment
  flows.jsonl   one expected record for each record of --flows, in the order of their
                start, then of their source port
  events.jsonl  the same for --events, in the order written            (optional)
  stats.json    of --stats                                             (optional)
  args          more arguments of `portolan replay`                    (optional)
  status        the exit status, where it is not 0                     (optional)
  never         texts that no output contains                          (optional)
  stderr        what each line of standard error contains; else it is empty (optional)

An expected object holds where the actual one has all its keys with such values; lists
are as long as expected. Whatever a case expects, every replay is also held against the
accounting of DESIGN 9, every record against its shape, flows against events and summary (agree.py),
and it is the same with three workers.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import agree
import shape

HERE = pathlib.Path(__file__).resolve().parent
CONFIGS = HERE.parent.parent / "configs"


def differences(expected, actual, path):
    """Where `expected` is not part of `actual`."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key, value in expected.items():
            if key in actual:
                found += differences(value, actual[key], f"{path}.{key}")
            else:
                found.append(f"{path}.{key}: missing, want {json.dumps(value)}")
        return found
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return [f"{path}: found {json.dumps(actual)}, want {json.dumps(expected)}"]
        return [d for i, (e, a) in enumerate(zip(expected, actual))
                for d in differences(e, a, f"{path}[{i}]")]
    if expected == actual and type(expected) is type(actual):
        return []
    return [f"{path}: found {json.dumps(actual)}, want {json.dumps(expected)}"]


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def flow_order(flow):
    return (flow["event"]["start"], flow["source"].get("port", 0), flow["source"]["ip"],
            flow["destination"].get("port", 0))


def name_of(flow):
    """A record in few words, to find it in a list of differences."""
    ends = [f"{flow[side]['ip']}:{flow[side].get('port', '-')}" for side in ("source", "destination")]
    return f"{flow['network']['transport']} {ends[0]} > {ends[1]} {flow['portolan']['verdict']}"


def compare_lists(what, expected, actual):
    found = []
    if len(expected) != len(actual):
        found.append(f"{what}: found {len(actual)}, want {len(expected)}")
        found += [f"  there is {name_of(a)}" for a in actual[:40]]
    for i, (e, a) in enumerate(zip(expected, actual)):
        found += differences(e, a, f"{what} {i + 1} ({name_of(a)})")
    return found


def in_order(stats):
    """What does not depend on who saw what first; the sample is each worker's own."""
    kept = {k: stats[k] for k in ("frames", "decode", "scope", "fragments", "verdict", "digest")}
    mirror = stats["mirror"]
    kept["lanes"] = sorted(mirror["lanes"], key=lambda l: (l["interface"], l["vlan"]))
    kept["sessions"] = sorted(mirror["sessions"], key=lambda s: (s["source"], s["session"], s["leg"]))
    kept["appliances"] = mirror["appliances"]
    return kept


class Case:
    def __init__(self, folder, portolan, generate, scratch):
        self.folder, self.portolan, self.generate, self.scratch = folder, portolan, generate, scratch

    def path(self, name):
        return self.folder / name

    def text(self, name, otherwise=""):
        return self.path(name).read_text() if self.path(name).exists() else otherwise

    def make_capture(self, name, *options):
        out = self.scratch / name
        subprocess.run([self.generate, "script", self.path("traffic"), "-o", out, *options], check=True)
        return out

    def replay(self, capture, stem, stdin=None, more=()):
        out = {kind: self.scratch / f"{stem}.{kind}" for kind in ("flows", "events", "stats")}
        command = [self.portolan, "replay", "--site", self.path("site.yaml")]
        for kind, path in out.items():
            command += [f"--{kind}", path]
        command += shlex.split(self.text("args")) + [*more, capture]
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "PORTOLAN_CONFIGS": str(CONFIGS)})
        return done, out

    def check_process(self, done):
        found = []
        want = int(self.text("status", "0"))
        if done.returncode != want:
            found.append(f"exit status: found {done.returncode}, want {want}")
        lines, wanted = done.stderr.splitlines(), self.text("stderr").splitlines()
        if len(lines) != len(wanted) or any(w not in l for w, l in zip(wanted, lines)):
            found += ["standard error:"] + [f"  {line}" for line in lines]
        return found

    def check_secrets(self, done, out):
        said = [done.stdout, done.stderr] + [path.read_text() for path in out.values()]
        return [f"{secret!r} is in an output" for secret in self.text("never").splitlines()
                if any(secret in text for text in said)]

    def check_same_from_pipe(self, stats):
        """Another file format, and a pipe that cannot be looked into: the same answers."""
        capture = self.make_capture("again.pcapng", "--pcapng")
        with open(capture, "rb") as stdin:
            done, out = self.replay("-", "again", stdin)
        again = json.loads(out["stats"].read_text())
        return [f"as pcapng from standard input: {d}" for d in differences(stats, again, "stats")]

    def check_same_with_workers(self, stats):
        """Each address pair stays with one worker: the same answers, unless tables were full."""
        if stats["flows"]["ended"]["evicted"] or stats["flows"]["untracked_packets"]:
            return []
        done, out = self.replay(self.scratch / "capture.pcap", "shared", more=["--workers", "3"])
        shared = json.loads(out["stats"].read_text())
        return [f"with three workers: {d}"
                for d in differences(in_order(stats), in_order(shared), "stats")]

    def check_agreement(self, flows, events, stats):
        """Flows, events, summary and exit status say the same."""
        done, _ = self.replay(self.scratch / "capture.pcap", "fail-on", more=["--fail-on", "flagged"])
        status = done.returncode if done.returncode in (0, 3) else None
        return agree.check(flows, events, stats, done.stdout, status)

    def check(self):
        done, out = self.replay(self.make_capture("capture.pcap"), "first")
        found = self.check_process(done)
        if not all(path.exists() for path in out.values()):
            return found + ["no output"]
        flows, events = sorted(lines_of(out["flows"]), key=flow_order), lines_of(out["events"])
        stats = json.loads(out["stats"].read_text())
        found += shape.check_flows(flows) + shape.check_events(events)
        found += shape.check_accounting(stats, flows)
        found += compare_lists("flow", lines_of(self.path("flows.jsonl")), flows)
        if self.path("events.jsonl").exists():
            found += compare_lists("event", lines_of(self.path("events.jsonl")), events)
        found += differences(json.loads(self.text("stats.json", "{}")), stats, "stats")
        found += self.check_secrets(done, out)
        found += self.check_agreement(flows, events, stats)
        if len(self.text("why").splitlines()) != 2:
            found.append("why: want two lines")
        return found + self.check_same_from_pipe(stats) + self.check_same_with_workers(stats)


def run(folder, portolan, generate):
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return Case(folder, portolan, generate, pathlib.Path(scratch)).check()
        except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            return [f"{type(error).__name__}: {error}"]


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: run_golden.py PORTOLAN PORTOLAN-GENERATE [CASE…]")
    portolan, generate = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    folders = sorted(p.parent for p in HERE.glob("*/traffic"))
    if sys.argv[3:]:
        folders = [f for f in folders if f.name in sys.argv[3:]]
    print(f"1..{len(folders)}")
    failed = 0
    for number, folder in enumerate(folders, 1):
        found = run(folder, portolan, generate)
        failed += bool(found)
        print(f"{'not ok' if found else 'ok'} {number} - {folder.name}")
        for line in found:
            print(f"# {line}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
