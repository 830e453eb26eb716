#!/usr/bin/env python3
"""One allocation, or one write, of a command fails: no crash, no hang, no wrong answer that is called done.

    test_faults.py PORTOLAN PORTOLAN_GENERATE FAULT_SHIM

Every case runs a command undisturbed, counts, and then again with the first fault, the second and so
on. The ordinary run takes evenly spread ones; PORTOLAN_FAULTS=all takes all (half an hour), a number
so many of each case. A profile of a few rows keeps the counts small: what allocates is the same.
"""
import concurrent.futures
import errno
import mmap
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE, SHIM = (str(Path(a).resolve()) for a in sys.argv[1:4])
TREE = Path(__file__).resolve().parent.parent.parent
GOLDEN = TREE / 'tests' / 'golden' / 'events-raised'
FAULTS = os.environ.get('PORTOLAN_FAULTS', '70')
KINDS = {'memory': 0, 'write': 1}
AT_ONCE = 2

PROFILE = """
name: cloud-delivered
rows:
  - {role: management-center, direction: inbound, port: 8305, transport: tcp,
     feature: appliance-communications, service: tls, description: d, source: s, status: verified, required: true}
  - {role: managed-device, direction: inbound, port: 8305, transport: tcp,
     feature: appliance-communications, service: tls, description: d, source: s, status: verified, required: true}
  - {role: management-center, direction: inbound, port: 22, transport: tcp,
     feature: ssh, service: ssh, description: d, source: s, status: verified}
"""
OTHER = """
name: other
extends: cloud-delivered
add:
  - {role: management-center, direction: inbound, port: 23, transport: tcp,
     feature: telnet, service: telnet, description: d, source: s, status: verified}
"""
SIGNATURES = """
signatures:
  - {service: tls, transport: tcp, side: either, pattern: '^\\x16\\x03', validator: tls}
  - {service: ssh, transport: tcp, side: either, pattern: '^SSH-[12]\\.', validator: ssh}
"""


class Shared:
    """The file that the shim shares with us: its `struct fault`."""
    FIELDS = struct.Struct('=10q')

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(self.FIELDS.size))
        with open(path, 'r+b') as file:
            self.bytes = mmap.mmap(file.fileno(), self.FIELDS.size)

    def set(self, kind=None, at=0, every=0, error=errno.ENOSPC):
        """what fails from now on; counts begin anew, but for the blocks that live"""
        live = self.FIELDS.unpack_from(self.bytes)[9]
        ats, everys = [0, 0], [0, 0]
        if kind:
            ats[KINDS[kind]], everys[KINDS[kind]] = at, every
        self.FIELDS.pack_into(self.bytes, 0, *ats, *everys, 0, 0, 0, 0, error, live)

    def seen(self, kind):
        return self.FIELDS.unpack_from(self.bytes)[4 + KINDS[kind]]

    def failed(self, kind):
        return self.FIELDS.unpack_from(self.bytes)[6 + KINDS[kind]]

    def live(self):
        return self.FIELDS.unpack_from(self.bytes)[9]

    def environment(self):
        return {'LD_PRELOAD': SHIM, 'PORTOLAN_FAULT': str(self.path)}


class World:
    """A capture, its site, a small policy, and a folder for each of those who run at once."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.capture, self.site = self.folder / 'c.pcap', GOLDEN / 'site.yaml'
        subprocess.run([GENERATE, 'script', GOLDEN / 'traffic', '-o', self.capture], check=True)
        configs = self.folder / 'configs'
        for name, text in {'profiles/cloud-delivered': PROFILE, 'profiles/other': OTHER,
                           'signatures/few': SIGNATURES}.items():
            path = configs / f'{name}.yaml'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.table, self.device_records = self.folder / 'table.csv', self.folder / 'records.json'
        self.table.write_text('name,role,addresses,managers\nm-1,fmc,10.10.0.5,\nd-1,ftd,10.20.0.1,m-1\n')
        self.device_records.write_text('{"items": [{"name": "d-1", "hostName": "10.20.0.1"}, {"name": "d-2"}]}')
        self.environment = {**os.environ, 'PORTOLAN_CONFIGS': str(configs)}


class Case:
    """A command that is run again and again, in a folder of its own."""
    FILES = ('flows', 'events', 'stats')

    def __init__(self, world, folder, arguments, cold=False, timeout=20):
        self.world, self.folder, self.cold, self.timeout = world, folder, cold, timeout
        folder.mkdir()
        self.shared = Shared(folder / 'fault')
        self.command = [PORTOLAN, *(str(a).replace('FOLDER', str(folder)) for a in arguments)]

    def run(self, kind=None, at=0, error=errno.ENOSPC):
        """(status, standard error, answer)"""
        self.shared.set(kind, at, 0, error)
        cache = self.folder / 'cache'
        if self.cold:
            subprocess.run(['rm', '-rf', cache], check=True)
        for name in self.FILES:
            (self.folder / name).unlink(missing_ok=True)
        child = subprocess.run(self.command, capture_output=True, timeout=self.timeout, check=False, cwd=self.folder,
                               env={**self.world.environment, **self.shared.environment(),
                                    'PORTOLAN_CACHE': str(cache)})
        return child.returncode, child.stderr.decode(), self.answer(child.stdout)

    def answer(self, stdout):
        return [stdout] + [(self.folder / n).read_bytes() if (self.folder / n).exists() else None
                           for n in self.FILES]

    def leftovers(self):
        return [p.name for p in self.folder.iterdir() if p.name.startswith('.')]


# The dynamic loader and DPDK have words of their own.
WORDS = {'memory': 'memory|cannot create shared object|EAL: FATAL', 'write': 'No space left|Input/output error|disk is full|disk I/O error|unable to open|readonly database'}


def wrong(case, kind, at, error, usual, answer_of):
    """what is wrong with an answer when this fault happens, or None"""
    try:
        status, told, answer = case.run(kind, at, error)
    except subprocess.TimeoutExpired:
        return 'does not end'
    if not case.shared.failed(kind):
        return None
    if status < 0 or status > 3:
        return f'status {status}: {told[-300:]}'
    if status == 0:
        return None if answer_of(answer) == usual else f'called done, another answer; {told[-300:]}'
    if case.leftovers():
        return f'leaves {case.leftovers()}'
    if not re.search(WORDS[kind], told):
        return f'status {status} without the reason: {told[-300:]!r}'
    return None


def chosen(count, at_most=10 ** 6):
    """the faults of `count` to try"""
    if FAULTS == 'all':
        return range(1, count + 1)
    wanted = min(int(FAULTS), at_most)
    return sorted({1 + i * count // wanted for i in range(wanted)} & set(range(1, count + 1)))


def hold(world, name, arguments, kind, faults=10 ** 6, answer=lambda whole: whole, **options):
    """every fault of a kind leaves the command without a false answer"""
    cases = [Case(world, world.folder / f'{name}-{kind}-{i}', arguments, **options)
             for i in range(AT_ONCE)]
    usual = []
    for case in cases:
        case.run()
        status, told, whole = case.run()
        assert status == 0, told
        usual.append(answer(whole))
    count = cases[0].shared.seen(kind)
    faults = list(chosen(count, faults))

    def some(i):
        found = []
        for at in faults[i::AT_ONCE]:
            error = errno.EIO if at % 2 else errno.ENOSPC
            what = wrong(cases[i], kind, at, error, usual[i], answer)
            found += [f'{kind} fault {at}: {what}'] if what else []
        return found

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = sum(pool.map(some, range(AT_ONCE)), [])
    print(f'# {name}: {len(faults)} of {count} {kind} faults, {len(found)} not as they should be')
    assert count, 'the shim sees nothing'
    assert not found, f'{len(found)} of {len(faults)}:\n' + '\n'.join(found[:40])


def replay(world, *more):
    return ['replay', *more, '--site', world.site, '--flows', 'FOLDER/flows', '--events',
            'FOLDER/events', '--stats', 'FOLDER/stats', world.capture]


def a_replay_without_an_allocation(w):
    hold(w, 'replay', replay(w), 'memory')


def a_replay_without_a_write(w):
    hold(w, 'replay', replay(w), 'write', cold=True)


def a_first_replay_whose_signatures_are_not_kept_without_an_allocation(w):
    hold(w, 'cold', replay(w), 'memory', cold=True)


def a_replay_with_workers_without_an_allocation(w):
    hold(w, 'workers', replay(w, '--workers', '2'), 'memory')


def a_replay_with_workers_without_a_write(w):
    hold(w, 'workers', replay(w, '--workers', '2'), 'write')


def a_replay_into_a_store_without_an_allocation(w):
    hold(w, 'store', replay(w, '--store', 'FOLDER/store', '--evidence', 'FOLDER/packets'), 'memory')


def a_replay_into_a_store_without_a_write(w):
    hold(w, 'store', replay(w, '--store', 'FOLDER/store', '--evidence', 'FOLDER/packets'), 'write')


def a_check_without_an_allocation(w):
    hold(w, 'check', ['check', '--site', w.site], 'memory')


def a_check_without_a_write(w):
    hold(w, 'check', ['check', '--site', w.site], 'write')


def discover(world):
    return ['discover', world.capture, '--port', '1001']


def a_discovery_without_an_allocation(w):
    hold(w, 'discover', discover(w), 'memory')


def a_discovery_without_a_write(w):
    hold(w, 'discover', discover(w), 'write')


def an_import_without_an_allocation(w):
    hold(w, 'import', ['import', w.table], 'memory')
    hold(w, 'records', ['import', w.device_records, '--compare', w.capture], 'memory')


def an_import_without_a_write(w):
    hold(w, 'import', ['import', w.table], 'write')


def an_explanation_without_an_allocation(w):
    hold(w, 'explain', ['explain', '--site', w.site, 'tcp', '10.20.0.1:49152', '10.10.0.5:23'], 'memory')


def an_explanation_without_a_write(w):
    hold(w, 'explain', ['explain', '--site', w.site, 'tcp', '10.20.0.1:49152', '10.10.0.5:23'], 'write')


def a_policy_without_an_allocation(w):
    hold(w, 'policy', ['policy', '--site', w.site], 'memory')
    hold(w, 'policy-json', ['policy', '--site', w.site, '--format', 'json'], 'memory')


def a_policy_without_a_write(w):
    hold(w, 'policy', ['policy', '--site', w.site], 'write')


# ---- a sensor


def sensor_site(world, folder, more=''):
    site = folder / 'site.yaml'
    site.write_text(world.site.read_text() + f'capture:\n  source: dpdk\n  dpdk: {{devices: '
                    f'["net_pcap0,rx_pcap={world.capture}"]}}\n'
                    f'outputs:\n  control: {{socket: {folder}/control.sock}}\n' + more)
    return site


class Sensor:
    """One that runs under the shim, and can be asked without it."""

    def __init__(self, world, folder):
        folder.mkdir()
        self.world, self.folder, self.shared = world, folder, Shared(folder / 'fault')
        self.site = sensor_site(world, folder)
        self.child = subprocess.Popen(
            [PORTOLAN, 'run', '--site', self.site], stdout=subprocess.DEVNULL,
            stderr=open(folder / 'log', 'w'), env={**world.environment, **self.shared.environment()})
        deadline = time.monotonic() + 20
        while not self.policy() and self.child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if 'built without' in self.told():
            raise Skip('built without DPDK')
        assert self.policy(), self.told()

    def told(self):
        return (self.folder / 'log').read_text()

    def ask(self, *words):
        return subprocess.run([PORTOLAN, *words, '--socket', self.folder / 'control.sock'],
                              capture_output=True, text=True, timeout=20, check=False)

    def policy(self):
        found = re.search(r'(sha256:[0-9a-f]{64})', self.ask('status', '--json').stdout)
        return found and found.group(1)

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(20)


def refused_reload(sensor, words, at, before):
    """what is wrong when this allocation of a reload fails, or None"""
    sensor.shared.set('memory', at)
    done = sensor.ask('reload', *words)
    was_due = sensor.shared.failed('memory')
    sensor.shared.set()
    if sensor.child.poll() is not None:
        return f'the sensor ends with {sensor.child.returncode}: {sensor.told()[-300:]}'
    if done.returncode == 0:
        return None if words or sensor.policy() != before or not was_due else 'done, and is not'
    if done.returncode != 1 or not re.search('memory|closed|hung up', done.stderr):
        return f'{done.returncode} {done.stderr!r}'
    return None if sensor.policy() == before else 'another policy is in force'


def a_reload_without_an_allocation(w):
    sensor = Sensor(w, w.folder / 'reload')
    try:
        changed = '  silence: 2h\nfeatures:\n  ssh: {enabled: false}\n'
        sensor_site(w, sensor.folder)
        sensor.shared.set()
        assert sensor.ask('reload').returncode == 0, sensor.told()
        count, before = sensor.shared.seen('memory'), sensor.policy()
        live = sensor.shared.live()
        found, faults = [], list(chosen(count))
        for at in faults:
            sensor_site(w, sensor.folder, changed)
            for words in (('--dry-run',), ()):
                what = refused_reload(sensor, words, at, before)
                found += [f'{words} fault {at}: {what}'] if what else []
                assert sensor.child.poll() is None, found
            if sensor.policy() != before:  # that allocation was not needed
                sensor_site(w, sensor.folder)
                assert sensor.ask('reload').returncode == 0
        assert sensor.ask('reload').returncode == 0 and sensor.policy() != before
        sensor_site(w, sensor.folder)
        assert sensor.ask('reload').returncode == 0 and sensor.policy() == before
        lost = sensor.shared.live() - live
        print(f'# reload: {len(faults)} of {count} faults, twice, {len(found)} not as they should '
              f'be, {lost} blocks more than before')
        assert not found, '\n'.join(found[:30])
        assert lost < 100, f'{lost} blocks are not freed'
        assert 'not reloaded, the policy stays as it was' in sensor.told()
    finally:
        sensor.end()


def start(world):
    """a sensor for a moment, and what comes of a capture that is read as fast as it can be"""
    folder = world.folder / 'start'
    folder.mkdir(exist_ok=True)
    done = subprocess.run([PORTOLAN, 'run', '--site', sensor_site(world, folder), '--duration', '1s'],
                          capture_output=True, text=True, check=False, env=world.environment)
    if 'built without' in done.stderr:
        raise Skip('built without DPDK')
    site = folder / 'short.yaml'  # no socket: two run at once
    site.write_text(re.sub('(?s)outputs:.*', '', (folder / 'site.yaml').read_text()))
    return ['run', '--site', site, '--flows', 'FOLDER/flows', '--duration', '1s']


def a_start_of_a_sensor_without_an_allocation(w):
    hold(w, 'start', start(w), 'memory', faults=12, answer=whole_flows)


def a_start_of_a_sensor_without_a_write(w):
    hold(w, 'start', start(w), 'write', faults=12, answer=whole_flows)


def whole_flows(answer):
    """of a sensor: how many flows it wrote; their times are those of the run"""
    return (answer[1] or b'').count(b'\n')


TESTS = [a_start_of_a_sensor_without_an_allocation,
         a_start_of_a_sensor_without_a_write,
         a_reload_without_an_allocation,
         a_replay_without_an_allocation,
         a_replay_without_a_write,
         a_first_replay_whose_signatures_are_not_kept_without_an_allocation,
         a_replay_with_workers_without_an_allocation,
         a_replay_with_workers_without_a_write,
         a_replay_into_a_store_without_an_allocation,
         a_replay_into_a_store_without_a_write,
         a_check_without_an_allocation,
         a_check_without_a_write,
         a_discovery_without_an_allocation,
         a_discovery_without_a_write,
         an_import_without_an_allocation,
         an_import_without_a_write,
         an_explanation_without_an_allocation,
         an_explanation_without_a_write,
         a_policy_without_an_allocation,
         a_policy_without_a_write]


def main():
    chosen_tests = [t for t in TESTS if re.search(os.environ.get('PORTOLAN_CASES', ''), t.__name__)]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        return tap.run(chosen_tests, World(folder))


if __name__ == '__main__':
    sys.exit(main())
