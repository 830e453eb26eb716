"""The flows inside tunnels, judged and compared with tshark's.

The other comparison has the hosts of the outermost header as appliances. Here appliances are
those that only ever occur innermost, so that what carries them has to be looked into.
"""
import collections
import csv
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

APPLIANCES_MAX = 2000


def oracle_of(tools):
    spec = importlib.util.spec_from_file_location('oracle', os.path.join(tools, 'oracle.py'))
    module = importlib.util.module_from_spec(spec)
    sys.modules['oracle'] = module
    spec.loader.exec_module(module)
    return module


def candidates(corpus):
    """captures whose innermost flows are not their outermost ones"""
    seen = collections.defaultdict(lambda: (set(), set()))
    with open(os.path.join(corpus, 'labels.csv'), newline='') as f:
        for row in csv.DictReader(f):
            ends = frozenset([(row['init_ip'], row['init_port']), (row['resp_ip'], row['resp_port'])])
            seen[row['file']][row['layer'] == 'inner'].add((row['proto'], ends))
    return sorted(name for name, (outer, inner) in seen.items() if inner - outer)


def innermost_hosts(oracle, path):
    inner, around = set(), set()
    for packet in oracle.Dissection(path, payload=False):
        layers = [l for l in packet.layers if not l.quoted]
        for i, layer in enumerate(layers):
            last = i > 0 and i + 1 == len(layers)
            (inner if last else around).update({layer.src, layer.dst})
    return sorted(h for h in inner - around if h)[:APPLIANCES_MAX]


def wanted_flows(oracle, path, hosts):
    """(transport, end, end) -> packets and bytes by end"""
    want = {}
    for flow in oracle.analyse(path, True, False, False, 0, False).flows:
        row = dict(zip(oracle.COLS, oracle.row(path, flow, True)))
        if row['proto'] not in ('tcp', 'udp') or not {row['init_ip'], row['resp_ip']} & set(hosts):
            continue
        a = (row['init_ip'], int(row['init_port']))
        b = (row['resp_ip'], int(row['resp_port']))
        total = want.setdefault((row['proto'], *sorted((a, b))), collections.Counter())
        total[a, 'packets'] += int(row['pkts_fwd'])
        total[b, 'packets'] += int(row['pkts_rev'])
        total[a, 'bytes'] += int(row['ipbytes_fwd'])
        total[b, 'bytes'] += int(row['ipbytes_rev'])
    return want


def found_flows(portolan, path, hosts):
    with tempfile.TemporaryDirectory() as d:
        site, flows = os.path.join(d, 'site.yaml'), os.path.join(d, 'flows')
        with open(site, 'w') as f:
            f.write('appliances:\n  - name: inside\n    role: managed-device\n    addresses: '
                    + json.dumps(hosts) + '\n')
        subprocess.run([portolan, 'replay', '--site', site, '--flows', flows, path],
                       capture_output=True, timeout=120, check=False)
        with open(flows) as f:
            records = [json.loads(line) for line in f]
    found = {}
    for r in records:
        if r['network']['transport'] not in ('tcp', 'udp'):
            continue
        ends = {side: (r[side]['ip'], r[side]['port']) for side in ('source', 'destination')}
        total = found.setdefault((r['network']['transport'], *sorted(ends.values())),
                                 collections.Counter())
        for side, end in ends.items():
            for what in ('packets', 'bytes'):
                total[end, what] += r[side][what]
    return found


def difference(oracle, portolan, path):
    """the first one, None if there is none, or False where there is nothing to compare"""
    hosts = innermost_hosts(oracle, path)
    want = wanted_flows(oracle, path, hosts)
    if not want:
        return False
    found = found_flows(portolan, path, hosts)
    for key in sorted(set(want) | set(found)):
        if +want.get(key, collections.Counter()) != +found.get(key, collections.Counter()):
            return (f'{key}: want {sorted(want.get(key, {}).values())} '
                    f'found {sorted(found.get(key, {}).values())}')
    return None


def compare(portolan, corpus, tools):
    """(captures compared, differing captures -> the first difference)"""
    oracle, differ, compared = oracle_of(tools), {}, []
    for name in candidates(corpus):
        what = difference(oracle, portolan, os.path.join(corpus, name))
        if what is not False:
            compared.append(name)
        if what:
            differ[name] = what
    return compared, differ
