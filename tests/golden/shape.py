"""What holds of every record and every accounting, whatever the traffic (DESIGN 3 and 9)."""
import base64
import datetime
import hashlib
import ipaddress
import re

VERDICTS = ["expected", "implied", "not-covered", "feature-disabled", "peer-not-allowed", "wrong-service",
            "unexpected-protocol", "unexpected-port"]
FLAGGED = VERDICTS[3:]
CONNECTIONS = {True: ["attempted", "refused", "established", "midstream"], False: ["one-way", "two-way"]}
EVASIONS = ["unasked-answer", "no-handshake", "reversed-hello", "contradicting-segments", "bad-checksum",
            "reset-ignored", "tiny-fragments", "hidden-opening", "service-changed", "tunnelled-evidence"]
STATES = {"alert": ["new", "raised", "repeated", "scan"], "event": ["withdrawn", "ended"]}
ACTIONS = {"alert": ["flow-flagged", "evasion"], "event": ["finding-withdrawn", "finding-ended"]}
BASES = ["handshake", "syn", "message", "syn-ack", "memory", "policy", "port", "first-packet"]
REASONS = ["fin", "reset", "idle", "replaced", "evicted", "end-of-capture", "reload"]
DISCARDS = ["truncated", "malformed", "unsupported-link-type"]
TUNNELS = ["gre", "erspan", "vxlan", "geneve", "ip-in-ip", "gtp-u"]
DIFFERENCES = ["direction", "role", "transport", "feature", "port", "interface", "profile"]
NUMBERS = {"tcp": 6, "udp": 17}

# Objects of ECS that hold facts about what was said first.
FACTS = {"tls": ["client", "version", "version_protocol", "next_protocol"], "http": ["request", "response"],
         "url": ["domain"], "dns": ["question"]}
OWN_FACTS = ["ssh_client", "ssh_server", "snmp_version", "ldap_operation", "ldap_simple_bind_in_clear",
             "radius_codes"]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
HISTORY = re.compile(r"\^?[SHADFRQshadfrq]*")
RULE = re.compile(r"(management-center|managed-device)/(inbound|outbound)/\d{1,5}(-\d{1,5})?/(tcp|udp)|pair/.+/.+")
FINDING = re.compile(r"\d{8}T\d{2}-[0-9a-f]{16}")
POLICY = re.compile(r"sha256:[0-9a-f]{64}")
COMMUNITY = re.compile(r"1:[A-Za-z0-9+/]{27}=")


class Shape:
    """Reads one document and collects what is wrong with it."""

    def __init__(self, name):
        self.name, self.found = name, []

    def want(self, truth, text):
        if not truth:
            self.found.append(f"{self.name}: {text}")
        return truth

    def keys(self, where, value, required, optional=()):
        if not self.want(isinstance(value, dict), f"{where} is no object"):
            return False
        missing = [k for k in required if k not in value]
        unknown = [k for k in value if k not in required and k not in optional]
        self.want(not missing, f"{where} lacks {missing}")
        self.want(not unknown, f"{where} has unknown keys {unknown}")
        return not missing

    def number(self, where, value, low=0, high=2**63 - 1):
        return self.want(type(value) is int and low <= value <= high, f"{where}: found {value!r}")

    def one_of(self, where, value, names):
        return self.want(value in names, f"{where}: found {value!r}")

    def text(self, where, value, pattern=re.compile(r".+")):
        return self.want(isinstance(value, str) and pattern.fullmatch(value), f"{where}: found {value!r}")


def nanoseconds(text):
    seconds = datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.timezone.utc)
    return int(seconds.timestamp()) * 10**9 + int(text[20:29])


def severities_of(portolan, is_doubtful):
    """The table of DESIGN 3: one step lower where the initiator is a guess and may be the other side; an
    answer that nobody asked for, and that nobody goes on from, is low."""
    through = portolan["connection"] in ("established", "two-way")
    may_talk = portolan["connection"] == "midstream"
    low = portolan["verdict"] in ("feature-disabled", "peer-not-allowed")
    found = {(3 if through else 2) - low, (3 if through or may_talk else 2) - low}
    basis = portolan["initiator_basis"]
    if basis in ("syn-ack", "memory", "policy", "port") or (basis == "first-packet" and is_doubtful):
        found |= {severity - 1 for severity in found}
    if "unasked-answer" in portolan.get("evasion", []):
        found.add(1)
    return {max(severity, 1) for severity in found}


def community_id(record):
    """Community ID v1, seed 0; None where it needs what the record does not have."""
    number = NUMBERS.get(record["network"]["transport"])
    if number is None:
        number = int(record["network"].get("iana_number", 0))
        if number in (1, 58, 132):
            return None
    ends = []
    for side in ("source", "destination"):
        port = record[side].get("port")
        ends.append((ipaddress.ip_address(record[side]["ip"]).packed,
                     b"" if port is None else port.to_bytes(2, "big")))
    (a, a_port), (b, b_port) = sorted(ends)
    data = bytes(2) + a + b + bytes([number, 0]) + a_port + b_port
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()


def check_event(s, event, kind, flagged):
    """`kind`: flow or alert; the end of a finding's life is none that alarms."""
    is_told = kind == "flow" or event.get("kind") == "alert"
    optional = (["reason"] if kind == "flow" else []) + (["severity"] if flagged and is_told else [])
    keys = ["kind", "category", "type", "action", "start", "end", "duration"]
    if not s.keys("event", event, keys + optional):
        return
    s.one_of("event.kind", event["kind"], ["event"] if kind == "flow" else ["alert", "event"])
    s.want(event["category"] == ["network"], f"event.category: found {event['category']!r}")
    s.text("event.start", event["start"], TIME)
    s.text("event.end", event["end"], TIME)
    s.number("event.duration", event["duration"])
    if kind == "flow":
        s.want(event["type"] == ["connection", "end"], f"event.type: found {event['type']!r}")
        s.want(event["action"] == "flow-ended", f"event.action: found {event['action']!r}")
        s.one_of("event.reason", event["reason"], REASONS)
    else:
        s.one_of("event.action", event["action"], ACTIONS[event["kind"]])
    if not s.found:
        span = nanoseconds(event["end"]) - nanoseconds(event["start"])
        s.want(event["duration"] == max(span, 0), "event.duration is not end less start")


def check_sides(s, record):
    has_ports = record["network"].get("transport") in NUMBERS
    version = {"ipv4": 4, "ipv6": 6}.get(record["network"].get("type"))
    for side in ("source", "destination"):
        keys = ["ip", "packets", "bytes"] + (["port"] if has_ports else [])
        if not s.keys(side, record[side], keys):
            return
        address = ipaddress.ip_address(record[side]["ip"])
        s.want(address.version == version and str(address) == record[side]["ip"],
               f"{side}.ip: found {record[side]['ip']!r}")
        s.number(f"{side}.packets", record[side]["packets"])
        s.number(f"{side}.bytes", record[side]["bytes"])
        if has_ports:
            s.number(f"{side}.port", record[side]["port"], 0, 65535)


def check_vlans(s, network):
    """Text in ECS; an inner tag only behind an outer one."""
    s.want("inner" not in network or "vlan" in network, "network.inner without network.vlan")
    for vlan in [network.get("vlan"), network.get("inner", {}).get("vlan")]:
        if vlan is not None and s.keys("vlan", vlan, ["id"]):
            s.want(1 <= int(vlan["id"]) <= 4095, f"vlan.id: found {vlan['id']!r}")


def check_observer(s, observer):
    if not s.keys("observer", observer, ["type", "product", "name", "version"], ["ingress"]):
        return
    s.want(observer["type"] == "sensor", "observer.type")
    s.want(observer["product"] == "portolan", "observer.product")
    if "ingress" in observer and s.keys("ingress", observer["ingress"], ["interface"]):
        s.keys("interface", observer["ingress"]["interface"], ["id"], ["name"])


def check_network(s, record):
    network = record["network"]
    has_ports = network.get("transport") in NUMBERS
    if not s.keys("network", network, ["type", "transport", "community_id", "packets", "bytes"],
                  ["protocol", "vlan", "inner"] + ([] if has_ports else ["iana_number"])):
        return
    check_vlans(s, network)
    for what in ("packets", "bytes"):
        s.want(network[what] == record["source"][what] + record["destination"][what],
               f"network.{what} is not the sum of both sides")
    s.text("network.community_id", network["community_id"], COMMUNITY)
    wanted = community_id(record)
    s.want(wanted in (None, network["community_id"]),
           f"network.community_id: found {network['community_id']}, want {wanted}")


def check_nearest(s, where, nearest):
    s.want(isinstance(nearest, list) and len(nearest) <= 3, f"{where}.nearest: found {nearest!r}")
    for near in nearest:
        if s.keys(f"{where}.nearest", near, ["rule", "differs"], ["profile"]):
            s.text(f"{where}.nearest.rule", near["rule"], RULE)
            s.want(near["differs"] and all(d in DIFFERENCES for d in near["differs"]),
                   f"{where}.nearest.differs: found {near['differs']!r}")
            s.want(("profile" in near) == ("profile" in near["differs"]), f"{where}.nearest.profile")


def check_endpoint(s, endpoint, has_ports):
    keys = ["appliance", "role", "direction", "verdict"]
    keys += ["rule", "features"] if "rule" in endpoint else ["nearest"]
    if not s.keys("endpoint", endpoint, keys, ["interface"]):
        return
    if "interface" in endpoint:
        s.one_of("endpoint.interface", endpoint["interface"], ["data", "management"])
    s.text("endpoint.appliance", endpoint["appliance"])
    s.one_of("endpoint.verdict", endpoint["verdict"], VERDICTS)
    if "rule" in endpoint:
        s.text("endpoint.rule", endpoint["rule"], RULE)
        s.want(endpoint["rule"].startswith((f"{endpoint['role']}/{endpoint['direction']}/", "pair/")),
               "endpoint.rule is of another role or direction")
        s.want(endpoint["features"] and len(set(endpoint["features"])) == len(endpoint["features"]),
               f"endpoint.features: found {endpoint['features']!r}")
        s.want(endpoint["verdict"] != "unexpected-port", "a rule, and yet unexpected-port")
    else:
        s.want(not has_ports or endpoint["verdict"] == "unexpected-port", "no rule for what has one")
        check_nearest(s, "endpoint", endpoint["nearest"])


def check_evasion(s, evasion, kind):
    """Of a flow all reasons, in an alert about it one with its sentence."""
    if evasion is None or not s.keys("evasion", evasion, ["reason"], ["sentence"] if kind == "alert" else []):
        return
    reasons = [evasion["reason"]] if "sentence" in evasion else evasion["reason"]
    s.want(reasons and all(r in EVASIONS for r in reasons), f"evasion.reason: found {evasion['reason']!r}")


def check_portolan(s, record, kind):
    portolan, network = record["portolan"], record["network"]
    keys = ["verdict", "connection", "initiator_basis", "history", "profile", "policy", "service", "endpoints"]
    if not s.keys("portolan", portolan, keys,
                  ["tunnel", "facts", "evasion"] + (["finding"] if kind == "alert" else [])):
        return
    check_evasion(s, portolan.get("evasion"), kind)
    if "tunnel" in portolan and s.keys("tunnel", portolan["tunnel"], ["kind", "id"]):
        s.one_of("tunnel.kind", portolan["tunnel"]["kind"], TUNNELS)
        s.number("tunnel.id", portolan["tunnel"]["id"], 0, 2**32 - 1)
    s.one_of("portolan.verdict", portolan["verdict"], VERDICTS)
    s.one_of("portolan.connection", portolan["connection"], CONNECTIONS[network["transport"] == "tcp"])
    s.one_of("portolan.initiator_basis", portolan["initiator_basis"], BASES)
    s.text("portolan.history", portolan["history"], HISTORY)
    s.text("portolan.profile", portolan["profile"])
    s.text("portolan.policy", portolan["policy"], POLICY)
    if s.keys("portolan.service", portolan["service"], ["expected", "basis"], ["observed"]):
        s.one_of("portolan.service.basis", portolan["service"]["basis"],
                 ["recognised", "excluded", "unverified"])
        s.want(("observed" in portolan["service"]) == (portolan["service"]["basis"] == "recognised"),
               "a service that was observed is recognised, and no other")
        s.want(portolan["service"].get("observed") == network.get("protocol"),
               "network.protocol is not the observed service")
    endpoints = portolan["endpoints"]
    if not s.want(isinstance(endpoints, list) and 1 <= len(endpoints) <= 2, "portolan.endpoints"):
        return
    for endpoint in endpoints:
        check_endpoint(s, endpoint, network["transport"] in NUMBERS)
    directions = [e["direction"] for e in endpoints]
    s.want(directions in (["outbound"], ["inbound"], ["outbound", "inbound"]), f"directions {directions}")
    gravest = max((e["verdict"] for e in endpoints), key=VERDICTS.index)
    s.want(portolan["verdict"] == gravest, "the verdict is not the graver of the ends'")


def check_text_of(s, where, value):
    """What a stranger wrote: printable, and short."""
    s.want(isinstance(value, str) and 0 < len(value) <= 120 and value.isascii() and value.isprintable(),
           f"{where}: found {value!r}")


def check_facts(s, record):
    """Facts come with the service that they are about, each under its own name."""
    facts = {k: record[k] for k in FACTS if k in record}
    observed = record["portolan"]["service"].get("observed")
    for key, names in FACTS.items():
        if key in facts and s.keys(key, facts[key], [], names):
            s.want(observed is not None, f"{key} without a service")
    for where, text in (("tls.client.server_name", facts.get("tls", {}).get("client", {}).get("server_name", "-")),
                        ("url.domain", facts.get("url", {}).get("domain", "-")),
                        ("dns.question.name", facts.get("dns", {}).get("question", {}).get("name", "-"))):
        check_text_of(s, where, text)
    s.keys("portolan.facts", record["portolan"].get("facts", {}), [], OWN_FACTS)


def check_explanation(s, record):
    s.text("message", record["message"])
    covered = [e["rule"] for e in record["portolan"]["endpoints"] if "rule" in e]
    if "rule" in record and s.keys("rule", record["rule"], ["id", "name", "category", "ruleset"]):
        s.one_of("rule.id", record["rule"]["id"], covered)
    s.want("rule" in record or record["portolan"]["verdict"].startswith("unexpected-"), "no rule for what has one")
    if "threat" in record and s.keys("threat", record["threat"], ["framework", "technique"]):
        s.want(all(re.fullmatch(r"T\d{4}(\.\d{3})?", t) for t in record["threat"]["technique"]["id"]),
               f"threat.technique.id: found {record['threat']['technique']!r}")


def check_record(record, kind, name):
    s = Shape(name)
    flagged = record.get("portolan", {}).get("verdict") in FLAGGED
    evasion = "sentence" in record.get("portolan", {}).get("evasion", {})
    keys = ["@timestamp", "event", "source", "destination", "network", "observer", "portolan"]
    keys += ["message"] if evasion or flagged else []
    if not s.keys("record", record, keys, [*FACTS, *(["rule"] if evasion else ["rule", "threat"] if flagged else [])]):
        return s.found
    s.text("@timestamp", record["@timestamp"], TIME)
    check_event(s, record["event"], kind, flagged or evasion)
    check_sides(s, record)
    check_network(s, record)
    check_observer(s, record["observer"])
    check_portolan(s, record, kind)
    check_facts(s, record)
    if flagged and not evasion:
        check_explanation(s, record)
    if flagged and not evasion and "severity" in record["event"]:
        is_doubtful = (record["network"]["transport"] == "tcp"
                       or record["source"].get("port") == record["destination"].get("port"))
        want = severities_of(record["portolan"], is_doubtful)
        s.want(record["event"]["severity"] in want,
               f"event.severity: found {record['event']['severity']}, want one of {want}")
    return s.found


def check_flows(flows):
    return [f for i, flow in enumerate(flows, 1) for f in check_record(flow, "flow", f"flow {i}")]


def check_finding(event, name):
    s = Shape(name)
    finding = event.get("portolan", {}).get("finding")
    if s.keys("portolan.finding", finding, ["id", "state", "count"], ["ports", "peers", "reason"]):
        s.text("portolan.finding.id", finding["id"], FINDING)
        s.one_of("portolan.finding.state", finding["state"], STATES[event["event"]["kind"]])
        s.number("portolan.finding.count", finding["count"], finding["state"] != "withdrawn")
        s.want(("reason" in finding) == (finding["state"] == "withdrawn"), "portolan.finding.reason")
    return s.found


def check_events(events):
    found = []
    for i, event in enumerate(events, 1):
        found += check_record(event, "alert", f"event {i}") + check_finding(event, f"event {i}")
    return found


def check_numbers(s, where, value, names):
    if s.keys(where, value, names):
        for name in names:
            s.number(f"{where}.{name}", value[name])


def check_stats_shape(s, stats):
    tables = {"frames": (["received", "bytes"], ["truncated"]),
              "decode": (["ip", "non_ip", "duplicate", "discarded"], ["forgotten"]),
              "scope": (["monitored", "unmonitored"], []),
              "fragments": (["unattributed"], ["later", "overlapping", "tiny"]),
              "verdict": (["packets", "bytes", "flows"], []),
              "flows": (["created", "active_peak", "untracked_packets", "ended"], ["active", "corrected", "paths_unknown"])}
    if not s.keys("stats", stats, [*tables, "digest"], ["services", "evasion", "events", "evidence", "captures", "mirror", "profile", "policy"]):
        return False
    good = all([s.keys(f"stats.{k}", stats[k], *keys) for k, keys in tables.items()])
    check_numbers(s, "stats.decode.discarded", stats["decode"]["discarded"], DISCARDS)
    for what in ("packets", "bytes", "flows"):
        check_numbers(s, f"stats.verdict.{what}", stats["verdict"][what], VERDICTS)
    check_numbers(s, "stats.flows.ended", stats["flows"]["ended"], REASONS)
    check_numbers(s, "stats.services", stats.get("services"),
                  ["recognised", "without_buffer", "without_facts", "without_opening",
                   "without_certificate", "overlap_contradicted"])
    check_numbers(s, "stats.evidence", stats.get("evidence"),
                  ["copied", "lost", "packets", "bytes", "files", "removed", "masked", "unassigned"])
    check_numbers(s, "stats.evasion.flows", stats.get("evasion", {}).get("flows"), EVASIONS)
    s.text("stats.digest", stats["digest"], re.compile("[0-9a-f]{16}"))
    return good and not s.found


def check_identities(s, stats, flows):
    """The four of DESIGN 9, and what records and counters say of the same flows."""
    decode, packets = stats["decode"], sum(stats["verdict"]["packets"].values())
    s.want(stats["frames"]["received"] == decode["ip"] + decode["non_ip"] + decode["duplicate"]
           + sum(decode["discarded"].values()), "frames.received does not add up")
    s.want(decode["ip"] == stats["scope"]["monitored"] + stats["scope"]["unmonitored"],
           "decode.ip does not add up")
    s.want(stats["scope"]["monitored"] == packets + stats["fragments"]["unattributed"],
           "scope.monitored does not add up")
    s.want(sum(f["network"]["packets"] for f in flows)
           == packets - stats["flows"]["untracked_packets"], "the flows' packets do not add up")
    if stats["flows"]["untracked_packets"] == 0:
        s.want(sum(f["network"]["bytes"] for f in flows) == sum(stats["verdict"]["bytes"].values()),
               "the flows' bytes do not add up")
    s.want(stats["flows"]["created"] == len(flows) == sum(stats["flows"]["ended"].values()),
           "flows.created, flows.ended and the records differ")


def count(values, names):
    return {name: sum(v == name for v in values) for name in names}


def check_accounting(stats, flows):
    s = Shape("stats")
    if not check_stats_shape(s, stats):
        return s.found
    check_identities(s, stats, flows)
    verdicts = count([f["portolan"]["verdict"] for f in flows], VERDICTS)
    reasons = count([f["event"]["reason"] for f in flows], REASONS)
    s.want(stats["verdict"]["flows"] == verdicts, f"verdict.flows: the records say {verdicts}")
    s.want(stats["flows"]["ended"] == reasons, f"flows.ended: the records say {reasons}")
    return s.found
