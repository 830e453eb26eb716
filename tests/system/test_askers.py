#!/usr/bin/env python3
"""Nobody who asks a sensor stops it from watching: many clients, large answers, none of them read.

    test_askers.py PORTOLAN FLOW_SENDER

Live, in network namespaces made here, so as root. FLOWS flows are in the table; sixteen clients ask
for 100,000 of them and do not read, over and over, while new flows come that are alerts.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, SENDER = sys.argv[1:3]
TREE = Path(__file__).resolve().parent.parent.parent
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')
FLOWS, RATE, LARGE, CLIENTS = 250000, 40000, 100000, 16
SITE = """appliances:
  - {{name: fmc-1, role: management-center, addresses: [10.10.0.5]}}
  - {{name: ftds, role: managed-device, addresses: [10.20.0.0/16]}}
flow: {{timeouts: {{udp_one_way: 900s}}}}
capture: {{source: pcap, interfaces: [wire0]}}
outputs: {{control: {{socket: {0}/control.sock}}}}
"""


class World:
    """A sensor on one end of a wire, which has FLOWS flows in its table."""

    def __init__(self, folder):
        self.folder, self.name = Path(folder), f'portolan-askers-{os.getpid()}'
        self.events = self.folder / 'events.jsonl'
        self.socket = self.folder / 'control.sock'
        self.child = None

    def __enter__(self):
        here = f'-n {self.name} link'
        for command in (f'netns add {self.name}', f'{here} add wire0 type veth peer name wire1',
                        f'{here} set wire0 up', f'{here} set wire1 up'):
            if subprocess.run(['ip', *command.split()], capture_output=True, check=False).returncode:
                raise Skip('needs network namespaces and virtual interfaces')
        site = self.folder / 'site.yaml'
        site.write_text(SITE.format(self.folder))
        self.child = subprocess.Popen(
            ['ip', 'netns', 'exec', self.name, PORTOLAN, 'run', '--site', site, '--events',
             self.events, '--stats', self.folder / 'stats'], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 20
        while not self.ask('status') and time.monotonic() < deadline:
            time.sleep(0.1)
        self.send(FLOWS, RATE, 0)
        time.sleep(2)
        return self

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                self.child.kill()
        subprocess.run(['ip', 'netns', 'del', self.name], capture_output=True, check=False)

    def send(self, flows, rate, first):
        subprocess.run(['ip', 'netns', 'exec', self.name, SENDER, 'wire1', str(flows), str(rate),
                        str(first)], check=True, capture_output=True)

    def attack(self, number):
        """a datagram of another stranger to another port: a finding of its own"""
        code = ('import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); '
                's.bind(("wire1", 0)); s.send(bytes.fromhex(sys.argv[1]))')
        ip = bytes.fromhex('4500001c000100004011') + bytes(2) + bytes([198, 51, 100, number]) + \
            bytes([10, 20, 1, number])
        udp = (40000).to_bytes(2, 'big') + (9000 + number).to_bytes(2, 'big') + b'\0\x08\0\0'
        frame = bytes.fromhex('020000000007020000000001' '0800') + ip + udp + bytes(18)
        subprocess.run(['ip', 'netns', 'exec', self.name, sys.executable, '-c', code, frame.hex()],
                       check=True)

    def connect(self, command, **arguments):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(30)
        s.connect(str(self.socket))
        s.sendall((json.dumps({'protocol': 1, 'command': command,
                               'arguments': arguments}) + '\n').encode())
        return s

    def ask(self, command, **arguments):
        """(the last line, how many items, seconds), asked again for 5 s where too many ask; None:
        nobody answers"""
        begin, answered = time.monotonic(), self.ask_once(command, **arguments)
        while (not answered or 'too many ask' in answered[0].get('error', '')) and \
                self.events.exists() and time.monotonic() < begin + 5:
            time.sleep(0.1)
            answered = self.ask_once(command, **arguments)
        return answered and (*answered, time.monotonic() - begin)

    def ask_once(self, command, **arguments):
        items = 0
        try:
            with self.connect(command, **arguments) as s, s.makefile() as f:
                for line in f:
                    answer = json.loads(line)
                    if 'done' in answer:
                        return answer, items
                    items += 1
        except OSError:
            pass
        return None

    def resident(self):
        """bytes"""
        for line in Path(f'/proc/{self.process()}/status').read_text().splitlines():
            if line.startswith('VmRSS:'):
                return int(line.split()[1]) * 1024
        return 0

    def process(self):
        """the sensor itself, which `ip netns exec` has become"""
        return self.child.pid


def a_survey_of_an_idle_link_is_quick(w):
    answer, items, seconds = w.ask('flows', limit=10)
    print(f'# {FLOWS} flows, {seconds:.2f} s')
    assert answer['result']['live'] == FLOWS and items == 10, answer
    assert seconds < 1, seconds


def a_large_answer_is_whole(w):
    answer, items, seconds = w.ask('flows', limit=LARGE)
    print(f'# {items} records, {seconds:.2f} s')
    assert items == LARGE == answer['result']['shown'], answer


def ask_without_reading(w, is_over):
    held = []
    while not is_over.is_set():
        for s in held:
            s.close()
        held = []
        for _ in range(CLIENTS):
            try:
                held.append(w.connect('flows', limit=LARGE))
            except OSError:
                pass
        is_over.wait(2)
    for s in held:
        s.close()


def who_does_not_read_delays_nobody(w):
    is_over, before = threading.Event(), w.resident()
    crowd = threading.Thread(target=ask_without_reading, args=(w, is_over))
    crowd.start()
    longest, most, told = 0, 0, 0
    try:
        for i in range(8):
            size = w.events.stat().st_size
            w.attack(i)
            begin = time.monotonic()
            while w.events.stat().st_size == size and time.monotonic() - begin < 10:
                time.sleep(0.01)
            longest = max(longest, time.monotonic() - begin)
            most = max(most, w.resident())
            told += bool(w.ask('status'))
    finally:
        is_over.set()
        crowd.join()
    answer = w.ask('status')[0]['result']
    print(f'# an alert after {longest:.2f} s at most, {told} of 8 honest questions answered, '
          f'{(most - before) >> 20} MiB more')
    assert longest < 4 and most - before < 256 << 20, (longest, most - before)
    assert told == 8, told
    assert answer['events']['dropped'] == 0, answer['events']


def surveys_beside_traffic_cost_no_packet(w):
    before = w.ask('status')[0]['result']
    sender = threading.Thread(target=w.send, args=(RATE * 3, RATE, FLOWS))
    sender.start()
    surveys = []
    while sender.is_alive():
        surveys.append(w.ask('flows', limit=10)[2])
    sender.join()
    time.sleep(2)
    after = w.ask('status')[0]['result']
    print(f'# {len(surveys)} surveys, {max(surveys):.2f} s the longest')
    lost = [after['capture']['loss'][name] - before['capture']['loss'][name]
            for name in ('dropped_kernel', 'dropped_interface')]
    assert lost == [0, 0], lost
    seen = [r['accounting']['frames']['received'] for r in (before, after)]
    assert seen[1] - seen[0] >= RATE * 3, seen
    assert len(surveys) > 1


def a_reload_beside_them_is_quick(w):
    is_over = threading.Event()
    crowd = threading.Thread(target=ask_without_reading, args=(w, is_over))
    crowd.start()
    try:
        time.sleep(1)
        answer, _, seconds = w.ask('reload')
    finally:
        is_over.set()
        crowd.join()
    print(f'# {seconds:.2f} s')
    assert answer['done'] and seconds < 5, (answer, seconds)


TESTS = [a_survey_of_an_idle_link_is_quick, a_large_answer_is_whole,
         who_does_not_read_delays_nobody, surveys_beside_traffic_cost_no_packet,
         a_reload_beside_them_is_quick]


def main():
    if os.geteuid() != 0:
        return tap.run(TESTS, None, why_not='needs root')
    with tempfile.TemporaryDirectory() as folder:
        try:
            with World(folder) as world:
                return tap.run(TESTS, world)
        except Skip as reason:
            return tap.run(TESTS, None, why_not=str(reason))


if __name__ == '__main__':
    sys.exit(main())
