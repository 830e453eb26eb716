#!/usr/bin/env python3
"""`portolan run` beside live conversations: real sockets and many flows, in network namespaces.

    test_live_sensor.py PORTOLAN FLOW_SENDER

Two hosts, a management center and a managed device, are namespaces with two wires between them;
the sensor is in the first one. What the center is sent comes over one wire, what it answers goes
over the other, as a TAP delivers a link's directions on two interfaces.

With LONG_HEARTBEATS=1 the heartbeats of the channel come every 20 s instead of every 2 s.

Needs root; skipped without.
"""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

import tap
from tap import Skip

TREE = Path(__file__).resolve().parent.parent.parent
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')
CENTER, DEVICE = '10.10.0.5', '10.20.0.1'
HEARTBEAT_S = 20 if os.environ.get('LONG_HEARTBEATS') else 2
SURVEY_S = 10  # how often the sensor looks at every live flow
APPLIANCES = f"""
appliances:
  - {{name: fmc-1, role: management-center, addresses: [{CENTER}]}}
  - {{name: ftd-1, role: managed-device, addresses: [{DEVICE}]}}
"""


# --- the place --------------------------------------------------------------------------------

def ip(*arguments):
    subprocess.run(['ip', *arguments], check=True, capture_output=True)


class Hosts:
    """Two namespaces; the center's wires are `to` and `from`."""

    def __init__(self):
        self.center, self.device = (f'portolan-{name}-{os.getpid()}' for name in ('fmc', 'ftd'))

    def __enter__(self):
        try:
            for name in (self.center, self.device):
                ip('netns', 'add', name)
                self.quiet(name)
            self.wire('to', '192.0.2')
            self.wire('from', '198.51.100')
            self.settle(self.center, CENTER, DEVICE, '198.51.100.2')
            self.settle(self.device, DEVICE, CENTER, '192.0.2.1')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in (self.center, self.device):
            subprocess.run(['ip', 'netns', 'del', name], check=False, capture_output=True)

    @staticmethod
    def quiet(name):
        """No IPv6 of its own, and answers may come over another wire than questions went."""
        setting = '/proc/sys/net'
        subprocess.run(['ip', 'netns', 'exec', name, 'sh', '-c',
                        f'echo 1 > {setting}/ipv6/conf/default/disable_ipv6;'
                        f'echo 0 > {setting}/ipv4/conf/all/rp_filter;'
                        f'echo 0 > {setting}/ipv4/conf/default/rp_filter'],
                       check=True, capture_output=True)

    def wire(self, name, network):
        ip('-n', self.center, 'link', 'add', name, 'type', 'veth',
           'peer', 'name', name, 'netns', self.device)
        for host, number in ((self.center, 1), (self.device, 2)):
            ip('-n', host, 'address', 'add', f'{network}.{number}/24', 'dev', name)
            ip('-n', host, 'link', 'set', name, 'up')

    @staticmethod
    def settle(host, address, other, over):
        ip('-n', host, 'link', 'set', 'lo', 'up')
        ip('-n', host, 'address', 'add', f'{address}/32', 'dev', 'lo')
        ip('-n', host, 'route', 'add', other, 'via', over, 'src', address)

    @staticmethod
    def command(host, *command):
        return ['ip', 'netns', 'exec', host, *command]

    def play(self, host, role, *arguments, **options):
        """A part of this file as a process of a host."""
        return subprocess.Popen(
            self.command(host, sys.executable, os.path.abspath(__file__), '--play', role,
                         *map(str, arguments)), stdout=subprocess.PIPE, text=True, **options)


class Sensor:
    """`portolan run` in the center's namespace."""

    def __init__(self, hosts, folder, *, interfaces='to, from', site='', appliances=APPLIANCES):
        self.folder = Path(folder)
        self.flows, self.events = self.folder / 'flows', self.folder / 'events'
        self.stats, self.socket = self.folder / 'stats', self.folder / 'control'
        config = self.folder / 'site.yaml'
        config.write_text(
            appliances + f'capture: {{source: pcap, interfaces: [{interfaces}]}}\n'
            f'outputs: {{control: {{socket: {self.socket}}}}}\n' + site)
        self.child = subprocess.Popen(
            hosts.command(hosts.center, PORTOLAN, 'run', '--site', config, '--flows', self.flows,
                          '--events', self.events, '--stats', self.stats),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        limit = time.monotonic() + 30
        while not self.ask('status'):
            if self.child.poll() is not None or time.monotonic() > limit:
                self.child.kill()
                raise AssertionError(f'no sensor: {self.child.communicate()[1]}')
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()

    def ask(self, command):
        """the lines of JSON of an answer; none while there is no sensor"""
        done = subprocess.run([PORTOLAN, command, '--json', '--socket', self.socket],
                              capture_output=True, text=True, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def end(self):
        self.child.send_signal(signal.SIGINT)
        out, err = self.child.communicate(timeout=30)
        assert self.child.returncode == 0, (self.child.returncode, out, err)
        return json.loads(self.stats.read_text())


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@contextlib.contextmanager
def beside(before=None, **options):
    """The hosts, what `before` starts in them, and after that a sensor."""
    with tempfile.TemporaryDirectory() as folder, Hosts() as hosts, contextlib.ExitStack() as stack:
        started = stack.enter_context(before(hosts)) if before else None
        with Sensor(hosts, folder, **options) as sensor:
            yield hosts, sensor, started


# --- parts --------------------------------------------------------------------------------------

def connect_in_vain(count):
    """Connections to a port where nobody listens."""
    refused = 0
    for _ in range(int(count)):
        with socket.socket() as s:
            refused += s.connect_ex((CENTER, 443)) == 111
    print(refused)


def ask_at(port):
    """One datagram to a port, and no answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((CENTER, int(port)))
        s.send(b'?')


RECORD = b'\x17\x03\x03\0\x40'  # TLS application data (RFC 8446, 5.1)


def echo(connection):
    with contextlib.suppress(OSError):
        while data := connection.recv(4096):
            connection.sendall(data)


def answer_heartbeats():
    """As long as somebody holds the other end of standard input."""
    with socket.create_server((CENTER, 8305)) as server:
        print('listening', flush=True)
        threading.Thread(target=accept_for_ever, args=(server,), daemon=True).start()
        sys.stdin.read()


def accept_for_ever(server):
    while True:
        threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()


def send_heartbeats(every_s):
    connections = [socket.create_connection((CENTER, 8305)) for _ in range(2)]
    reported = False
    while True:
        for connection in connections:
            connection.sendall(RECORD + os.urandom(64))
            connection.recv(4096)
        if not reported:
            print('up', flush=True)
            reported = True
        time.sleep(float(every_s))


PARTS = {'connect': connect_in_vain, 'ask': ask_at, 'answer': answer_heartbeats,
         'heartbeats': send_heartbeats}


@contextlib.contextmanager
def channel(hosts):
    """Two connections that are up and carry heartbeats."""
    center = hosts.play(hosts.center, 'answer', stdin=subprocess.PIPE)
    assert center.stdout.readline() == 'listening\n'
    device = hosts.play(hosts.device, 'heartbeats', HEARTBEAT_S)
    try:
        assert device.stdout.readline() == 'up\n'
        yield device
    finally:
        for process in (device, center):
            process.kill()
            process.communicate()


# --- cases --------------------------------------------------------------------------------------

def three_hundred_refused_connections_over_a_tap_are_three_hundred_flows():
    with beside() as (hosts, sensor, _):
        refused = hosts.play(hosts.device, 'connect', 300).communicate()[0]
        assert refused == '300\n', refused
        time.sleep(0.5)
        stats = sensor.end()
        found = [r for r in lines(sensor.flows) if r['network']['transport'] == 'tcp']
    kinds = {(r['portolan']['connection'], r['source']['ip'], r['source']['packets'],
              r['destination']['packets']) for r in found}
    assert len(found) == 300, f'{len(found)} flows'
    assert kinds == {('refused', DEVICE, 1, 1)}, kinds
    assert stats['capture']['dropped_kernel'] == 0, stats['capture']


def state_of_the_channel(sensor):
    states = [item['state'] for item in sensor.ask('channels') if 'state' in item]
    assert len(states) < 2, states
    return states[0] if states else None


def a_channel_that_was_up_before_the_sensor_is_up_within_a_heartbeat_and_never_an_alarm():
    with beside(channel) as (_, sensor, _):
        begin, states = time.monotonic(), []
        limit = begin + HEARTBEAT_S + SURVEY_S + 2
        while time.monotonic() < limit and 'up' not in states:
            states.append(state_of_the_channel(sensor))
            time.sleep(0.2)
        took = time.monotonic() - begin
        assert 'up' in states and set(states) <= {None, 'up'}, (set(states), took)
        print(f'# up after {took:.1f} s, with heartbeats of {HEARTBEAT_S} s')
        time.sleep(1.2 * HEARTBEAT_S)
        assert state_of_the_channel(sensor) == 'up'
        sensor.end()
        flows, events = lines(sensor.flows), lines(sensor.events)
    assert events == [], events
    found = [(r['portolan']['verdict'], r['destination']['port']) for r in flows
             if r['network']['transport'] == 'tcp']
    assert found == [('expected', 8305)] * 2, found


TIMEOUT_S = 2
ENDED = b'"end":"'
SHORT = f'flow: {{timeouts: {{udp_one_way: {TIMEOUT_S}s}}}}\n'
ALLOWANCE_S = 1.0  # for the batch of records, the file, and what a loaded machine adds


class Growth:
    """A file's size against the clock, and afterwards when each record in it was written. Nothing
    is read meanwhile: at 75,000 records a second that takes a processor."""

    def __init__(self, path):
        self.path, self.begin = path, path.stat().st_size
        self.sizes, self.times = [], []

    def watch(self, is_over):
        while not is_over():
            self.sizes.append(self.path.stat().st_size)
            self.times.append(time.time())
            time.sleep(0.02)

    def is_quiet(self):
        return len(self.sizes) > 25 and self.sizes[-1] == self.sizes[-25]

    def lateness(self):
        """the number of records, and by how much the latest one is over its timeout"""
        records, latest_s, written, offset = 0, 0.0, 0, self.begin
        with open(self.path, 'rb') as file:
            file.seek(offset)
            for line in file:
                offset += len(line)
                while written < len(self.sizes) and self.sizes[written] < offset:
                    written += 1
                at = line.find(ENDED) + len(ENDED)
                end = instant(line[at:line.index(b'"', at)].decode())
                latest_s = max(latest_s, self.times[written] - end - TIMEOUT_S)
                records += 1
        return records, latest_s


SECONDS = {}


def instant(text):
    whole, fraction = text.rstrip('Z').split('.')
    if whole not in SECONDS:
        SECONDS[whole] = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp()
    return SECONDS[whole] + float('0.' + fraction)


def send_flows(hosts, sensor, flows, rate, first):
    """Until their records are there or it is too late: the file's growth and the rate."""
    growth = Growth(sensor.flows)
    sender = subprocess.Popen(hosts.command(hosts.device, FLOW_SENDER, 'to', str(flows), str(rate),
                                            str(first)), stdout=subprocess.PIPE, text=True)
    growth.watch(lambda: sender.poll() is not None)
    timeout = time.monotonic() + TIMEOUT_S
    limit = timeout + 2 + ALLOWANCE_S
    growth.watch(lambda: time.monotonic() > limit or
                 time.monotonic() > timeout + 1.5 and growth.is_quiet())
    sent = json.loads(sender.communicate()[0])
    return growth, sent['flows'] / sent['seconds']


def check_lateness(hosts, sensor, flows, rate, first):
    growth, reached = send_flows(hosts, sensor, flows, rate, first)
    records, late_s = growth.lateness()
    print(f'# {flows} flows at {reached:.0f} a second: {records} records, the latest {late_s:.2f} s '
          'after the timeout')
    assert records > 0 and late_s < 2 + ALLOWANCE_S, late_s
    return records


def flows_end_within_two_seconds_of_their_timeout():
    """On a link that is idle afterwards, at a thousand new flows a second, and at 75,000."""
    steps = [(20000, 40000, 0), (8000, 1000, 100000), (375000, 75000, 200000)]
    with beside(interfaces='to', site=SHORT) as (hosts, sensor, _):
        records = [check_lateness(hosts, sensor, *step) for step in steps]
        stats = sensor.end()
    sent, lost = sum(step[0] for step in steps), stats['capture']['dropped_kernel']
    written = sum(records) + stats['records']['dropped']
    assert written + lost == sent, (written, stats['records'], stats['capture'])
    ended = stats['flows']['ended']
    assert ended['idle'] == sent - lost == stats['flows']['created'], stats['flows']


def an_event_is_in_the_file_while_the_sensor_runs():
    """However few there are: they do not wait for more."""
    with beside() as (hosts, sensor, _):
        hosts.play(hosts.device, 'ask', 4444).communicate()
        limit = time.monotonic() + 10
        while not lines(sensor.events) and time.monotonic() < limit:
            time.sleep(0.1)
        events = lines(sensor.events)
        sensor.end()
    assert events and events[0]['destination']['port'] == 4444, events


def check_of(sensor, name):
    """the state of a check of `health`, and its words"""
    return next((c['state'], c['what']) for c in sensor.ask('health') if c.get('check') == name)


def health_of_a_sensor_that_hears_nothing_is_not_well():
    with beside() as (hosts, sensor, _):
        state, what = check_of(sensor, 'traffic')
        assert state == 'warning' and 'no packet since the start' in what, (state, what)
        assert check_of(sensor, 'link') == ('ok', 'up')
        hosts.play(hosts.device, 'ask', 4444).communicate()
        limit = time.monotonic() + 5
        while check_of(sensor, 'traffic')[0] != 'ok' and time.monotonic() < limit:
            time.sleep(0.1)
        assert check_of(sensor, 'traffic') == ('ok', 'packets arrive')
        sensor.end()


def health_says_within_three_seconds_that_a_link_went_down():
    with beside() as (hosts, sensor, _):
        for name, state in (('to', 'warning'), ('from', 'failure')):
            ip('-n', hosts.device, 'link', 'set', name, 'down')
            limit = time.monotonic() + 3
            while check_of(sensor, 'link')[0] != state:
                assert time.monotonic() < limit, check_of(sensor, 'link')
                time.sleep(0.1)
            assert 'the link is down: no carrier' in check_of(sensor, 'link')[1]
        for name in ('to', 'from'):
            ip('-n', hosts.device, 'link', 'set', name, 'up')
        limit = time.monotonic() + 5
        while check_of(sensor, 'link')[0] != 'ok':
            assert time.monotonic() < limit, check_of(sensor, 'link')
            time.sleep(0.1)
        sensor.end()


def a_channel_that_is_declared_and_never_seen_is_missing():
    declared = APPLIANCES.replace(f'[{DEVICE}]', f'[{DEVICE}], managers: [fmc-1]')
    assert declared != APPLIANCES
    with beside(appliances=declared) as (_, sensor, _):
        result = sensor.ask('channels')[-1]
        result = result.get('result', result)
        assert sorted(result['missing'][0]) == ['fmc-1', 'ftd-1'], result
        shown = subprocess.run([PORTOLAN, 'channels', '--socket', sensor.socket], capture_output=True, text=True,
                               check=True).stdout
        assert re.search(r'missing +ftd-1 and fmc-1|missing +fmc-1 and ftd-1', shown), shown
        sensor.end()


CASES = [
    a_channel_that_is_declared_and_never_seen_is_missing,
    health_of_a_sensor_that_hears_nothing_is_not_well,
    health_says_within_three_seconds_that_a_link_went_down,
    three_hundred_refused_connections_over_a_tap_are_three_hundred_flows,
    a_channel_that_was_up_before_the_sensor_is_up_within_a_heartbeat_and_never_an_alarm,
    an_event_is_in_the_file_while_the_sensor_runs,
    flows_end_within_two_seconds_of_their_timeout,
]


def why_not():
    if os.geteuid() != 0:
        return 'needs root'
    try:
        with Hosts():
            return None
    except (OSError, subprocess.CalledProcessError):
        return 'needs network namespaces and virtual interfaces (ip netns, veth)'


if __name__ == '__main__':
    if sys.argv[1] == '--play':
        PARTS[sys.argv[2]](*sys.argv[3:])
        sys.exit(0)
    PORTOLAN, FLOW_SENDER = map(os.path.abspath, sys.argv[1:3])
    sys.exit(tap.run(CASES, why_not=why_not()))
