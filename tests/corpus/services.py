#!/usr/bin/env python3
"""Services that portolan recognises in captures that nobody here made, against two witnesses.

    services.py PORTOLAN CORPUS [--list]

CORPUS holds captures, manifest.csv and labels.csv: one line a flow, with what its payload looks
like whatever the port (seen) and what another classifier calls it (ndpi). Neither is the truth:
every flow where portolan and the first witness differ was opened, and who is right is kept in
services.csv, by capture and flow. What is not in there is a failure, and so is a line there
that is no difference any more.

Recall counts the flows of the table's services with payload in both directions (datagrams: in
one) whose beginning was captured; precision all flows that either of the two names. A flow that
services.csv decides counts as it is decided there. --list prints the undecided differences as
lines for it.
"""
import collections
import csv
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
SITE = ('appliances:\n'
        '  - {name: any, role: managed-device, addresses: ["0.0.0.0/0", "::/0"]}\n')
# The witness's names that are not ours.
SAME = {'snmp-v3': 'snmp', 'snmp-trap': 'snmp', 'ike-natt': 'ike', 'bittorrent-dht': 'bittorrent',
        'http2': 'http', 'sslv2': 'tls', 'rfb': 'vnc', 'socks5': 'socks',
        'pop': 'pop3'}
# The classifier's names that are not ours.
CLASSIFIED = {'mdns': 'dns', 'rmcp': 'ipmi', 'resp': 'redis', 'jabber': 'xmpp'}
# Names that are no service: shapes, and what the witness does not know.
SHAPES = {'', 'other', 'text', 'tiny', 'xml', '220-banner', 'ftp/pop', 'bootp', 'natt-keepalive',
          'nbss', 'tpkt', 'ntp-control', 'ntp-private', 'ssdp'}
TABLE = ['tls', 'dtls', 'ssh', 'smtp', 'dns', 'dhcp', 'http', 'ntp', 'snmp', 'ldap', 'radius', 'ike',
         'syslog', 'xmpp']
RECALL, PRECISION = 0.99, 0.995


def flow_key(protocol, a, b):
    return ' '.join([protocol] + sorted(f'{ip}:{port}' for ip, port in (a, b)))


def replay(portolan, path):
    """flow -> the services that were recognised in it; flow -> what a wrong-service should be"""
    with tempfile.TemporaryDirectory() as d:
        site, flows = os.path.join(d, 'site.yaml'), os.path.join(d, 'flows')
        with open(site, 'w') as f:
            f.write(SITE)
        subprocess.run([portolan, 'replay', '--site', site, '--flows', flows, path],
                       capture_output=True, timeout=120, check=False)
        ours, wrong = collections.defaultdict(set), collections.defaultdict(set)
        with open(flows) as f:
            for record in map(json.loads, f):
                ends = [(record[s]['ip'], record[s].get('port', 0)) for s in ('source', 'destination')]
                service = record['portolan']['service']
                key = flow_key(record['network']['transport'], *ends)
                ours[key].add(service['observed'] if service['basis'] == 'recognised' else '')
                if record['portolan']['verdict'] == 'wrong-service':
                    wrong[key] |= set(service['expected'])
    return ours, wrong


def labels_of(corpus):
    labels = collections.defaultdict(list)
    with open(os.path.join(corpus, 'labels.csv'), newline='') as f:
        for row in csv.DictReader(f):
            if row['layer'] == 'outer':
                labels[row['file']].append(row)
    return labels


def theirs_of(row):
    """the one service that the witness sees, or '' where it sees none or several"""
    seen = row['seen']
    return '' if '+' in seen or seen in SHAPES else SAME.get(seen, seen)


def classified_as(row):
    """the names that the classifier gives a flow, of which one may be the carrier's"""
    names = row['ndpi'].lower().replace('_', '-').split('.')
    return {CLASSIFIED.get(name, name) for name in names}


def is_whole(row):
    """begins in the capture, and both sides speak"""
    forth, back = int(row['paypkts_fwd']) > 0, int(row['paypkts_rev']) > 0
    return forth and back and row['how'] == 'syn' if row['proto'] == 'tcp' else forth or back


def compare(labels, ours):
    """(row, theirs, ours, flow) of each flow that one of the two names"""
    for row in labels:
        key = flow_key(row['proto'], (row['init_ip'], row['init_port']),
                       (row['resp_ip'], row['resp_port']))
        mine = ours.get(key, set()) - {''}
        theirs = theirs_of(row)
        if theirs in mine:
            yield row, theirs, theirs, key
        elif theirs and (mine or is_whole(row)):
            yield row, theirs, '+'.join(sorted(mine)), key
        elif mine and '+' not in row['seen']:
            yield row, '', '+'.join(sorted(mine)), key


class Score:
    def __init__(self, decisions):
        self.decisions, self.used = decisions, set()
        self.wanted, self.found = collections.Counter(), collections.Counter()
        self.named = self.right = self.alarms = 0
        self.false_alarms = []
        self.undecided = []

    def decide(self, capture, row, theirs, mine, key):
        """who is right: 'ours', 'theirs' or 'neither'; or None"""
        if theirs == mine:
            return 'ours'
        # The witness knows only the shape: the other one may know the service.
        if not theirs and mine in classified_as(row):
            return 'ours'
        at = (capture, key)
        if at not in self.decisions:
            self.undecided.append((capture, key, theirs, mine, row['seen'], row['ndpi']))
            return 'theirs'
        self.used.add(at)
        return self.decisions[at]['right']

    def add(self, capture, row, theirs, mine, key):
        right = self.decide(capture, row, theirs, mine, key)
        if theirs and is_whole(row) and right in ('ours', 'theirs') and theirs in TABLE and \
                (theirs == mine or right == 'theirs'):
            self.wanted[theirs] += 1
            self.found[theirs] += theirs == mine
        if mine:
            self.named += 1
            self.right += right == 'ours'

    def add_alarms(self, capture, labels, wrong):
        """a wrong service that the witness holds to be a right one"""
        for row in labels:
            key = flow_key(row['proto'], (row['init_ip'], row['init_port']),
                           (row['resp_ip'], row['resp_port']))
            self.alarms += key in wrong
            right = self.decisions.get((capture, key), {}).get('right')
            if theirs_of(row) in wrong.get(key, ()) and right not in ('ours', 'neither'):
                self.false_alarms.append((capture, key, theirs_of(row)))

    def report(self, names):
        failed = len(self.false_alarms)
        print(f'wrong-service: {self.alarms} flows, {failed} false alarms')
        for capture, key, theirs in self.false_alarms:
            print(f'FAILED: {capture} {key}: wrong-service, but it is {theirs}')
        for service in TABLE:
            n = self.wanted[service]
            recall = self.found[service] / n if n else 1
            failed += recall < RECALL
            print(f"{'FAILED: ' if recall < RECALL else ''}recall of {service}: {recall:.4f} of {n} flows")
        precision = self.right / max(1, self.named)
        failed += precision < PRECISION
        print(f"{'FAILED: ' if precision < PRECISION else ''}precision: {precision:.4f} of {self.named} flows")
        for at in self.decisions:
            if at[0] in names and at not in self.used:
                failed += 1
                print(f'FAILED: {at[0]} {at[1]}: agrees, but services.csv explains why it would not')
        for capture, key, theirs, mine, seen, ndpi in self.undecided:
            failed += 1
            print(f"FAILED: {capture} {key}: {mine or 'nothing'} here, {theirs or seen} there "
                  f'(ndpi: {ndpi}), undecided')
        return failed


def decisions():
    with open(os.path.join(HERE, 'services.csv'), newline='') as f:
        return {(row['capture'], row['flow']): row for row in csv.DictReader(f)}


def measure(portolan, corpus, names):
    score, labels = Score(decisions()), labels_of(corpus)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        paths = [os.path.join(corpus, n) for n in names]
        for name, (ours, wrong) in zip(names, pool.map(lambda p: replay(portolan, p), paths)):
            score.add_alarms(name, labels[name], wrong)
            for row, theirs, mine, key in compare(labels[name], ours):
                score.add(name, row, theirs, mine, key)
    return score


def main():
    portolan, corpus = sys.argv[1:3]
    score = measure(portolan, corpus, sorted(labels_of(corpus)))
    if '--list' in sys.argv:
        out = csv.writer(sys.stdout)
        for capture, key, theirs, mine, seen, ndpi in score.undecided:
            out.writerow([capture, key, theirs or seen, mine, '', ndpi])
        return 0
    return 1 if score.report(labels_of(corpus)) else 0


if __name__ == '__main__':
    sys.exit(main())
