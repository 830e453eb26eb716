"""Whether the records of flows, the events, the summary and the exit status say the same (DESIGN 9).

A finding here is what flows have in common: appliance, direction, responder's port, peer, transport
and verdict. Every one of the flow records has been told, by itself or with a scan, and nothing is told
that is not in them, but for what was withdrawn.
"""
from collections import Counter

QUIET = ("expected", "implied", "not-covered")


def key_of(record):
    """None where the record is not flagged."""
    portolan = record["portolan"]
    verdict = portolan["verdict"]
    if verdict in QUIET:
        return None
    end = next(e for e in portolan["endpoints"] if e["verdict"] == verdict)
    peer = record["destination" if end["direction"] == "outbound" else "source"]["ip"]
    return (end["appliance"], end["direction"], record["destination"].get("port", 0), peer,
            record["network"]["transport"], verdict)


def wider(key):
    """The keys of the scans that could have told it: over all ports, over all peers."""
    appliance, direction, port, peer, transport, verdict = key
    return [(appliance, direction, None, peer, transport, verdict),
            (appliance, direction, port, None, transport, verdict)]


def is_evasion(event):
    return "reason" in event["portolan"].get("evasion", {}) and "sentence" in event["portolan"]["evasion"]


def told_by(events):
    """The last word on each finding: key to count, of what was not withdrawn; scans beside it. What
    has ended counts on: what comes a day later is a finding of its own."""
    told, scans, ended = {}, {}, Counter()
    for event in events:
        finding = event.get("portolan", {}).get("finding")
        if not finding or is_evasion(event):
            continue
        key = key_of(event)
        if "ports" in finding:
            scans[wider(key)[0]] = finding
        elif "peers" in finding:
            scans[wider(key)[1]] = finding
        elif finding["state"] == "withdrawn":
            told.pop(key, None)
        elif finding["state"] == "ended":
            told.pop(key, None)
            ended[key] += finding["count"]
        else:
            told[key] = finding["count"]
    return {key: told.get(key, 0) + ended[key] for key in {*told, *ended}}, scans


def compare_findings(flows, events):
    there = Counter(k for k in map(key_of, flows) if k)
    told, scans = told_by(events)
    found = [f"nobody was told of {key}" for key in there
             if key not in told and not any(w in scans for w in wider(key))]
    for key, count in told.items():
        if key not in there:
            found.append(f"told, and no flow is so: {key}")
        elif count != there[key] and not any(w in scans for w in wider(key)):
            found.append(f"told of {count} flows, and there are {there[key]}: {key}")
    return found


def compare_evasion(flows, events, stats):
    """The counters by reason, what the flow records have, and whether it was told."""
    in_flows = Counter(r for f in flows for r in f["portolan"].get("evasion", {}).get("reason", []))
    told = {e["portolan"]["evasion"]["reason"] for e in events if is_evasion(e)}
    counted = {r: n for r, n in stats["evasion"]["flows"].items() if n}
    found = []
    if counted != dict(in_flows):
        found.append(f"evasion: counted {counted}, the flow records have {dict(in_flows)}")
    if told != set(in_flows):
        found.append(f"evasion: told {sorted(told)}, the flow records have {sorted(in_flows)}")
    return found


def compare_summary(summary, status, flows):
    """`status`: with --fail-on flagged; None where another error decided it."""
    flagged = any(map(key_of, flows))
    evasion = any(f["portolan"].get("evasion") for f in flows)
    found = []
    if ("FLAGGED  nothing" in summary) == flagged:
        found.append(f"the summary says {'nothing' if flagged else 'something'} is flagged")
    if ("\nEVASION  " in summary) != evasion:
        found.append("the summary and the flow records differ on evasion")
    if status is not None and (status == 3) != (flagged or evasion):
        found.append(f"--fail-on flagged: exit status {status}")
    return found


def check(flows, events, stats, summary, status):
    if stats["flows"]["untracked_packets"] or stats["flows"]["ended"]["evicted"]:
        return []
    return (compare_findings(flows, events) + compare_evasion(flows, events, stats)
            + compare_summary(summary, status, flows))
