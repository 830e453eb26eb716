#!/usr/bin/env python3
"""The way of somebody who is new, as README has it: every command of it is run, in its order.

    test_newcomer.py PORTOLAN PORTOLAN_GENERATE

The capture is the demonstration's, in the place of the one that tcpdump would take; the sensor reads
an interface of that name in a network namespace, for two seconds. Needs root for that.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE = (str(Path(a).resolve()) for a in sys.argv[1:3])
TREE = Path(__file__).resolve().parent.parent.parent
NAMESPACE = f'newcomer-{os.getpid()}'
HEADING = 'Your own capture'


def commands():
    """The lines of README's block, without comments."""
    text = (TREE / 'README.md').read_text().split(HEADING, 1)[1]
    block = re.search(r'(?:^    .*\n)+', text, re.M)[0]
    lines = [re.sub(r'\s+#.*', '', line[4:]).rstrip() for line in block.splitlines()]
    return [line for line in lines if line]


class World:
    def __init__(self, folder):
        self.folder = Path(folder)
        subprocess.run([GENERATE, 'demo', '-o', self.folder / 'capture.pcap'], check=True)
        (self.folder / 'bin').mkdir()
        (self.folder / 'bin' / 'portolan').symlink_to(PORTOLAN)
        self.env = {**os.environ, 'PORTOLAN_CONFIGS': str(TREE / 'configs'), 'NO_COLOR': '1',
                    'PATH': f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    def run(self, line):
        return subprocess.run(['sh', '-c', line], cwd=self.folder, env=self.env, capture_output=True,
                              text=True, check=False, timeout=120)


def every_command_of_the_readme_works(w):
    lines = commands()
    words = [line.split()[0:2] for line in lines]
    for want in (['portolan', 'discover'], ['portolan', 'check'], ['portolan', 'replay'],
                 ['portolan', 'triage']):
        assert want in words, (want, lines)
    for line in lines:
        if line.split()[0] in ('tcpdump', 'sudo'):
            continue
        done = w.run(line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert '  - name: center-1' in (w.folder / 'site.yaml').read_text()
    found = w.run([line for line in lines if 'triage' in line][0]).stdout
    assert 'unexpected-port' in found and '4444/tcp' in found, found
    # the stranger on the appliances' own port is no appliance of the proposal
    assert '8305/tcp' in found and '198.51.100.77' in found, found


def the_sensor_starts_with_the_same_site(w):
    if os.geteuid() != 0:
        raise Skip('needs root, for a network namespace')
    line = [line for line in commands() if ' run ' in line][0].removeprefix('sudo ')
    if not (w.folder / 'site.yaml').exists():
        raise Skip('there is no site')
    if subprocess.run(['ip', 'netns', 'add', NAMESPACE], capture_output=True, check=False).returncode:
        raise Skip('no network namespace can be made')
    try:
        inside = f'ip netns exec {NAMESPACE} '
        for setup in ('ip link add eth1 type veth peer name other1', 'ip link set other1 up', 'ip link set eth1 up'):
            subprocess.run((inside + setup).split(), check=True, capture_output=True)
        done = w.run(f'{inside}{line} --duration 2s --user root')
        assert done.returncode == 0, (done.stdout, done.stderr)
    finally:
        subprocess.run(['ip', 'netns', 'del', NAMESPACE], check=False, capture_output=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        return tap.run([every_command_of_the_readme_works, the_sensor_starts_with_the_same_site],
                       World(folder))


if __name__ == '__main__':
    sys.exit(main())
