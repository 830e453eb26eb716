#!/usr/bin/env python3
"""Writes the case `every-row`: each of the documented table's 51 rows in use.

The table is the one that control's tests compare the profile with. Rows that share a
place (role, direction, port, transport) are one flow, whose record names all of their
features. Run it again after a change here, and read what has changed in the case.
"""
import csv
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parent / "unit" / "control" / "cloud-delivered.csv"
CASE = HERE / "every-row"

CENTER, DEVICE, PEER = "10.10.0.5", "10.20.0.1", "10.1.1.1"
APPLIANCE = {"management-center": ("fmc-1", CENTER), "managed-device": ("ftd-1", DEVICE)}
OTHER = {"management-center": "managed-device", "managed-device": "management-center"}
MIRRORED = {"inbound": "outbound", "outbound": "inbound"}

# What is said on a place by its first service; on TCP between a handshake and a close.
SPEECH = {
    "tls": "data tls-client-hello tls-server-hello",
    "ssh": "reply ssh-server-banner send ssh-banner",
    "smtp": "reply smtp-banner data smtp-ehlo smtp-ehlo-response",
    "dns/tcp": "data dns-tcp-query dns-tcp-response",
    "dns/udp": "data dns-query dns-response",
    "http": "data http-get http-response(600)",
    "ldap": "data ldap-bind ldap-bind-response",
    "xmpp": "data xmpp-stream xmpp-stream-response",
    "syslog": "send syslog",
    "echo": "data echo echo",
    "ntp": "data ntp-client ntp-server",
    "radius/1812": "data radius-access-request radius-access-accept",
    "radius/1813": "data radius-accounting-request radius-accounting-response",
    "ike": "data ike-sa-init ike-sa-init-response",
    "ike/4500": "data 0x00000000+ike-auth 0x00000000+ike-auth-response",
    "snmp/161": "data snmp-get snmp-response",
    "snmp/162": "send snmp-trap",
}


def speech(place, service):
    first = service.split("|")[0]
    for key in (f"{first}/{place[2]}", f"{first}/{place[3]}", first):
        if key in SPEECH:
            return SPEECH[key]
    raise KeyError(service)


def read_places():
    """(role, direction, port, transport) → features in the table's order, services."""
    places = {}
    for row in csv.DictReader(TABLE.open()):
        place = (row["role"], row["direction"], int(row["port"]), row["transport"])
        features, services = places.setdefault(place, ([], []))
        features.append(row["feature"])
        services.append(row["service"])
    return places


def is_between(place):
    """Appliance communications: the other end is the other appliance."""
    return place[2] == 8305


def endpoint(place, features):
    role, direction, port, transport = place
    return {"appliance": APPLIANCE[role][0], "role": role, "direction": direction, "verdict": "expected",
            "rule": f"{role}/{direction}/{port}/{transport}", "features": features}


def endpoints(place, places):
    mine = endpoint(place, places[place][0])
    if not is_between(place):
        return [mine]
    mirror = (OTHER[place[0]], MIRRORED[place[1]], place[2], place[3])
    both = [mine, endpoint(mirror, places[mirror][0])]
    return both if place[1] == "outbound" else both[::-1]


def ends_of(place):
    """Initiator's and responder's address."""
    mine = APPLIANCE[place[0]][1]
    peer = APPLIANCE[OTHER[place[0]]][1] if is_between(place) else PEER
    return (mine, peer) if place[1] == "outbound" else (peer, mine)


def dhcp(time, place):
    """Rows 67 and 68 are one exchange: the record names the first of them."""
    role = place[0]
    mine, features = APPLIANCE[role][1], ["dhcp"]
    flow = {"source": {"ip": mine, "port": 68}, "destination": {"ip": PEER, "port": 67},
            "network": {"transport": "udp"},
            "portolan": {"verdict": "expected", "connection": "two-way",
                         "endpoints": [endpoint((role, "outbound", 67, "udp"), features)]}}
    return f"{time} dhcp {mine} > {PEER} renew", flow


def plain(time, place, places):
    source, destination = ends_of(place)
    port, transport, number = place[2], place[3], 40000 + time
    says = speech(place, places[place][1][0])
    services = {s for row in places[place][1] for s in row.split("|")}
    line = f"{time} {transport} {source}:{number} > {destination}:{port} "
    line += f"handshake {says} close" if transport == "tcp" else says
    connection = "established" if transport == "tcp" else "two-way" if "data" in says else "one-way"
    flow = {"source": {"ip": source, "port": number}, "destination": {"ip": destination, "port": port},
            "network": {"transport": transport},
            "portolan": {"verdict": "expected", "connection": connection,
                         "endpoints": endpoints(place, places)}}
    if len(services) == 1:
        flow["portolan"]["service"] = {"expected": list(services)}
    return line, flow


def main():
    places = read_places()
    lines, flows = [], []
    for place in places:
        if place[2:] == (68, "udp"):
            continue
        time = len(flows) + 100
        line, flow = dhcp(time, place) if place[2:] == (67, "udp") else plain(time, place, places)
        lines.append(line)
        flows.append(flow)
    CASE.mkdir(exist_ok=True)
    (CASE / "why").write_text("Each of the documented table's rows is in use, and every record names all features of its place.\n"
                              "Written by rows.py from the table itself; nothing here is flagged.\n")
    (CASE / "traffic").write_text("0 arp 10.1.1.1 > 10.1.1.2 ask\n" + "".join(f"{line}\n" for line in lines))
    (CASE / "site.yaml").write_text("appliances:\n" + "".join(
        f"  - {{name: {name}, role: {role}, addresses: [{ip}]}}\n" for role, (name, ip) in APPLIANCE.items()))
    (CASE / "flows.jsonl").write_text("".join(json.dumps(f) + "\n" for f in flows))
    (CASE / "events.jsonl").write_text("")
    (CASE / "args").write_text("--fail-on flagged\n")
    (CASE / "stats.json").write_text(json.dumps({"verdict": {"flows": {"expected": len(flows)}}}) + "\n")
    rows = sum(len(features) for features, _ in places.values())
    print(f"{rows} rows, {len(places)} places, {len(flows)} flows")


if __name__ == "__main__":
    main()
