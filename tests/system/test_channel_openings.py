#!/usr/bin/env python3
"""Why channels are not up, and whose certificates they show: real openings, by OpenSSL.

    test_channel_openings.py PORTOLAN

Two management centers and their devices speak TLS with each other on the loopback of a namespace of
their own, one device after the other, and what they sent is replayed. Needs root and openssl; skipped
without.
"""
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import tap

DEVICES = ('up', 'modern', 'mixed', 'expired', 'moved', 'bare', 'foreign')
STRICT = ('bare', 'foreign')
ADDRESS = {name: f'10.20.0.{number}' for number, name in enumerate(DEVICES, 1)}
# A server of OpenSSL's serves one at a time: a device has an address of its center's for itself.
SERVER = {name: f'10.10.0.{number}' for number, name in enumerate(DEVICES, 1)}


def appliance(name, role, addresses):
    return f'  - {{name: {name}, role: {role}, addresses: [{", ".join(addresses)}]}}\n'


SITE = 'appliances:\n' + appliance(
    'center', 'management-center', [SERVER[d] for d in DEVICES if d not in STRICT]) + appliance(
    'strict', 'management-center', [SERVER[d] for d in STRICT]) + ''.join(
    appliance(name, 'managed-device', [ADDRESS[name]]) for name in DEVICES)
STRANGE = '10.20.9.9'  # nobody's
PORT = 8305


def openssl(*arguments, **options):
    return subprocess.run(['openssl', *map(str, arguments)], check=True, capture_output=True, **options)


class Papers:
    """Keys and certificates of two authorities."""

    def __init__(self, folder):
        self.folder = Path(folder)
        for name in ('ours', 'theirs'):
            openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-days', '400', '-subj', f'/O=Example/CN={name} authority',
                    '-keyout', self.folder / f'{name}.key', '-out', self.folder / f'{name}.pem')

    def issue(self, name, by='ours', days=200):
        key, request, out = (self.folder / f'{name}.{end}' for end in ('key', 'csr', 'pem'))
        openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={name}', '-keyout', key,
                '-out', request)
        if days < 0:
            self.sign_late(request, out)
        else:
            openssl('x509', '-req', '-in', request, '-CA', self.folder / f'{by}.pem', '-CAkey',
                    self.folder / f'{by}.key', '-CAcreateserial', '-days', days, '-out', out)
        return '-cert', out, '-key', key

    def sign_late(self, request, out):
        """A certificate that ended years ago: only `openssl ca` makes one."""
        config = self.folder / 'ca.conf'
        config.write_text(f'[ca]\ndefault_ca = x\n[x]\ndatabase = {self.folder}/index\n'
                          f'new_certs_dir = {self.folder}\nserial = {self.folder}/serial\n'
                          'default_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n')
        (self.folder / 'index').write_text('')
        (self.folder / 'serial').write_text('77\n')
        openssl('ca', '-batch', '-notext', '-config', config, '-cert', self.folder / 'ours.pem',
                '-keyfile', self.folder / 'ours.key', '-startdate', '20200101000000Z', '-enddate',
                '20210101000000Z', '-in', request, '-out', out)

    def fingerprint(self, name):
        said = openssl('x509', '-in', self.folder / f'{name}.pem', '-noout', '-fingerprint', '-sha256')
        return said.stdout.decode().strip().split('=')[1].replace(':', '').lower()


class Recorder:
    """What crosses an interface of a namespace, as a pcap file; of the loopback each frame once."""

    def __init__(self, namespace, path, interface='lo'):
        self.path, self.packets, self.ends, self.interface = path, [], False, interface
        self.socket = self.open_in(namespace)
        self.thread = threading.Thread(target=self.run)

    def open_in(self, namespace):
        """A socket of the namespace: the thread that opens it goes there."""
        opened = []

        def go():
            import ctypes
            with open(f'/run/netns/{namespace}') as there:
                assert ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0x40000000) == 0
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind((self.interface, 0))
            s.settimeout(0.1)
            opened.append(s)

        thread = threading.Thread(target=go)
        thread.start()
        thread.join()
        return opened[0]

    def run(self):
        while not self.ends:
            with contextlib.suppress(OSError):
                frame, (_, _, kind, *_) = self.socket.recvfrom(70000)
                if kind == socket.PACKET_OUTGOING or self.interface != 'lo':
                    self.packets.append((time.time_ns(), frame))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        time.sleep(0.3)
        self.ends = True
        self.thread.join()
        with open(self.path, 'wb') as f:
            f.write(struct.pack('<IHHIIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, 1))
            for ns, frame in self.packets:
                f.write(struct.pack('<IIII', ns // 10**9, ns % 10**9, len(frame), len(frame)))
                f.write(frame)


class Namespace:
    def __init__(self):
        self.name = f'portolan-tls-{os.getpid()}'

    def __enter__(self):
        def ip(*words):
            subprocess.run(['ip', *words], check=True, capture_output=True)
        ip('netns', 'add', self.name)
        ip('-n', self.name, 'link', 'set', 'lo', 'up')
        for address in (*SERVER.values(), *ADDRESS.values()):
            ip('-n', self.name, 'address', 'add', f'{address}/32', 'dev', 'lo')
        return self

    def __exit__(self, *_):
        subprocess.run(['ip', 'netns', 'del', self.name], check=False, capture_output=True)

    def start(self, *command):
        return subprocess.Popen(['ip', 'netns', 'exec', self.name, *map(str, command)],
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)


def talk(ns, papers):
    """A connection of every device; what stays up is up until the recording ends."""
    running = []
    authority = '-CAfile', papers.folder / 'ours.pem'

    def serve(device, paper, *more):
        running.append(ns.start('openssl', 's_server', '-quiet', '-accept',
                                f'{SERVER[device]}:{PORT}', *paper, *authority, *more))

    def connect(device, *more):
        running.append(ns.start('openssl', 's_client', '-quiet', '-bind', f'{ADDRESS[device]}:0',
                                '-connect', f'{SERVER[device]}:{PORT}', *more))
        return running[-1]

    center, strict = papers.issue('center'), papers.issue('strict')
    for device in DEVICES:
        if device in STRICT:
            serve(device, strict, '-Verify', '1', '-verify_return_error')
        else:
            serve(device, center, '-verify', '1')
    old = '-tls1_2',
    moved = papers.issue('moved-1'), papers.issue('moved-2', by='theirs', days=5)
    own = {'up': papers.issue('up', days=20), 'mixed': papers.issue('mixed', by='theirs', days=60),
           'expired': papers.issue('expired', days=-1), 'foreign': papers.issue('foreign', by='theirs'),
           'bare': ()}
    first = connect('moved', *old, *moved[0])
    connect('modern', '-tls1_3', *papers.issue('modern'))
    for device, paper in own.items():
        connect(device, *old, *paper)
    time.sleep(1)
    first.kill()
    time.sleep(0.3)
    connect('moved', *old, *moved[1])
    time.sleep(0.7)
    return running


class Sensor:
    """`portolan run` on the same loopback."""

    def __init__(self, portolan, ns, folder):
        self.portolan, self.socket = portolan, folder / 'control'
        site = folder / 'live.yaml'
        site.write_text(SITE + 'capture: {source: pcap, interfaces: [lo], deduplicate: true}\n'
                        f'outputs: {{control: {{socket: {self.socket}}}}}\n')
        self.child = ns.start(portolan, 'run', '--site', site)
        limit = time.monotonic() + 30
        while not self.ask('status', '--json') and time.monotonic() < limit:
            time.sleep(0.1)

    def ask(self, *command):
        return subprocess.run([self.portolan, *command, '--socket', self.socket],
                              capture_output=True, text=True, check=False).stdout

    def channels(self):
        """what it says once it has seen all pairs: for people, and as JSON by device"""
        limit, found = time.monotonic() + 25, {}
        while len(found) < len(DEVICES) and time.monotonic() < limit:
            time.sleep(0.5)
            lines = [json.loads(line) for line in self.ask('channels', '--json').splitlines()]
            found = {line['appliances'][1]: line for line in lines if 'appliances' in line}
        return self.ask('channels'), found

    def end(self):
        self.child.terminate()
        self.child.communicate()


# Fatal alerts as they lie in a record of TLS 1.2 (RFC 5246 7.2): what OpenSSL's server sends to who has
# no certificate, and to whose authority it does not know.
ALERTS = {'bare': bytes.fromhex('15030300020228'), 'foreign': bytes.fromhex('15030300020230')}


def has_alerts(capture):
    """Once in a while a server resets a connection before its alert is on the wire."""
    data = capture.read_bytes()
    missing = [device for device, alert in ALERTS.items() if alert not in data]
    if missing:
        print('# no alert was sent to', *missing)
    return not missing


def record(portolan, folder, tries=3):
    """Papers, capture and a sensor's answers; again where OpenSSL did not say what is looked for."""
    while True:
        recorded = record_once(portolan, Path(tempfile.mkdtemp(dir=folder)))
        tries -= 1
        if has_alerts(recorded[1]) or tries == 0:
            return recorded


def record_once(portolan, folder):
    papers, capture = Papers(folder), folder / 'openings.pcap'
    with Namespace() as ns:
        sensor = Sensor(portolan, ns, folder)
        with Recorder(ns.name, capture):
            running = talk(ns, papers)
            time.sleep(0.5)
        live = sensor.channels()
        for process in running:
            process.kill()
            process.communicate()
        sensor.end()
    return papers, capture, live


class Wire:
    """Two namespaces and a wire between them. A narrow one carries small packets only towards the device,
    whose kernel says that it takes large ones; no ICMP error comes back."""

    def __init__(self, is_narrow=False):
        self.is_narrow = is_narrow
        self.center, self.device = (f'portolan-{name}-{os.getpid()}' for name in ('big', 'small'))

    def __enter__(self):
        def ip(*words):
            subprocess.run(['ip', *words], check=True, capture_output=True)
        for name in (self.center, self.device):
            ip('netns', 'add', name)
        ip('-n', self.center, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns',
           self.device)
        for name, address in ((self.center, SERVER['up']), (self.device, ADDRESS['up'])):
            ip('-n', name, 'address', 'add', f'{address}/32', 'dev', 'wire')
            ip('-n', name, 'link', 'set', 'wire', 'up')
        ip('-n', self.device, 'address', 'add', f'{STRANGE}/32', 'dev', 'wire')
        if self.is_narrow:
            ip('-n', self.center, 'link', 'set', 'wire', 'gso_max_segs', '1')
            ip('-n', self.device, 'link', 'set', 'wire', 'mtu', '600')
        ip('-n', self.center, 'route', 'add', '10.0.0.0/8', 'dev', 'wire')
        ip('-n', self.device, 'route', 'add', '10.0.0.0/8', 'dev', 'wire', 'advmss', '1400')
        return self

    def __exit__(self, *_):
        for name in (self.center, self.device):
            subprocess.run(['ip', 'netns', 'del', name], check=False, capture_output=True)

    def talk(self, papers, version, address=ADDRESS['up']):
        def start(namespace, *command):
            return subprocess.Popen(['ip', 'netns', 'exec', namespace, 'openssl', *map(str, command)],
                                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        center = ('-cert', papers.folder / 'center.pem', '-key', papers.folder / 'center.key',
                  '-cert_chain', papers.folder / 'ours.pem')
        server = start(self.center, 's_server', '-quiet', '-accept', f'{SERVER["up"]}:{PORT}', *center)
        time.sleep(0.7)
        client = start(self.device, 's_client', '-quiet', version, '-bind', f'{address}:0',
                       '-connect', f'{SERVER["up"]}:{PORT}')
        time.sleep(3.5 if self.is_narrow else 0.7)
        for process in (client, server):
            process.kill()
            process.communicate()


class World:
    def __init__(self, portolan, folder):
        self.portolan, self.folder = portolan, Path(folder)
        self.site = self.folder / 'site.yaml'
        self.site.write_text(SITE)
        self.papers, self.capture, (self.live, self.live_json) = record(portolan, self.folder)
        self.summary = self.replay('store')
        self.channels = self.ask('store')

    def replay(self, store, *more):
        return subprocess.run([self.portolan, 'replay', '--site', self.site, '--store',
                               self.folder / store, *more, self.capture],
                              check=True, capture_output=True, text=True).stdout

    def ask(self, store):
        said = subprocess.run([self.portolan, 'triage', 'channels', '--format', 'json', '--store',
                               self.folder / store], check=True, capture_output=True, text=True).stdout
        return [json.loads(line) for line in said.splitlines()][:-1]

    def rows(self, device):
        return [row for row in self.channels if device in (row.get('one'), row.get('other'))]

    def certificate(self, device):
        return {row['certificate_one' if row['one'] == device else 'certificate_other']
                for row in self.rows(device)}


def certificates_of_both_sides_are_seen_in_tls_1_2(w):
    assert w.certificate('up') == {'CN=up by CN=ours authority,O=Example, 19 days left'}, w.rows('up')
    other = {row['certificate_one'] if row['one'] == 'center' else row['certificate_other']
             for row in w.rows('up')}
    assert other == {'CN=center by CN=ours authority,O=Example, 199 days left'}, other


def fingerprints_are_those_of_the_files(w):
    import sqlite3
    with contextlib.closing(sqlite3.connect(w.folder / 'store' / 'state.db')) as db:
        found = {tuple(row) for row in db.execute('SELECT holder, fingerprint FROM certificate')}
    for name, holder in (('up', 'up'), ('center', 'center'), ('mixed', 'mixed'), ('strict', 'strict'),
                         ('moved-1', 'moved'), ('moved-2', 'moved'), ('expired', 'expired')):
        assert (holder, w.papers.fingerprint(name)) in found, (name, found)


def tls_1_3_says_that_certificates_cannot_be_seen(w):
    assert w.certificate('modern') == {'cannot be seen: TLS 1.3 encrypts it'}, w.rows('modern')


def alert_is_named_with_who_sent_it(w):
    assert any(row['reason'] == 'strict ended the handshake with the TLS alert handshake_failure'
               for row in w.rows('bare')), w.rows('bare')
    assert any(row['reason'] == 'strict ended the handshake with the TLS alert unknown_ca'
               for row in w.rows('foreign')), w.rows('foreign')
    assert 'strict ended the handshake with the TLS alert unknown_ca' in w.summary, w.summary


def ends_of_certificates_and_issuers_are_findings(w):
    for said in ('up: the certificate of its channels ends within 30 days: CN=up by',
                 'expired: the certificate of its channels has ended: CN=expired by',
                 'mixed: the certificate of its channels ends within 90 days: CN=mixed by',
                 'moved: the certificate of its channels ends within 7 days: CN=moved-2 by',
                 'the two ends of a channel have certificates of different issuers',
                 'moved: the certificate of a channel has another issuer than before'):
        assert said in w.summary, f'{said}: {w.summary}'
    assert 'center: the certificate of its channels ends' not in w.summary, w.summary


def sensor_tells_the_same(w):
    assert set(w.live_json) == set(DEVICES), w.live_json
    reason = {device: w.live_json[device]['reason'] for device in STRICT}
    assert reason == {
        'bare': 'strict ended the handshake with the TLS alert handshake_failure',
        'foreign': 'strict ended the handshake with the TLS alert unknown_ca'}, reason
    up = w.live_json['up']['certificates'][1]
    assert up['sha256'] == w.papers.fingerprint('up') and up['days_left'] == 19, up
    assert up['subject'] == 'CN=up' and up['issuer'] == 'CN=ours authority,O=Example', up
    for line in ('  why: strict ended the handshake with the TLS alert unknown_ca',
                 '  certificate of up: CN=up by CN=ours authority,O=Example, 19 days left',
                 '  certificate of modern: cannot be seen: TLS 1.3 encrypts it'):
        assert line in w.live.splitlines(), f'{line}: {w.live}'


def full_segments_that_never_come_through_are_told(w):
    for version in ('-tls1_2', '-tls1_3'):
        capture = w.folder / f'hole{version}.pcap'
        with Wire(is_narrow=True) as hole, Recorder(hole.center, capture, 'wire'):
            hole.talk(w.papers, version)
        said = subprocess.run([w.portolan, 'replay', '--site', w.site, capture], check=True,
                              capture_output=True, text=True).stdout
        assert 'full segments of center never come through, small ones do (MTU)' in said, said


def who_comes_from_an_address_of_nobody_is_named(w):
    capture = w.folder / 'strange.pcap'
    with Wire() as wire, Recorder(wire.center, capture, 'wire'):
        wire.talk(w.papers, '-tls1_2')
        wire.talk(w.papers, '-tls1_2', STRANGE)
    said = subprocess.run([w.portolan, 'replay', '--site', w.site, capture], check=True,
                          capture_output=True, text=True).stdout
    assert f'up comes from {STRANGE}, no address of its own (link address: as seen)' in said, said
    assert 'peer-not-allowed' in said, said  # it decides nothing of the flow


def mirror_of_one_direction_is_told(w):
    for ends in ((SERVER['up'], ADDRESS['up']), (ADDRESS['up'], SERVER['up'])):
        lost = b''.join(map(socket.inet_aton, ends))
        path = w.folder / 'one-sided.pcap'
        path.write_bytes(w.capture.read_bytes()[:24] + b''.join(
            p for p in pcap_packets(w.capture.read_bytes()) if lost not in p[:60]))
        said = subprocess.run([w.portolan, 'replay', '--site', w.site, path], check=True,
                              capture_output=True, text=True).stdout
        silent = 'center' if ends[0] == SERVER['up'] else 'up'
        assert f'the mirror shows one direction only: nothing that {silent} sends' in said, said


def one_worker_and_three_tell_the_same(w):
    for workers in ('3', '8'):
        again = w.replay('store-' + workers, '--workers', workers)
        assert again == w.summary, f'{again} instead of {w.summary}'
        assert w.ask('store-' + workers) == w.channels


def capture_that_was_cut_in_two_tells_the_same(w):
    data = w.capture.read_bytes()
    packets = list(pcap_packets(data))
    for share in (3, 5, 8):
        cut, parts = len(packets) * share // 10, [w.folder / f'part{n}.pcap' for n in (1, 2)]
        for path, part in zip(parts, (packets[:cut], packets[cut:])):
            path.write_bytes(data[:24] + b''.join(part))
        store = w.folder / f'parts{share}'
        subprocess.run([w.portolan, 'replay', '--site', w.site, '--store', store, *parts], check=True,
                       capture_output=True)
        assert w.ask(store.name) == w.channels, share


def issuer_that_changed_across_a_restart_is_told(w):
    """the store knows it from before: of a program that saw the second certificate only"""
    packets, at, opened = list(pcap_packets(w.capture.read_bytes())), None, b''.join(
        socket.inet_aton(name) for name in (ADDRESS['moved'], SERVER['moved']))
    for n, packet in enumerate(packets):
        ip = packet.find(opened) - 12
        if ip > 0 and packet[ip + 20 + 13] == 2:  # a SYN
            at = n
    for n, part in enumerate((packets[:at], packets[at:])):
        (w.folder / f'restart{n}.pcap').write_bytes(w.capture.read_bytes()[:24] + b''.join(part))
    said = [subprocess.run([w.portolan, 'replay', '--site', w.site, '--store', w.folder / store,
                            w.folder / f'restart{n}.pcap'], check=True, capture_output=True, text=True).stdout
            for store, n in (('restarted', 0), ('restarted', 1), ('restarted', 1), ('alone', 1))]
    changed = 'moved: the certificate of a channel has another issuer than before'
    assert [changed in text for text in said] == [False, True, False, False], said
    assert 'CN=ours authority,O=Example before, CN=theirs authority,O=Example now' in said[1], said[1]


def pcap_packets(data):
    at = 24
    while at < len(data):
        size = 16 + struct.unpack('<I', data[at + 8:at + 12])[0]
        yield data[at:at + size]
        at += size


def cut_frames_give_no_certificate(w):
    data = w.capture.read_bytes()
    cut, at = data[:24], 24
    while at < len(data):
        head = struct.unpack('<IIII', data[at:at + 16])
        kept = min(head[2], 200)
        cut += struct.pack('<IIII', head[0], head[1], kept, head[3]) + data[at + 16:at + 16 + kept]
        at += 16 + head[2]
    path = w.folder / 'cut.pcap'
    path.write_bytes(cut)
    subprocess.run([w.portolan, 'replay', '--site', w.site, '--store', w.folder / 'cut', path],
                   check=True, capture_output=True)
    for row in w.ask('cut'):
        assert not row['certificate_one'] and not row['certificate_other'] or \
            'TLS 1.3' in row['certificate_one'], row


CASES = [certificates_of_both_sides_are_seen_in_tls_1_2, fingerprints_are_those_of_the_files,
         tls_1_3_says_that_certificates_cannot_be_seen, alert_is_named_with_who_sent_it,
         ends_of_certificates_and_issuers_are_findings, sensor_tells_the_same,
         full_segments_that_never_come_through_are_told, who_comes_from_an_address_of_nobody_is_named,
         mirror_of_one_direction_is_told, one_worker_and_three_tell_the_same,
         capture_that_was_cut_in_two_tells_the_same, issuer_that_changed_across_a_restart_is_told,
         cut_frames_give_no_certificate]


def main():
    if os.getuid() != 0 or not shutil.which('openssl'):
        return tap.run(CASES, why_not='needs root and openssl')
    with tempfile.TemporaryDirectory() as folder:
        return tap.run(CASES, World(sys.argv[1], folder))


if __name__ == '__main__':
    sys.exit(main())
