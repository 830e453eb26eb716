#!/usr/bin/env python3
"""Guards the packet path's price: instructions a packet, which unlike times do not waver.

    test_instructions.py PORTOLAN GENERATE

`portolan bench` runs under callgrind with two numbers of rounds; the difference is what a
round costs. instructions.csv has what it cost when it was last looked at, with and without
link-time optimisation; more than 2 % above that fails, and what got cheaper by more is to be
written there. Counts belong to one compiler and one optimisation: on any other, and without
valgrind, the cases are skipped.
"""
import csv
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS = (1, 4)
PACKETS = 20000
TOLERANCE = 0.02
LOADS = {
    'A, all monitored': ['--mix', 'a', '--flows', '1000'],
    'A, 1 % monitored': ['--mix', 'a', '--flows', '1000', '--monitored', '1%'],
    'A, IPv6': ['--mix', 'a', '--flows', '1000', '--ipv6', '100%'],
    'C, all monitored': ['--mix', 'c', '--flows', '200'],
}


def compiler(portolan):
    """compiler and link-time optimisation, for which the counts are good; None: any other build"""
    build = Path(portolan).resolve().parent.parent
    options = subprocess.run(['meson', 'introspect', '--buildoptions', str(build)],
                             capture_output=True, text=True, check=False).stdout
    lto = '"name": "b_lto", "value": true' in options
    plain = '"name": "b_sanitize", "value": "none"' in options and \
        '"name": "optimization", "value": "3"' in options
    with open(build / 'compile_commands.json') as f:
        command = json.load(f)[0]['command'].split()[0]
    said = subprocess.run([command, '--version'], capture_output=True, text=True,
                          check=False).stdout
    version = re.search(r'(\d+\.\d+\.\d+)', said)
    if not (plain and version):
        return None
    return ('clang ' if 'clang' in said else 'gcc ') + version[1], 'yes' if lto else 'no'


def counted(portolan, site, capture, rounds):
    run = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', portolan,
                          'bench', '--site', site, '--rounds', str(rounds), capture],
                         capture_output=True, text=True, check=True)
    return int(re.search(r'Collected : (\d+)', run.stderr)[1])


def measure(portolan, generate, folder, name):
    site, capture = str(folder / 'site.yaml'), str(folder / 'load.pcap')
    subprocess.run([generate, 'site', '-o', site], check=True)
    subprocess.run([generate, 'load', *LOADS[name], '--packets', str(PACKETS), '-o', capture],
                   check=True)
    low, high = (counted(portolan, site, capture, n) for n in ROUNDS)
    return (high - low) / ((ROUNDS[1] - ROUNDS[0]) * PACKETS)


def main():
    portolan, generate = sys.argv[1:3]
    with open(HERE / 'instructions.csv', newline='') as f:
        known = {(row['load'], row['compiler'], row['lto']): row for row in csv.DictReader(f)}
    here = compiler(portolan)
    print(f'1..{len(LOADS)}')
    for number, name in enumerate(LOADS, 1):
        title = f'{number} - instructions a packet: {name}'
        row = known.get((name, *(here or ())))
        if not shutil.which('valgrind'):
            print(f'ok {title} # SKIP valgrind is not installed')
            continue
        if not row:
            print(f"ok {title} # SKIP nothing was counted for "
                  f"{' with link-time optimisation: '.join(here) if here else 'such a build'}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            now = measure(portolan, generate, Path(folder), name)
        limit = float(row['instructions']) * (1 + TOLERANCE)
        print(f"{'ok' if now <= limit else 'not ok'} {title}")
        print(f"# {now:.0f}; {row['instructions']} when it was last looked at")
    return 0


if __name__ == '__main__':
    sys.exit(main())
