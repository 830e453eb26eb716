#!/usr/bin/env python3
"""portolan on the drivers of real NICs, which QEMU emulates.

    run_nic.py PORTOLAN PORTOLAN_GENERATE FOLDER

Boots the kernel of FOLDER (`make packages-nic` puts it there) with portolan in a memory disk, once
for each NIC, hands it a generated capture frame by frame, and holds what comes back against a
replay of the same capture. Of hardware it needs nothing; of rights, root for the NIC that hangs on
a tap. What is missing skips what needs it. The last line is `N passed, N failed`, with `, N skipped`
where there are any.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'golden'))

import initramfs
import qemu
import shape
from initramfs import Missing

SETTLE_BOOTS = 0.1  # what is in the NIC's rings is seen by then, on a slow machine later
SEND_SECONDS = 20


# --- frames -----------------------------------------------------------------------------------

def frames_of(path):
    with open(path, 'rb') as f:
        f.read(24)
        while header := f.read(16):
            yield f.read(struct.unpack('<IIII', header)[2])


def send(out, frames, per_second=None):
    """Evenly, in lots of a 50th of a second. Blocks as long as the other side has no room."""
    lot, begin = (per_second or 0) // 50, time.monotonic()
    for i, frame in enumerate(frames):
        if lot and i % lot == 0:
            time.sleep(max(0, begin + i / per_second - time.monotonic()))
        out.send(frame)


class Capture:
    """Generated traffic, and what a replay makes of it."""

    def __init__(self, folder, *extras):
        names = ['traffic', *(f'traffic-{e}' for e in extras)]
        self.path, script = folder / 'capture.pcap', folder / 'script'
        script.write_text('\n'.join((HERE / n).read_text() for n in names))
        subprocess.run([GENERATE, 'script', script, '-o', self.path], check=True, capture_output=True)
        subprocess.run([PORTOLAN, 'replay', '--site', HERE / 'site.yaml', '--flows', folder / 'flows',
                        '--stats', folder / 'stats', self.path], check=True, capture_output=True,
                       env={**os.environ, 'PORTOLAN_CONFIGS': str(initramfs.CONFIGS)})
        self.frames = list(frames_of(self.path))
        self.result = Result((folder / 'flows').read_text(), (folder / 'stats').read_text())


class Result:
    def __init__(self, flows, stats):
        self.flows, self.stats = [json.loads(line) for line in flows.splitlines()], json.loads(stats)
        self.capture = self.stats.pop('capture', {})  # which a replay has not
        self.stats.pop('records', None)

    def misshapen(self):
        return shape.check_flows(self.flows) + shape.check_accounting(self.stats, self.flows)

    def records(self):
        return sorted(identity(flow) for flow in self.flows)


def identity(flow):
    """A record without its times."""
    ends = [(e['ip'], e.get('port', 0), e['packets'], e['bytes'])
            for e in (flow['source'], flow['destination'])]
    return flow['network']['transport'], *ends, flow['portolan']['verdict'], flow['event']['reason']


def differences(result, want):
    """In what the records of a run are not those of a replay."""
    found, got, wanted = result.misshapen(), result.records(), want.records()
    found += [f'not in the replay: {r}' for r in got if r not in wanted][:5]
    found += [f'only in the replay: {r}' for r in wanted if r not in got][:5]
    for path in (('digest',), ('frames', 'received'), ('frames', 'bytes'), ('decode', 'ip'),
                 ('flows', 'created')):
        a, b = at(result.stats, path), at(want.stats, path)
        found += [f'{".".join(path)}: found {a}, the replay has {b}'] if a != b else []
    received, frames = result.capture['received'], result.stats['frames']['received']
    found += [f'the NIC counts {received} packets of {frames}'] if received != frames else []
    return found + [f'{key}: found {result.capture[key]}, want 0'
                    for key in ('imissed', 'ierrors', 'rx_nombuf') if result.capture[key]]


def at(document, path):
    for key in path:
        document = document[key]
    return document


# --- NICs -------------------------------------------------------------------------------------

class Wire:
    """A NIC that gets a frame for each datagram, whose sender waits while it has no room."""

    prefix, iommu = (), ''

    def __init__(self, device, folder, per_second=None):
        self.device, self.per_second, self.end = device, per_second, folder / 'nic'
        self.backend = (f'dgram,local.type=unix,local.path={self.end},'
                        f'remote.type=unix,remote.path={folder}/host')
        self.out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.out.bind(str(folder / 'host'))

    def send(self, capture, hurry=False):
        self.out.settimeout(SEND_SECONDS)
        self.out.connect(str(self.end))
        send(self.out, capture.frames, None if hurry else self.per_second)

    def close(self):
        self.out.close()


class Tap:
    """A NIC of two queues on a tap of its own, in a network namespace of its own."""

    # Rings as long as they get: QEMU 7.2 forgets a frame of one queue that finds the other's full.
    device = ('virtio-net-pci,mq=on,vectors=6,rss=on,rx_queue_size=1024,iommu_platform=on,ats=on,'
              'disable-legacy=on')
    per_second = 2500
    backend = 'tap,ifname=tap0,queues=2,script=no,downscript=no,vhost=off'
    iommu = ',device-iotlb=on'

    def __init__(self):
        if os.geteuid() != 0:
            raise Missing('a tap needs root')
        if not os.path.exists('/dev/net/tun') or not shutil.which('ip'):
            raise Missing('no /dev/net/tun, or no ip(8)')
        self.name = f'portolan-nic-{os.getpid()}'
        self.prefix = ['ip', 'netns', 'exec', self.name]
        try:
            self.lay()
        except subprocess.CalledProcessError as error:
            self.close()
            raise Missing(f'no tap in a network namespace: {error.stderr.decode().strip()}') from None

    def lay(self):
        """A queue that holds more than is ever sent, and nothing said by the host itself."""
        for command in (f'ip netns add {self.name}',
                        f'ip -n {self.name} tuntap add tap0 mode tap multi_queue',
                        f'ip netns exec {self.name} sh -c '
                        '"echo 1 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6"',
                        f'ip -n {self.name} link set tap0 mtu 9216 txqueuelen 8192 up'):
            subprocess.run(command, shell=True, check=True, capture_output=True)

    def send(self, capture):
        subprocess.run([*self.prefix, sys.executable, __file__, '--send', 'tap0', capture.path],
                       check=True, timeout=SEND_SECONDS)
        self.drain(len(capture.frames))

    def drain(self, frames):
        """Until the NIC has taken them all."""
        limit, taken = time.monotonic() + SEND_SECONDS, 0
        while taken < frames and time.monotonic() < limit:
            time.sleep(0.1)
            taken = int(subprocess.run([*self.prefix, 'cat', '/sys/class/net/tap0/statistics/tx_packets'],
                                       check=True, capture_output=True).stdout)
        if taken < frames:
            raise qemu.Broken(f'the NIC has taken {taken} of {frames} frames')

    def close(self):
        subprocess.run(['ip', 'netns', 'del', self.name], check=False, capture_output=True)


def send_into(interface, path):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    send(out, frames_of(path), Tap.per_second)


# --- the sensor in the guest ------------------------------------------------------------------

class Sensor:
    """`portolan run` from its start until it is asked to end."""

    def __init__(self, guest, workers):
        self.guest = guest
        guest.run('rm -f /flows /stats; PORTOLAN_CONFIGS=/configs portolan run --site /site.yaml '
                  f'--workers {workers} --duration 60s --flows /flows --stats /stats '
                  '>/said 2>&1 & sensor=$!')
        self.wait_for('through DPDK, ')

    def wait_for(self, text, seconds=25):
        limit = time.monotonic() + seconds
        while text not in self.said():
            if time.monotonic() > limit or self.guest.ask('kill -0 $sensor')[0]:
                raise qemu.Broken(f'portolan does not say "{text}" but: {self.said()}')
            time.sleep(0.2)

    def said(self):
        return self.guest.run('cat /said')

    def signal(self, name):
        self.guest.run(f'kill -{name} $sensor')

    def end(self):
        time.sleep(max(1, SETTLE_BOOTS * self.guest.boot_seconds))
        self.signal('TERM')
        status, _ = self.guest.ask('wait $sensor')
        if status:
            kernel = self.guest.ask('dmesg | grep -e seccomp -e type=1326 -e audit | tail -3')[1]
            raise qemu.Broken(f'portolan ends with status {status}: {kernel}{self.said()}')
        return Result(self.guest.fetch('/flows'), self.guest.fetch('/stats'))


def whole(guest, nic, capture, workers, driver):
    """All of the capture, and the records of a replay."""
    sensor = Sensor(guest, workers)
    nic.send(capture)
    result = sensor.end()
    found = differences(result, capture.result)
    port = result.capture['ports'][0]
    found += [] if port['driver'] == driver else [f'the driver is {port["driver"]}, want {driver}']
    return sensor, result, found


# --- cases ------------------------------------------------------------------------------------

def e1000e_gives_the_records_of_a_replay(guest, nic, capture):
    return whole(guest, nic, capture, 1, 'net_e1000_em')[2]


def e1000e_is_shared_in_software_by_two_workers(guest, nic, capture):
    sensor, _, found = whole(guest, nic, capture, 2, 'net_e1000_em')
    if 'packets are spread in software: ' not in sensor.said():
        found.append(f'not said that packets are spread in software: {sensor.said()}')
    return found


def vmxnet3_gives_the_records_of_a_replay(guest, nic, capture):
    return whole(guest, nic, capture, 1, 'net_vmxnet3')[2]


def vmxnet3_counts_what_a_stalled_worker_missed(guest, nic, capture):
    sensor = Sensor(guest, 1)
    sensor.signal('STOP')
    nic.send(capture, hurry=True)
    sensor.signal('CONT')
    result = sensor.end()
    found = result.misshapen()
    missed, port = result.capture['imissed'], result.capture['ports'][0]
    received, sent = result.stats['frames']['received'], len(capture.frames)
    print(f'# {received} of {sent} frames received, {missed} missed')
    found += [] if missed > 0 else ['imissed is 0']
    found += [] if port['imissed'] == missed else [f'the port has missed {port["imissed"]}']
    return found + ([] if received + missed == sent else ['some are in neither figure'])


def virtio_spreads_pairs_over_two_queues(guest, nic, capture):
    """That no flow is in two records, one of each worker, is what the comparison says."""
    sensor, result, found = whole(guest, nic, capture, 2, 'net_virtio')
    for text in 'packets are spread in software', 'does not spread packets':
        found += [f'spread in software: {sensor.said()}'] if text in sensor.said() else []
    if "by the NIC's hash" not in sensor.said():
        found.append(f"not said that the NIC's hash is used: {sensor.said()}")
    xstats = result.capture['ports'][0]['xstats']
    queues = [xstats.get(f'rx_q{q}_good_packets', 0) for q in (0, 1)]
    print(f'# queues: {queues}')
    busy = min(queues) > len(capture.frames) // 10 and sum(queues) == len(capture.frames)
    return found + ([] if busy else [f'not both queues are busy: {queues}'])


# What hangs on what, with the frames that the emulation lets through, and its cases.
NICS = {
    'e1000e': (lambda folder: Wire('e1000e', folder), ['tagged', 'jumbo'],
               [e1000e_gives_the_records_of_a_replay, e1000e_is_shared_in_software_by_two_workers]),
    # Its emulation gives a frame one buffer, so longer ones are errors.
    'vmxnet3': (lambda folder: Wire('vmxnet3', folder, 3000), ['tagged'],
                [vmxnet3_gives_the_records_of_a_replay, vmxnet3_counts_what_a_stalled_worker_missed]),
    'virtio-net': (lambda folder: Tap(), ['tagged', 'jumbo'], [virtio_spreads_pairs_over_two_queues]),
}


# --- counting ---------------------------------------------------------------------------------

class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = self.number = 0

    def line(self, ok, case, more=''):
        self.number += 1
        name = case.__name__.replace('_', ' ')
        print(f'{"ok" if ok else "not ok"} {self.number} - {name}{more}', flush=True)

    def skip(self, case, reason):
        self.skipped += 1
        self.line(True, case, f' # SKIP {reason}')

    def result(self, case, found):
        self.passed += not found
        self.failed += bool(found)
        self.line(not found, case)
        for text in found:
            print('#', text.replace('\n', '\n#   '), flush=True)


@contextlib.contextmanager
def running(make, folder, kernel):
    nic = make(folder)
    try:
        with qemu.Machine(folder, kernel, folder.parent / 'image', nic.device, nic.backend,
                             nic.prefix, nic.iommu) as guest:
            guest.boot()
            yield guest, nic
    finally:
        nic.close()


def attempt(case, *arguments):
    """What is wrong, whatever happens."""
    try:
        return case(*arguments)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError, qemu.Broken) as error:
        return [f'{type(error).__name__}: {error}']


def run_nic(tally, folder, kernel, make, extras, cases):
    folder.mkdir()
    done = []
    try:
        capture = Capture(folder, *extras)
        with running(make, folder, kernel) as (guest, nic):
            for case in cases:
                tally.result(case, attempt(case, guest, nic, capture))
                done.append(case)
    except Missing as error:
        for case in cases[len(done):]:
            tally.skip(case, error)
    except (OSError, subprocess.SubprocessError, qemu.Broken) as error:
        for case in cases[len(done):]:
            tally.result(case, [f'{type(error).__name__}: {error}'])


def run_all(tally, scratch, folder):
    try:
        if not shutil.which(qemu.QEMU):
            raise Missing('no QEMU')
        kernel = initramfs.build(folder, PORTOLAN, scratch / 'image')
    except Missing as error:
        for case in (c for _, _, cases in NICS.values() for c in cases):
            tally.skip(case, error)
        return
    for name, (make, extras, cases) in NICS.items():
        begin = time.monotonic()
        run_nic(tally, scratch / name, kernel, make, extras, cases)
        print(f'# {name}: {time.monotonic() - begin:.0f} s', flush=True)


def main():
    tally = Tally()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f'1..{sum(len(cases) for _, _, cases in NICS.values())}')
    with tempfile.TemporaryDirectory(prefix='portolan-nic-') as scratch:
        run_all(tally, pathlib.Path(scratch), pathlib.Path(sys.argv[3]))
    line = f'{tally.passed} passed, {tally.failed} failed'
    print(line + (f', {tally.skipped} skipped' if tally.skipped else ''))
    return 1 if tally.failed else 0


if __name__ == '__main__':
    if sys.argv[1:2] == ['--send']:
        send_into(sys.argv[2], sys.argv[3])
        sys.exit(0)
    if len(sys.argv) != 4:
        sys.exit('usage: run_nic.py PORTOLAN PORTOLAN_GENERATE FOLDER')
    PORTOLAN, GENERATE = (os.path.abspath(p) for p in sys.argv[1:3])
    sys.exit(main())
