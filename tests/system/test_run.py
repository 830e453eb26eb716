#!/usr/bin/env python3
"""`portolan run`: the same capture through a file, through DPDK and live gives the same records.

    test_run.py PORTOLAN PORTOLAN_GENERATE

DPDK reads files as if they were NICs (net_pcap), without hugepages and without root. Live
capture needs root: a network namespace with a pair of interfaces, made and removed here;
skipped without, and where the program was built without DPDK.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE = sys.argv[1:3]
TREE = Path(__file__).resolve().parent.parent.parent
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')


class World:
    """A capture of the generator, its site, and a folder for what comes out."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.capture, plain = self.folder / 'load.pcap', self.folder / 'plain.yaml'
        subprocess.run([GENERATE, 'load', '--mix', 'c', '--flows', '300', '--packets', '6000',
                        '-o', self.capture], check=True)
        subprocess.run([GENERATE, 'site', '-o', plain], check=True)
        self.appliances = plain.read_text()
        self.expected = self.replay()

    def site(self, capture):
        path = self.folder / 'site.yaml'
        path.write_text(self.appliances + 'capture:\n' + capture)
        return path

    def replay(self, *arguments):
        flows, stats = self.folder / 'replay.flows', self.folder / 'replay.stats'
        site = self.site('  source: pcap\n')
        subprocess.run([PORTOLAN, 'replay', '--site', site, '--flows', flows, '--stats', stats,
                        *arguments, self.capture], check=True, capture_output=True)
        return records(flows), json.loads(stats.read_text())

    def start(self, capture, *arguments, prefix=()):
        self.flows, self.stats = self.folder / 'run.flows', self.folder / 'run.stats'
        for former in (self.flows, self.stats):  # would be extended; may be root's
            former.unlink(missing_ok=True)
        return subprocess.Popen([*prefix, PORTOLAN, 'run', '--site', self.site(capture), '--flows',
                                 self.flows, '--stats', self.stats, *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def outcome(self, child, status=0):
        out, err = child.communicate(timeout=60)
        if 'built without' in err:
            raise Skip('built without DPDK')
        assert child.returncode == status, f'status {child.returncode}: {err}'
        return records(self.flows), json.loads(self.stats.read_text()), out, err

    def dpdk(self, *devices):
        listed = ', '.join(f'"{d}"' for d in devices)
        return f'  source: dpdk\n  dpdk: {{devices: [{listed}]}}\n'


def records(path):
    """what does not depend on when a packet came"""
    found = []
    for line in path.read_text().splitlines():
        r = json.loads(line)
        p = r['portolan']
        found.append((r['network']['transport'], r['source']['ip'], r['source'].get('port'),
                      r['destination']['ip'], r['destination'].get('port'),
                      r['source']['packets'], r['source']['bytes'], r['destination']['packets'],
                      r['destination']['bytes'], p['verdict'], p['connection'], p['history']))
    return sorted(found, key=str)


def interfaces(w):
    """the names of the interfaces that the last records came over"""
    lines = [json.loads(line) for line in w.flows.read_text().splitlines()]
    return {r['observer']['ingress']['interface']['name'] for r in lines}


def same(found, expected):
    missing = [r for r in expected if r not in found]
    assert found == expected, f'{len(found)} records, want {len(expected)}; missing {missing[:2]}'


def workers_of_a_replay_change_nothing(w):
    for workers in ('2', '3', '8'):
        found, stats = w.replay('--workers', workers)
        same(found, w.expected[0])
        assert stats['digest'] == w.expected[1]['digest']


def dpdk_gives_the_records_of_a_replay(w):
    child = w.start(w.dpdk(f'net_pcap0,rx_pcap={w.capture}'), '--duration', '2s')
    found, stats, out, err = w.outcome(child)
    same(found, w.expected[0])
    assert stats['digest'] == w.expected[1]['digest']
    assert stats['capture']['source'] == 'dpdk' and stats['capture']['received'] == 6000
    assert 'through DPDK' in err and 'SEEN' in out
    assert interfaces(w) == {f'net_pcap0,rx_pcap={w.capture}'}
    assert [lane['frames'] for lane in stats['mirror']['lanes']] == [6000]


def dpdk_with_two_workers_gives_the_records_of_a_replay(w):
    child = w.start(w.dpdk(f'net_pcap0,rx_pcap={w.capture}'), '--duration', '3s', '--workers', '2')
    found, stats, _, err = w.outcome(child)
    same(found, w.expected[0])
    assert stats['digest'] == w.expected[1]['digest'] and 'in software' in err


MIRRORED = """
host ftd 10.20.0.1
host fmc 10.10.0.5
default repeat 200 every 5ms advance from-port 1
0    tcp ftd:20001 > fmc:8305 syn send 300 fin only there via erspan2(192.0.2.1>10.99.0.1,7)
20ms tcp ftd:20001 > fmc:8305 syn-ack reply 900 fin-back only back via erspan2(192.0.2.2>10.99.0.2,8)
"""


def dpdk_keeps_together_what_two_mirrors_saw_of_one_conversation(w):
    """The NIC would spread it by the two tunnels; the flows are in them."""
    script, capture = w.folder / 'mirrored', w.folder / 'mirrored.pcap'
    script.write_text(MIRRORED)
    subprocess.run([GENERATE, 'script', script, '-o', capture], check=True)
    child = w.start(w.dpdk(f'net_pcap0,rx_pcap={capture}') + '  mirror_endpoints: [10.99.0.0/24]\n',
                    '--duration', '3s', '--workers', '2')
    found, stats, _, err = w.outcome(child)
    assert 'in software' in err, err
    assert len(found) == 200, f'{len(found)} flows, want 200'
    assert all(r[5] > 0 and r[7] > 0 for r in found), 'a flow without its other side'
    sessions = {s['session']: s for s in stats['mirror']['sessions']}
    assert sorted(sessions) == [7, 8] and all(s['lost'] == 0 for s in sessions.values()), sessions
    assert stats['mirror']['findings'] == [f for f in stats['mirror']['findings']
                                           if f['finding'] == 'appliance-never-seen']


def a_signal_ends_in_order(w):
    for number in (signal.SIGINT, signal.SIGTERM):
        child = w.start(w.dpdk(f'net_pcap0,rx_pcap={w.capture}'))
        time.sleep(3)
        child.send_signal(number)
        found, _, out, _ = w.outcome(child)
        same(found, w.expected[0])
        assert 'SEEN' in out


def auto_says_why_it_does_not_use_dpdk(w):
    child = w.start('  source: auto\n  interfaces: [no-such-if]\n'
                    '  dpdk: {devices: [net_no_such_driver0]}\n', '--duration', '1s')
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1 and 'no DPDK:' in err and 'no-such-if' in err, err


def a_site_without_an_interface_is_misuse(w):
    child = w.start('  source: pcap\n', '--duration', '1s')
    _, err = child.communicate(timeout=60)
    assert child.returncode == 2 and 'interface' in err, err


def telemetry_answers(w):
    child = w.start(w.dpdk(f'net_pcap0,rx_pcap={w.capture}'), '--duration', '6s')
    try:
        answers = ask_telemetry(child)
    finally:
        w.outcome(child)
    assert answers['/portolan/stats']['frames'] == 6000, answers
    assert answers['/portolan/policy']['profile'] == 'cloud-delivered'
    assert answers['/portolan/flows']['created'] == w.expected[1]['flows']['created']


def telemetry_socket():
    """DPDK's runtime directory holds one folder a process; ours came last"""
    run = Path('/var/run/dpdk') if os.geteuid() == 0 else Path(
        os.environ.get('XDG_RUNTIME_DIR', '/tmp')) / 'dpdk'
    found = sorted(run.glob('*/dpdk_telemetry.v2*'), key=lambda p: p.stat().st_mtime)
    return str(found[-1]) if found else None


def ask_telemetry(child):
    deadline = time.monotonic() + 4
    answers = {}
    while time.monotonic() < deadline and child.poll() is None:
        path = telemetry_socket()
        time.sleep(1)
        if not path:
            continue
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.connect(path)
                s.recv(4096)
                for command in ('/portolan/stats', '/portolan/flows', '/portolan/policy'):
                    s.send(command.encode())
                    answers[command] = json.loads(s.recv(65536))[command]
        except OSError:
            continue
        if answers['/portolan/stats'] and answers['/portolan/stats'].get('frames') == 6000:
            break
    assert len(answers) == 3, 'no telemetry socket answered'
    return answers


class Namespace:
    """A network namespace with the two ends of a wire, gone afterwards."""

    def __init__(self):
        if os.geteuid() != 0:
            raise Skip('needs root')
        self.name = f'portolan-run-{os.getpid()}'

    def __enter__(self):
        here = f'-n {self.name} link'
        for command in (f'netns add {self.name}', f'{here} add wire0 type veth peer name wire1',
                        f'{here} set wire0 mtu 9000 up', f'{here} set wire1 mtu 9000 up'):
            made = subprocess.run(['ip', *command.split()], capture_output=True, check=False)
            if made.returncode:
                self.__exit__()
                raise Skip('cannot make a network namespace with a virtual wire in it')
        return self

    def __exit__(self, *_):
        subprocess.run(['ip', 'netns', 'del', self.name], capture_output=True, check=False)

    def send(self, capture):
        code = ('import socket, sys, time\n'
                'sys.path.insert(0, sys.argv[1])\n'
                's = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n'
                's.bind(("wire1", 0))\n'
                'data = open(sys.argv[2], "rb").read()\n'
                'at, n = 24, 0\n'
                'while at + 16 <= len(data):\n'
                '    length = int.from_bytes(data[at + 8:at + 12], "little")\n'
                '    s.send(data[at + 16:at + 16 + length])\n'
                '    at, n = at + 16 + length, n + 1\n'
                '    if n % 64 == 0: time.sleep(0.002)\n')
        subprocess.run(['ip', 'netns', 'exec', self.name, sys.executable, '-c', code, '', capture],
                       check=True, timeout=60)


def systemd_hears_that_it_is_ready_alive_and_stopping(w):
    path = str(w.folder / 'notify')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(10)
        os.environ.update(NOTIFY_SOCKET=path, WATCHDOG_USEC='200000')
        try:
            child = w.start(w.dpdk(f'net_pcap0,rx_pcap={w.capture}'), '--duration', '2s')
        finally:
            del os.environ['NOTIFY_SOCKET'], os.environ['WATCHDOG_USEC']
        said = []
        while not any('STOPPING=1' in line for line in said):
            said.append(s.recv(4096).decode())
        w.outcome(child)
    assert 'READY=1' in said[0], said
    assert sum('WATCHDOG=1' in line for line in said) >= 5, said


def live_capture_gives_the_records_of_a_replay(w, workers='1'):
    with Namespace() as space:
        child = w.start('  source: pcap\n  interfaces: [wire0]\n', '--workers', workers,
                        prefix=('ip', 'netns', 'exec', space.name))
        time.sleep(2)
        space.send(w.capture)
        time.sleep(1.5)
        child.send_signal(signal.SIGINT)
        found, stats, _, _ = w.outcome(child)
    same([r for r in found if r in w.expected[0]], w.expected[0])
    assert stats['capture']['dropped_kernel'] == 0
    assert interfaces(w) == {'wire0'}


def live_capture_with_two_workers_gives_the_records_of_a_replay(w):
    live_capture_gives_the_records_of_a_replay(w, '2')


TESTS = [workers_of_a_replay_change_nothing, dpdk_gives_the_records_of_a_replay,
         dpdk_with_two_workers_gives_the_records_of_a_replay,
         dpdk_keeps_together_what_two_mirrors_saw_of_one_conversation, a_signal_ends_in_order,
         auto_says_why_it_does_not_use_dpdk, a_site_without_an_interface_is_misuse,
         telemetry_answers, live_capture_gives_the_records_of_a_replay,
         live_capture_with_two_workers_gives_the_records_of_a_replay,
         systemd_hears_that_it_is_ready_alive_and_stopping]


def main():
    with tempfile.TemporaryDirectory() as folder:
        return tap.run(TESTS, World(folder))


if __name__ == '__main__':
    sys.exit(main())
