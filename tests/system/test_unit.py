#!/usr/bin/env python3
"""The sensor under its systemd unit, for real: ready, watched, reloaded, restarted, stopped.

    test_unit.py PORTOLAN

Boots a systemd of its own in a container (systemd-nspawn) whose root is this machine's, under an
overlay in memory: nothing of it is changed. Needs root; the network is the container's own.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tap
from tap import Skip

PORTOLAN = Path(sys.argv[1]).resolve()
TREE = Path(__file__).resolve().parent.parent.parent
UNIT = TREE / 'configs' / 'units' / 'portolan.service'
EXPOSURE_MAX = 1.5
BOOT_SECONDS = 150

# Sooner than in production.
DROP_IN = """[Service]
Environment=PORTOLAN_CONFIGS=/usr/share/portolan
WatchdogSec=3
TimeoutAbortSec=2
"""


class Container:
    """A root of this machine's files and the sensor's, gone afterwards."""

    def __init__(self, folder):
        self.memory, self.root = folder / 'memory', folder / 'memory' / 'root'

    def __enter__(self):
        self.memory.mkdir()
        self.mount('-t', 'tmpfs', 'none', self.memory)
        layers = [self.memory / name for name in ('upper', 'work')]
        for layer in (*layers, self.root):
            layer.mkdir()
        self.mount('-t', 'overlay', 'overlay', '-o',
                   f'lowerdir=/,upperdir={layers[0]},workdir={layers[1]}', self.root)
        self.fill()
        return self

    @staticmethod
    def mount(*arguments):
        if subprocess.run(['mount', *arguments], capture_output=True, check=False).returncode:
            raise Skip('cannot mount an overlay')

    def fill(self):
        for program in (PORTOLAN, PORTOLAN.with_name('portolan-sensor')):
            shutil.copy(program, self.root / 'usr' / 'bin')
        shutil.copytree(TREE / 'configs', self.root / 'usr/share/portolan', dirs_exist_ok=True)
        units = self.root / 'etc/systemd/system'
        shutil.copy(UNIT, units)
        (units / 'portolan.service.d').mkdir(exist_ok=True)
        (units / 'portolan.service.d' / 'test.conf').write_text(DROP_IN)
        shutil.copy(TREE / 'tests/system/unit/portolan-test.service', units)
        (self.root / 'etc/portolan').mkdir(exist_ok=True)
        test = self.root / 'test'
        test.mkdir()
        shutil.copy(TREE / 'tests/system/unit/driver.py', test)
        subprocess.run(['chroot', self.root, 'useradd', '--system', '--user-group',
                        '--home-dir', '/var/lib/portolan', 'portolan'], capture_output=True,
                       check=False)

    def boot(self):
        """what the driver told, {case: None or what went wrong}"""
        command = ['systemd-nspawn', '-q', '--register=no', '--keep-unit', '-D', self.root,
                   '--private-network', '-b', 'systemd.unit=portolan-test.service',
                   'systemd.log_level=warning']
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=BOOT_SECONDS, check=False)
            said = done.stdout + done.stderr
        except subprocess.TimeoutExpired as late:
            said = str(late.stdout)
        told = self.root / 'test' / 'told.json'
        if not told.exists():
            raise Skip(f'systemd does not run in a container here: {said[-300:]!r}')
        return json.loads(told.read_text())

    def __exit__(self, *_):
        for place in (self.root, self.memory):
            subprocess.run(['umount', '-l', place], capture_output=True, check=False)


def the_unit_is_exposed_little():
    if not shutil.which('systemd-analyze'):
        raise Skip('no systemd-analyze')
    told = subprocess.run(['systemd-analyze', 'security', '--offline=yes', '--no-pager', UNIT],
                          capture_output=True, text=True, check=False).stdout
    level = re.search(r'Overall exposure level for \S+: ([\d.]+)', told)
    wrong = [line for line in told.splitlines() if line.startswith('✗')]
    assert level and float(level[1]) <= EXPOSURE_MAX, (level and level[1], wrong)


def case_of(told, name):
    def case():
        if isinstance(told, Skip):
            raise told
        assert told[name] is None, f"{told[name]}\n{told['journal']}"
    case.__name__ = name
    return case


def boot():
    if os.geteuid() != 0:
        return Skip('needs root')
    if not shutil.which('systemd-nspawn'):
        return Skip('no systemd-nspawn')
    with tempfile.TemporaryDirectory() as folder:
        try:
            with Container(Path(folder)) as container:
                return container.boot()
        except Skip as reason:
            return reason


def main():
    told = boot()
    names = re.findall(r'^def (\w+)\(\):', (TREE / 'tests/system/unit/driver.py').read_text(), re.M)
    cases = [name for name in names if re.match(r'(it|a)_', name)]
    return tap.run([the_unit_is_exposed_little, *(case_of(told, name) for name in cases)])


if __name__ == '__main__':
    sys.exit(main())
