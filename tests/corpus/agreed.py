#!/usr/bin/env python3
"""What portolan said of captures when it agreed with tshark: the same answer need not be compared again.

    agreed.py PORTOLAN CORPUS TOOLS

writes agreed.csv anew: captures that say what they said are left as they are, the others are compared.
A row has a capture, the hosts that TOOLS/compare.py takes for center and device, and a digest of all that
it looks at: exit status, accounting, each flow's ends, totals, initiator and verdict, and the tools
themselves. tshark takes most of a second to start, 1,160 times half of an hour of a core.

A capture without a row, or with another answer, is compared as ever: the table decides how long that
takes and never what is right. As compare.py's PORTOLAN, with the environment that record() makes, this
file runs portolan and notes what it said.
"""
import csv
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, 'agreed.csv')
COLUMNS = ['capture', 'center', 'device', 'digest']
ROLES = {'center': 'management-center', 'device': 'managed-device'}
NOBODY = '192.0.2.77'  # where compare.py finds no hosts
WRITTEN_EVERY = 96


def load():
    """capture -> its row"""
    if not os.path.exists(TABLE):
        return {}
    with open(TABLE, newline='', encoding='utf-8') as f:
        return {row['capture']: row for row in csv.DictReader(f)}


def salt(tools):
    """what the answers are compared with"""
    text = hashlib.sha256()
    for name in ('compare.py', 'oracle.py', '../policy/seed-table.csv'):
        with open(os.path.join(tools, name), 'rb') as f:
            text.update(f.read())
    return text.hexdigest()


def site(row):
    """the site that compare.py writes"""
    hosts = [(row[who], role) for who, role in ROLES.items() if row[who]]
    hosts = hosts or [(NOBODY, ROLES['center'])]
    return 'profile: cloud-delivered\nappliances:\n' + ''.join(
        f'  - {{name: {role}, role: {role}, addresses: ["{ip}"]}}\n' for ip, role in hosts)


def digest(status, flows, stats, seasoning):
    """of what compare.py looks at"""
    facts = [seasoning, status]
    if os.path.exists(stats):
        with open(stats, encoding='utf-8') as f:
            told = json.load(f)
        facts += [told[part] for part in ('frames', 'decode', 'scope', 'verdict', 'fragments')]
        facts.append(told['flows']['untracked_packets'])
    if os.path.exists(flows):
        with open(flows, encoding='utf-8') as f:
            for r in map(json.loads, f):
                facts.append([r['network']['transport'], r['portolan']['verdict'],
                              r['portolan']['initiator_basis'],
                              *(r[side].get(key) for side in ('source', 'destination')
                                for key in ('ip', 'port', 'packets', 'bytes'))])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def holds(portolan, corpus, name, row, seasoning):
    """whether a capture says what it said when it agreed"""
    if not row:
        return False
    with tempfile.TemporaryDirectory() as d:
        path, flows, stats = (os.path.join(d, n) for n in ('site.yaml', 'flows', 'stats'))
        with open(path, 'w', encoding='utf-8') as f:
            f.write(site(row))
        try:
            done = subprocess.run([portolan, 'replay', '--site', path, '--flows', flows, '--stats',
                                   stats, os.path.join(corpus, name)], capture_output=True,
                                  timeout=60, check=False)
            return digest(done.returncode, flows, stats, seasoning) == row['digest']
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return False


def unsettled(portolan, corpus, tools, names):
    """those that have to be compared"""
    rows, seasoning = load(), salt(tools)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        same = pool.map(lambda n: holds(portolan, corpus, n, rows.get(n), seasoning), names)
        return [name for name, is_same in zip(names, same) if not is_same]


def record(portolan, corpus, tools, folder):
    """the environment in which this file stands for portolan"""
    return {**os.environ, 'AGREED_PORTOLAN': os.path.abspath(portolan), 'AGREED_SALT': salt(tools),
            'AGREED_CORPUS': os.path.abspath(corpus), 'AGREED_NOTES': os.path.join(folder, 'notes')}


def stand_in(arguments):
    """replay --site S --flows F --stats T CAPTURE"""
    done = subprocess.run([os.environ['AGREED_PORTOLAN'], *arguments], check=False)
    _, _, path, _, flows, _, stats, capture = arguments
    with open(path, encoding='utf-8') as f:
        hosts = dict(re.findall(r'role: ([a-z-]+), addresses: \["([^"]+)"\]', f.read()))
    row = {'capture': os.path.relpath(capture, os.environ['AGREED_CORPUS']), 'center': '', 'device': ''}
    row.update((who, hosts[role]) for who, role in ROLES.items() if hosts.get(role, NOBODY) != NOBODY)
    try:
        row['digest'] = digest(done.returncode, flows, stats, os.environ['AGREED_SALT'])
        with open(os.environ['AGREED_NOTES'], 'a', encoding='utf-8') as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            f.write(json.dumps(row) + '\n')
    except (ValueError, KeyError):
        pass  # no answer that could be the same again
    return done.returncode


def write(rows):
    with open(TABLE + '.new', 'w', newline='', encoding='utf-8') as f:
        table = csv.DictWriter(f, COLUMNS, lineterminator='\n')
        table.writeheader()
        table.writerows(rows[name] for name in sorted(rows))
    os.replace(TABLE + '.new', TABLE)


def update(portolan, corpus, tools):
    import run_corpus  # it needs this module
    names = run_corpus.captures(corpus)
    todo = unsettled(portolan, corpus, tools, names)
    rows = {name: row for name, row in load().items() if name in set(names) - set(todo)}
    for at in range(0, len(todo), WRITTEN_EVERY):
        with tempfile.TemporaryDirectory() as folder:
            environment = record(portolan, corpus, tools, folder)
            part = todo[at:at + WRITTEN_EVERY]
            differ = run_corpus.compare(os.path.abspath(__file__), corpus, tools, part, environment)
            if os.path.exists(environment['AGREED_NOTES']):
                with open(environment['AGREED_NOTES'], encoding='utf-8') as f:
                    rows.update((row['capture'], row) for row in map(json.loads, f)
                                if row['capture'] not in differ)
        write(rows)
        print(f'{len(rows)} of {len(names)} captures', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(stand_in(sys.argv[1:]) if 'AGREED_PORTOLAN' in os.environ else update(*sys.argv[1:4]))
