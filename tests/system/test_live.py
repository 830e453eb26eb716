#!/usr/bin/env python3
"""Live capture and DPDK's virtual devices on network interfaces.

    test_live.py SOURCE_DRIVER PORTOLAN_GENERATE

Makes a network namespace for each case, with a pair of virtual interfaces in it, sends frames
into one end, reads them from the other, and removes all of it. Needs root; skipped without.
"""
import contextlib
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import tap
from tap import Skip

FRAMES_MAX = 60000  # a case sends no more
AF_XDP = 44  # linux/socket.h; Python 3.11 has no name for it
MAC = b'\x02' * 6 + b'\x04' * 6


# --- frames -----------------------------------------------------------------------------------

def ipv4(source, destination, payload, offset=0, more=False):
    fragment = offset >> 3 | (0x2000 if more else 0)
    return struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 7, fragment, 64, 17, 0,
                       source, destination) + payload


def ipv6(source, destination, payload):
    return struct.pack('!IHBB16s16s', 6 << 28, len(payload), 17, 64, source, destination) + payload


def udp(dice):
    return struct.pack('!HHHH', dice.randrange(1, 65536), 53, 28, 0) + dice.randbytes(20)


def wrapped(kind, packet):
    """The ways in which a mirror may deliver a packet: each an Ethernet frame."""
    yield MAC + struct.pack('!H', kind) + packet
    yield MAC + struct.pack('!HHH', 0x8100, 5, kind) + packet
    yield MAC + struct.pack('!HHHHH', 0x88a8, 7, 0x8100, 0x6005, kind) + packet
    yield MAC + struct.pack('!HHHHHHH', 0x88a8, 7, 0x8100, 5, 0x8100, 6, kind) + packet
    yield MAC + struct.pack('!HHHHH', 0x9100, 7, 0x8100, 5, kind) + packet
    yield MAC + b'\x88\x47' + bytes([0, 1, 0, 64, 0, 2, 1, 64]) + packet
    ppp = 0x21 if kind == 0x0800 else 0x57
    yield MAC + struct.pack('!HBBHHH', 0x8864, 0x11, 0, 9, len(packet) + 2, ppp) + packet


def mirror_traffic(seed, pairs, rounds):
    """Both directions of so many pairs of hosts, in all wrappings, some in fragments."""
    dice = random.Random(seed)
    hosts4 = [(bytes([10, 1, 0, i]), bytes([10, 2, 0, i])) for i in range(pairs)]
    hosts6 = [(dice.randbytes(16), dice.randbytes(16)) for _ in range(pairs)]
    for _ in range(rounds):
        for a, b in hosts4:
            for source, destination in ((a, b), (b, a)):
                yield from wrapped(0x0800, ipv4(source, destination, udp(dice)))
                yield from wrapped(0x0800, ipv4(source, destination, udp(dice), 0, True))
                yield from wrapped(0x0800, ipv4(source, destination, dice.randbytes(24), 32))
        for a, b in hosts6:
            for source, destination in ((a, b), (b, a)):
                yield from wrapped(0x86dd, ipv6(source, destination, udp(dice)))


def plain_traffic(count):
    frame = MAC + b'\x08\x00' + ipv4(bytes([10, 1, 0, 1]), bytes([10, 2, 0, 2]), b'x' * 40)
    return [frame] * count


def capture_frames(path):
    with open(path, 'rb') as f:
        f.read(24)
        while header := f.read(16):
            yield f.read(struct.unpack('<IIII', header)[2])


def digest(frames):
    total = 0
    for frame in frames:
        value = 14695981039346656037
        for byte in frame:
            value = (value ^ byte) * 1099511628211 & (1 << 64) - 1
        total += value
    return total & (1 << 64) - 1


def pairs_of(frames_of):
    return {pair for w in frames_of for pair in w['pairs']}


# --- the place --------------------------------------------------------------------------------

def ip(*arguments):
    subprocess.run(['ip', *arguments], check=True, capture_output=True)


class Place:
    """A namespace: what is sent into `in0` comes out of `out0`."""

    def __init__(self):
        self.name = f'portolan-test-{os.getpid()}-{random.randrange(1 << 16):04x}'

    def __enter__(self):
        ip('netns', 'add', self.name)
        try:
            self.link('add', 'in0', 'mtu', '9200', 'type', 'veth',
                      'peer', 'name', 'out0', 'mtu', '9200')
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(['ip', 'netns', 'del', self.name], check=False, capture_output=True)

    def link(self, *arguments):
        ip('-n', self.name, 'link', *arguments)

    def give_queues(self, count):
        """The pair anew, with so many queues each way, and frames that an XDP program takes."""
        self.link('del', 'out0')
        queues = ['numrxqueues', str(count), 'numtxqueues', str(count)]
        self.link('add', 'in0', *queues, 'type', 'veth', 'peer', 'name', 'out0', *queues)
        self.set_up()

    def set_up(self, *names):
        for name in names or ('in0', 'out0'):
            self.run(['sh', '-c', f'echo 1 > /proc/sys/net/ipv6/conf/{name}/disable_ipv6'])
            self.link('set', name, 'up')

    def command(self, command):
        return ['ip', 'netns', 'exec', self.name, *command]

    def run(self, command):
        subprocess.run(self.command(command), check=True, capture_output=True)

    def send(self, frames, into='in0'):
        frames = list(frames)
        self.send_paced((into, frame, 0) for frame in frames)
        return frames

    def send_paced(self, steps):
        """Each step: the interface, the frame, and the microseconds until the next one."""
        steps = list(steps)
        assert len(steps) <= FRAMES_MAX
        with tempfile.NamedTemporaryFile() as f:
            for name, frame, pause_us in steps:
                f.write(struct.pack('!8sII', name.encode(), pause_us, len(frame)) + frame)
            f.flush()
            self.run([sys.executable, os.path.abspath(__file__), '--send', f.name])


def packet_socket(interface):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    out.bind((interface, 0))
    return out


def send_file(path):
    sockets = {}
    with open(path, 'rb') as f:
        while header := f.read(16):
            name, pause_us, length = struct.unpack('!8sII', header)
            if name not in sockets:
                sockets[name] = packet_socket(name.rstrip(b'\0').decode())
            sockets[name].send(f.read(length))
            if pause_us:
                time.sleep(pause_us / 1e6)


class Driver:
    """source_driver in a place; ends with the place's time or when told."""

    def __init__(self, place, mode, workers, *arguments):
        self.process = subprocess.Popen(
            place.command([DRIVER, mode, '20', str(workers), *arguments]),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.events, self.unread = [], b''
        self.wait_for('started', 'refused')

    def wait_for(self, *names, timeout=15):
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            while b'\n' in self.unread:
                line, self.unread = self.unread.split(b'\n', 1)
                self.events.append(json.loads(line))
                if self.events[-1]['event'] in names:
                    return self.events[-1]
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                more = os.read(self.process.stdout.fileno(), 1 << 20)
                if not more:
                    break
                self.unread += more
        raise AssertionError(f'no {names}: {self.events} {self.process.poll()}')

    def change(self, text, before=None):
        """what it says next, or next but one where `before` may be said first"""
        event = self.wait_for('change')
        if before and before in event['text']:
            event = self.wait_for('change')
        assert text in event['text'], event

    def signal(self, number):
        os.kill(self.process.pid, number)

    def finish(self):
        """Lets what is under way arrive, and asks what came."""
        time.sleep(0.3)
        self.signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        result = self.wait_for('ended')
        self.process.wait(timeout=10)
        return result['workers'], result['steering']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def reading(mode, workers, *arguments, queues=None):
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(Place())
        if queues:
            place.give_queues(queues)
        driver = stack.enter_context(Driver(place, mode, workers, *arguments))
        if mode == 'dpdk' and 'built without it' in driver.events[-1].get('text', ''):
            raise Skip('built without DPDK')
        assert driver.events[-1]['event'] == 'started', driver.events
        yield place, driver


def total(workers, key):
    return sum(w[key] for w in workers)


def check_equal(workers, frames):
    assert total(workers, 'packets') == len(frames), (total(workers, 'packets'), len(frames))
    assert sum(int(w['digest'], 16) for w in workers) & (1 << 64) - 1 == digest(frames)
    assert total(workers, 'backwards') == 0


def check_pairs(workers):
    seen = [set(w['pairs']) for w in workers]
    for i, one in enumerate(seen):
        assert one, f'worker {i} saw nothing'
        for other in seen[:i]:
            assert not one & other, f'on several workers: {one & other}'


# --- cases ------------------------------------------------------------------------------------

def live_gives_every_frame_as_it_was_sent():
    """Tags that the kernel took out are back, wherever they were."""
    with reading('live', 1, 'out0') as (place, driver):
        frames = place.send(mirror_traffic(1, 8, 3))
        workers, steering = driver.finish()
        check_equal(workers, frames)
        assert steering == 0
        assert workers[0]['tagged'] == sum(f[12:14] in (b'\x81\0', b'\x88\xa8', b'\x91\0')
                                           for f in frames)
        assert workers[0]['received'] == len(frames)


def live_gives_the_frames_of_a_generated_capture():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'demo.pcap')
        subprocess.run([GENERATE, 'demo', '-o', path], check=True, capture_output=True)
        sent = [f for f in capture_frames(path) if 14 <= len(f) <= 9000][:FRAMES_MAX]
    with reading('live', 2, 'out0') as (place, driver):
        frames = place.send(sent)
        workers, _ = driver.finish()
        check_equal(workers, frames)
        check_pairs(workers)


def live_gives_jumbo_frames_whole():
    with reading('live', 1, 'out0') as (place, driver):
        frames = place.send(MAC + b'\x08\0' + ipv4(b'\x0a\1\0\1', b'\x0a\1\0\2', bytes(n))
                            for n in range(1000, 9100, 100))
        workers, _ = driver.finish()
        check_equal(workers, frames)


def live_gives_nanoseconds():
    with reading('live', 1, 'out0') as (place, driver):
        place.send(plain_traffic(10))
        (worker,), _ = driver.finish()
        assert worker['first_ns'] % 1000 or worker['last_ns'] % 1000
        assert abs(worker['last_ns'] / 1e9 - time.time()) < 60


def live_gives_each_address_pair_to_one_worker():
    with reading('live', 2, 'out0') as (place, driver):
        frames = place.send(mirror_traffic(2, 24, 3))
        workers, steering = driver.finish()
        assert steering == 2
        check_equal(workers, frames)
        check_pairs(workers)
        assert len(pairs_of(workers)) == 48


def live_gives_each_pair_of_what_the_host_sends_to_one_worker():
    with reading('live', 2, 'in0') as (place, driver):
        frames = place.send(mirror_traffic(3, 24, 1))
        workers, _ = driver.finish()
        assert total(workers, 'packets') == len(frames)
        check_pairs(workers)


def live_reads_several_interfaces():
    with reading('live', 2, 'out0,in0') as (place, driver):
        frames = place.send(plain_traffic(100))
        workers, _ = driver.finish()
        assert total(workers, 'packets') == 2 * len(frames)
        assert [sum(w['interfaces'][i] for w in workers) for i in (0, 1)] == [100, 100]


@contextlib.contextmanager
def reading_two_links(workers, *arguments):
    with Place() as place:
        place.link('add', 'in1', 'type', 'veth', 'peer', 'name', 'out1')
        place.set_up('in1', 'out1')
        with Driver(place, 'live', workers, 'out0,out1', *arguments) as driver:
            yield place, driver


def live_merges_two_interfaces_by_time():
    """Frame by frame another interface: at full speed, and with pauses of all lengths."""
    dice = random.Random(8)
    paced = [(f'in{dice.randrange(2)}', frame, dice.choice((0, 0, 200, 3000)))
             for frame in plain_traffic(600)]
    fast = [(f'in{n % 2}', frame, 0) for n, frame in enumerate(plain_traffic(20000))]
    with reading_two_links(1) as (place, driver):
        place.send_paced(paced + fast)
        (worker,), _ = driver.finish()
        assert worker['packets'] == 20600 and worker['backwards'] == 0, worker
        assert all(worker['interfaces']), worker


def live_merges_on_every_worker():
    frames = [(f'in{n % 2}', frame, 50 * (n % 3)) for n, frame in enumerate(
        mirror_traffic(9, 24, 1))]
    with reading_two_links(2) as (place, driver):
        place.send_paced(frames)
        workers, _ = driver.finish()
        check_equal(workers, [frame for _, frame, _ in frames])
        assert all(all(w['interfaces']) for w in workers), workers


def live_waits_for_an_idle_interface_no_longer_than_its_ring_may_hold_back():
    """The ring's own block, the wait for the other one, and what a slow machine adds."""
    with reading_two_links(1) as (place, driver):
        place.send_paced([('in0', frame, 7000) for frame in plain_traffic(200)])
        (worker,), _ = driver.finish()
        assert worker['packets'] == 200
        print(f"# handed out after {worker['latest_ns'] / 1e6:.1f} ms at most")
        assert worker['latest_ns'] < 60e6, worker


def live_loses_nothing_to_the_wait_for_an_idle_interface():
    with reading_two_links(1, 'ring_kib=4096') as (place, driver):
        frames = place.send(plain_traffic(FRAMES_MAX))
        (worker,), _ = driver.finish()
        assert worker['dropped_kernel'] == 0, worker
        check_equal([worker], frames)


def live_ends_with_one_of_two_interfaces():
    with reading_two_links(1) as (place, driver):
        place.send_paced([(f'in{n % 2}', frame, 0) for n, frame in enumerate(plain_traffic(99))])
        place.link('del', 'out1')
        (worker,), _ = driver.ended()
        assert worker['packets'] == 99, worker
        assert worker['end'] == -19 and 'out1: the interface has disappeared' in worker['error']


def live_spreads_by_flows_where_no_program_loads():
    with reading('live', 2, 'out0', 'spread=flows') as (place, driver):
        frames = place.send(f for f in mirror_traffic(4, 24, 2) if f[12:14] == b'\x08\0'
                            and f[20:22] == b'\0\0')
        workers, steering = driver.finish()
        assert steering == 4
        check_equal(workers, frames)
        assert all(w['packets'] for w in workers)


def live_counts_what_found_no_room():
    with reading('live', 1, 'out0', 'ring_kib=512') as (place, driver):
        driver.signal(signal.SIGSTOP)
        frames = place.send(plain_traffic(20000))
        driver.signal(signal.SIGCONT)
        (worker,), _ = driver.finish()
        assert worker['dropped_kernel'] > 0
        assert worker['packets'] == worker['received']
        assert worker['packets'] + worker['dropped_kernel'] == len(frames), worker


def live_goes_on_when_the_link_comes_back():
    with reading('live', 2, 'out0') as (place, driver):
        before = place.send(mirror_traffic(5, 24, 1))
        place.link('set', 'out0', 'down')
        driver.change('the link is down: the interface was taken down')
        place.link('set', 'out0', 'up')
        driver.change('the link is up')
        after = place.send(mirror_traffic(6, 24, 1))
        workers, _ = driver.finish()
        check_equal(workers, before + after)


def live_tells_that_the_other_end_is_down():
    with reading('live', 1, 'out0') as (place, driver):
        place.link('set', 'in0', 'down')
        driver.change('no carrier')
        place.link('set', 'in0', 'up')
        driver.change('the link is up')
        frames = place.send(plain_traffic(50))
        check_equal(driver.finish()[0], frames)


def live_ends_with_an_interface_that_disappears():
    with reading('live', 2, 'out0') as (place, driver):
        frames = place.send(plain_traffic(50))
        place.link('del', 'out0')
        workers, _ = driver.ended()
        check_equal(workers, frames)
        for worker in workers:
            assert worker['end'] == -19 and 'out0: the interface has disappeared' in worker['error']


def live_refuses_an_interface_that_is_not_there():
    with Place() as place, Driver(place, 'live', 2, 'nowhere0') as driver:
        assert driver.events[-1] == {'event': 'refused',
                                     'text': 'nowhere0: there is no such interface'}


def live_ends_soon_on_an_idle_link():
    with reading('live', 2, 'out0') as (_, driver):
        begin = time.monotonic()
        driver.signal(signal.SIGTERM)
        driver.ended()
        assert time.monotonic() - begin < 1


def dpdk_gives_each_address_pair_to_one_worker():
    with reading('dpdk', 2, 'net_pcap0,iface=out0', '--', '--no-huge') as (place, driver):
        frames = place.send(mirror_traffic(7, 24, 2))
        workers, steering = driver.finish()
        assert steering == 3
        check_equal(workers, frames)
        check_pairs(workers)


def dpdk_counts_what_a_packet_socket_had_no_room_for():
    """The driver itself reports nothing of it."""
    device = 'net_af_packet0,iface=out0,qpairs=2,framecnt=64'
    with reading('dpdk', 1, device, '--', '--no-huge') as (place, driver):
        driver.signal(signal.SIGSTOP)
        frames = place.send(plain_traffic(3000))
        driver.signal(signal.SIGCONT)
        (worker,), _ = driver.finish()
        assert worker['dropped_nic'] == 0 and worker['dropped_kernel'] > 0
        assert worker['packets'] + worker['dropped_kernel'] == len(frames), worker


def link_comes_and_goes(place, driver):
    """Down, up, twenty frames, gone: each is told."""
    place.link('set', 'out0', 'down')
    driver.change('the link is down')
    place.link('set', 'out0', 'up')
    driver.change('the link is up')
    place.send(plain_traffic(20))
    time.sleep(0.3)
    place.link('del', 'out0')
    # Linux takes a link down before it removes it: who looks in between sees that.
    driver.change('the device has disappeared', before='the link is down')


def dpdk_tells_of_the_link_and_of_its_end():
    with reading('dpdk', 2, 'net_af_packet0,iface=out0', '--', '--no-huge') as (place, driver):
        link_comes_and_goes(place, driver)
        workers, _ = driver.ended()
        assert total(workers, 'packets') == 20
        for worker in workers:
            assert worker['end'] == -19 and 'disappeared' in worker['error']


def dpdk_reads_a_tap_device():
    with reading('dpdk', 1, 'net_tap0,iface=tap0', '--', '--no-huge') as (place, driver):
        frames = place.send(plain_traffic(200), into='tap0')
        (worker,), _ = driver.finish()
        assert worker['packets'] + worker['dropped_interface'] >= len(frames), worker


def reading_xdp(workers, queues, *devices):
    try:
        socket.socket(AF_XDP, socket.SOCK_RAW).close()
    except OSError:
        raise Skip('needs AF_XDP sockets') from None
    return reading('dpdk', workers, *devices, '--', '--no-huge', queues=queues)


def xdp_traffic():
    return [frame for frame in mirror_traffic(7, 24, 2) if len(frame) <= 1514]


def dpdk_reads_every_queue_through_xdp_sockets():
    """A device a queue: together they see what was sent, each address pair on one worker."""
    devices = [f'net_af_xdp{n},iface=out0,start_queue={n}' for n in range(2)]
    with reading_xdp(2, 2, *devices) as (place, driver):
        frames = place.send(xdp_traffic())
        workers, steering = driver.finish()
        assert steering == 3
        check_equal(workers, frames)
        check_pairs(workers)
        assert all(sum(w['interfaces'][n] for w in workers) for n in range(2)), workers


def dpdk_tells_of_a_queue_that_no_xdp_socket_reads():
    with reading_xdp(1, 2, 'net_af_xdp0,iface=out0') as (place, driver):
        remarks = [e['text'] for e in driver.events if e['event'] == 'remark']
        assert any('reads 1 of the 2 queues of out0' in text for text in remarks), remarks
        frames = place.send(xdp_traffic())
        (worker,), _ = driver.finish()
        assert 0 < worker['packets'] < len(frames), worker


def dpdk_counts_what_an_xdp_socket_had_no_room_for():
    with reading_xdp(1, 1, 'net_af_xdp0,iface=out0') as (place, driver):
        driver.signal(signal.SIGSTOP)
        frames = place.send(plain_traffic(8000))
        driver.signal(signal.SIGCONT)
        (worker,), _ = driver.finish()
        assert worker['dropped_nic'] > 0
        assert worker['packets'] + worker['dropped_nic'] == len(frames), worker


def dpdk_tells_of_the_link_below_an_xdp_socket():
    with reading_xdp(1, 1, 'net_af_xdp0,iface=out0') as (place, driver):
        link_comes_and_goes(place, driver)
        (worker,), _ = driver.ended()
        assert worker['packets'] == 20 and worker['end'] == -19, worker


CASES = [
    live_gives_every_frame_as_it_was_sent,
    live_gives_the_frames_of_a_generated_capture,
    live_gives_jumbo_frames_whole,
    live_gives_nanoseconds,
    live_gives_each_address_pair_to_one_worker,
    live_gives_each_pair_of_what_the_host_sends_to_one_worker,
    live_reads_several_interfaces,
    live_merges_two_interfaces_by_time,
    live_merges_on_every_worker,
    live_waits_for_an_idle_interface_no_longer_than_its_ring_may_hold_back,
    live_loses_nothing_to_the_wait_for_an_idle_interface,
    live_ends_with_one_of_two_interfaces,
    live_spreads_by_flows_where_no_program_loads,
    live_counts_what_found_no_room,
    live_goes_on_when_the_link_comes_back,
    live_tells_that_the_other_end_is_down,
    live_ends_with_an_interface_that_disappears,
    live_refuses_an_interface_that_is_not_there,
    live_ends_soon_on_an_idle_link,
    dpdk_gives_each_address_pair_to_one_worker,
    dpdk_counts_what_a_packet_socket_had_no_room_for,
    dpdk_tells_of_the_link_and_of_its_end,
    dpdk_reads_a_tap_device,
    dpdk_reads_every_queue_through_xdp_sockets,
    dpdk_tells_of_a_queue_that_no_xdp_socket_reads,
    dpdk_counts_what_an_xdp_socket_had_no_room_for,
    dpdk_tells_of_the_link_below_an_xdp_socket,
]


def why_not():
    if os.geteuid() != 0:
        return 'needs root'
    try:
        with Place():
            return None
    except (OSError, subprocess.CalledProcessError):
        return 'needs network namespaces and virtual interfaces (ip netns, veth)'


def main():
    return tap.run(CASES, why_not=why_not())


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == '--send':
        send_file(sys.argv[2])
        sys.exit(0)
    DRIVER, GENERATE = map(os.path.abspath, sys.argv[1:3])
    sys.exit(main())
