#!/usr/bin/env python3
"""Real captures that are not part of the project, judged by it.

    run_corpus.py PORTOLAN-WITH-SANITIZERS PORTOLAN CORPUS TOOLS

CORPUS holds captures and a manifest.csv (repo, path). With the sanitized build every one of
them is replayed with every host monitored: no crash, no report, the accounting adds up, and flow
records, events, summary and exit status agree (tests/golden/agree.py).
Where tshark and TOOLS/compare.py are at hand, flows, totals, initiators and verdicts are
compared with tshark's, where a capture does not say what it said when it agreed (agreed.py), and then
those of the flows inside tunnels (tunnels.py); what may differ is
listed in differences.csv and differences-tunnels.csv, by capture and reason, and nothing else may.
Where CORPUS has labels.csv, services are compared with two witnesses: services.py. The last line
is `N passed, N failed`.
"""
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import agreed
import services
import tunnels

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden'))
import agree  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SITE = ('appliances:\n'
        '  - {name: any, role: managed-device, addresses: ["0.0.0.0/0", "::/0"]}\n')
BATCH = 24


def captures(corpus):
    with open(os.path.join(corpus, 'manifest.csv'), newline='') as f:
        return [os.path.join(row['repo'].replace('/', '+'), row['path'])
                for row in csv.DictReader(f)]


def identities(stats, records):
    """names of the identities of the accounting that do not hold"""
    frames, decode, scope = stats['frames'], stats['decode'], stats['scope']
    judged = sum(stats['verdict']['packets'].values())
    packets = sum(r['source']['packets'] + r['destination']['packets'] for r in records)
    return [name for name, holds in {
        'frames': frames['received'] == decode['ip'] + decode['non_ip'] + decode['duplicate'] +
                  sum(decode['discarded'].values()),
        'scope': decode['ip'] == scope['monitored'] + scope['unmonitored'],
        'verdicts': scope['monitored'] == judged + stats['fragments']['unattributed'],
        'records': packets == judged - stats['flows']['untracked_packets'],
    }.items() if not holds]


def replay(portolan, corpus, capture):
    """what is wrong, or None"""
    with tempfile.TemporaryDirectory() as d:
        site, flows, stats, events = (
            os.path.join(d, n) for n in ('site.yaml', 'flows', 'stats', 'events'))
        with open(site, 'w') as f:
            f.write(SITE)
        run = subprocess.run([portolan, 'replay', '--site', site, '--flows', flows,
                              '--stats', stats, '--events', events, '--fail-on', 'flagged',
                              os.path.join(corpus, capture)],
                             capture_output=True, timeout=120, check=False)
        said = run.stderr.decode('utf-8', 'replace')
        if run.returncode not in (0, 1, 3) or 'Sanitizer' in said or 'runtime error' in said:
            return f'status {run.returncode}: {said[-300:]}'
        with open(stats) as f, open(flows) as g, open(events) as h:
            figures, records, told = json.load(f), *([json.loads(line) for line in x] for x in (g, h))
        broken = [f'{name} does not add up' for name in identities(figures, records)]
        broken += agree.check(records, told, figures, run.stdout.decode('utf-8', 'replace'),
                              run.returncode if run.returncode in (0, 3) else None)
        return '; '.join(broken[:5]) if broken else None


def replay_all(portolan, corpus, names):
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, wrong in zip(names, pool.map(lambda n: replay(portolan, corpus, n), names)):
            if wrong:
                failed += 1
                print(f'FAILED: {name}: {wrong}')
    return failed


def compare(portolan, corpus, tools, names, environment=None):
    """differing captures -> the first difference"""
    differ = {}
    for at in range(0, len(names), BATCH):
        paths = [os.path.join(corpus, n) for n in names[at:at + BATCH]]
        out = subprocess.run([sys.executable, os.path.join(tools, 'compare.py'), portolan, *paths],
                             capture_output=True, text=True, check=False, env=environment).stdout
        short = {os.path.join(os.path.basename(os.path.dirname(p)), os.path.basename(p)): n
                 for p, n in zip(paths, names[at:at + BATCH])}
        for line in out.splitlines():
            found = re.match(r'(\S+\.\S+): (.*)', line)
            if found and found[1] in short:
                differ[short[found[1]]] = found[2]
    return differ


def judge(differ, names, explanations):
    """how many of the captures differ without an explanation, or have one and do not"""
    with open(os.path.join(HERE, explanations), newline='') as f:
        explained = {row['capture']: row['reason'] for row in csv.DictReader(f)}
    failed = 0
    for name, what in differ.items():
        if name in explained:
            print(f'differs, as explained ({explained[name]}): {name}')
        else:
            failed += 1
            print(f'FAILED: {name}: {what}')
    for name in explained:
        if name in names and name not in differ:
            failed += 1
            print(f'FAILED: {name}: agrees, but {explanations} explains why it would not')
    return failed


def main():
    sanitized, portolan, corpus, tools = sys.argv[1:5]
    names = captures(corpus)
    failed = replay_all(sanitized, corpus, names)
    passed, skipped = len(names) - failed, 0
    if shutil.which('tshark') and os.path.exists(os.path.join(tools, 'compare.py')):
        todo = agreed.unsettled(portolan, corpus, tools, names)
        print(f'{len(names) - len(todo)} captures say what they said when they agreed with tshark, '
              f'{len(todo)} are compared')
        wrong = judge(compare(portolan, corpus, tools, todo), names, 'differences.csv')
        within, differ = tunnels.compare(portolan, corpus, tools)
        wrong_within = judge(differ, within, 'differences-tunnels.csv')
        passed += len(names) - wrong + len(within) - wrong_within
        failed += wrong + wrong_within
    else:
        print('skipped: the comparison with tshark: it is not installed')
        skipped = 1
    if os.path.exists(os.path.join(corpus, 'labels.csv')):
        wrong = services.measure(portolan, corpus, names).report(set(names))
        passed, failed = passed + (wrong == 0), failed + wrong
    else:
        print('skipped: the services: CORPUS has no labels.csv')
        skipped += 1
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
