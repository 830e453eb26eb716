#!/usr/bin/env python3
"""Minutes at the highest rate that the machine holds: nothing grows, nothing is lost.

    soak.py PORTOLAN PORTOLAN_GENERATE [SECONDS [RELOADS]]

A capture with every kind of flow is read over and over through DPDK's net_pcap, while the site is
reloaded (with a feature on and off by turns), flows are asked for, and events are written to a file
that is rotated. Not a part of the ordinary tests: 600 seconds and 10,000 reloads unless told
otherwise. Prints the resident memory along the way, and what was seen.
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

PORTOLAN, GENERATE = sys.argv[1:3]
SECONDS = int(sys.argv[3]) if len(sys.argv) > 3 else 600
RELOADS = int(sys.argv[4]) if len(sys.argv) > 4 else 10000
TREE = Path(__file__).resolve().parent.parent.parent
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')


def resident_kib(pid):
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    return 0


class Soak:
    def __init__(self, folder):
        self.folder = folder
        self.site, self.socket = folder / 'site.yaml', folder / 'control.sock'
        self.stats, capture, plain = folder / 'stats.json', folder / 'load.pcap', folder / 'plain'
        subprocess.run([GENERATE, 'load', '--mix', 'c', '--flows', '10000', '--packets', '100000',
                        '-o', capture], check=True)
        subprocess.run([GENERATE, 'site', '-o', plain], check=True)
        self.text = plain.read_text() + (
            'capture:\n  source: dpdk\n  dpdk: {devices: ["net_pcap0,rx_pcap='
            f'{capture},infinite_rx=1"]}}\n'
            f'outputs:\n  control: {{socket: {self.socket}}}\n'
            f'  events: [{{kind: json, path: {folder}/events.jsonl, rotate: 1MB, keep: 3}}]\n')
        self.reloads = 0
        self.write(0)

    def write(self, turn):
        fresh = self.folder / 'fresh.yaml'
        fresh.write_text(('features: {dns: {enabled: false}}\n' if turn % 2 else '') + self.text)
        fresh.rename(self.site)

    def ask(self, command, **arguments):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(str(self.socket))
            s.sendall(json.dumps({'protocol': 1, 'command': command,
                                  'arguments': arguments}).encode() + b'\n')
            for line in s.makefile():
                last = json.loads(line)
                if 'done' in last:
                    return last
        raise AssertionError('no answer')

    def start(self):
        self.child = subprocess.Popen(
            [PORTOLAN, 'run', '--site', self.site, '--stats', self.stats, '--log', 'warning'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not self.socket.exists():
            assert self.child.poll() is None, self.child.communicate()[1]
            time.sleep(0.1)
        time.sleep(2)

    def reload(self):
        self.write(self.reloads)
        while True:
            last = self.ask('reload')
            if last['done']:
                self.reloads += 1
                return
            assert 'under way' in last['error'], last
            time.sleep(0.002)

    def run(self):
        memory, begin, next_look = [], time.time(), 0
        while time.time() < begin + SECONDS:
            passed = time.time() - begin
            if self.reloads < RELOADS * passed / SECONDS:
                self.reload()
            else:
                time.sleep(0.005)
            if passed >= next_look:
                assert self.ask('flows', limit=100)['done']
                memory.append(resident_kib(self.child.pid))
                frames = self.ask('status')['result']['accounting']['frames']['received']
                print(f'{passed:6.0f} s  {memory[-1]:8d} KiB  {self.reloads:6d} reloads  '
                      f'{frames:15,d} packets', flush=True)
                next_look += SECONDS / 20
        while self.reloads < RELOADS:
            self.reload()
        return memory

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        out, err = self.child.communicate(timeout=60)
        assert self.child.returncode == 0, err
        return json.loads(self.stats.read_text()), out, err


def main():
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder))
        soak.start()
        memory = soak.run()
        stats, _, err = soak.stop()
    frames, scope = stats['frames']['received'], stats['scope']
    judged = sum(stats['verdict']['packets'].values())
    growth = max(memory[len(memory) // 2:]) - max(memory[2:len(memory) // 2] or memory)
    print(err, end='')
    print(f'{frames:,} packets in {SECONDS} s ({frames / SECONDS / 1e6:.2f} Mpps), '
          f'{soak.reloads} reloads; memory of the second half over the first: {growth} KiB')
    print(f"NIC {stats['capture']['imissed']} missed, {stats['capture']['received'] - frames} "
          f"received and not judged; {frames - scope['monitored'] - scope['unmonitored']} "
          f"unaccounted; records dropped {stats['records']['dropped']}, "
          f"flows ended {stats['flows']['ended']}")
    wrong = [what for what, holds in (
        ('memory grows', growth < 2048),
        ('packets unaccounted', frames == scope['monitored'] + scope['unmonitored']),
        ('packets unjudged', judged == scope['monitored']),
        ('reloads refused', soak.reloads >= RELOADS),
        ('flows lost to reloads', stats['flows']['ended']['reload'] == 0)) if not holds]
    print('soak:', ', '.join(wrong) if wrong else 'passed')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
