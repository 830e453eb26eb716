#!/usr/bin/env python3
"""The sinks of `portolan run`: files and syslog, to collectors that come and go.

    test_sinks.py PORTOLAN PORTOLAN_GENERATE

The collectors are rsyslog, on the loopback. Packets come from a file through DPDK (net_pcap), so
no root is needed; skipped without DPDK, rsyslog or openssl. The full disk is a small tmpfs in a
mount namespace of its own, which needs root.
"""
import json
import os
import re
import shutil
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
os.environ['PATH'] += ':/usr/sbin:/sbin'


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_for(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f'after {seconds} s still not: {what}')


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


class Collector:
    """rsyslogd in the foreground, writing what it understood: one line a message"""

    INPUT = {
        'udp': 'module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{port}")\n',
        'tcp': 'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{port}")\n',
        'tls': 'global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{f}/ca.pem"\n'
               '  DefaultNetstreamDriverCertFile="{f}/collector.pem"\n'
               '  DefaultNetstreamDriverKeyFile="{f}/collector.key")\n'
               'module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1"\n'
               '  StreamDriver.Authmode="x509/certvalid")\n'
               'input(type="imtcp" address="127.0.0.1" port="{port}")\n',
    }

    def __init__(self, folder, kind, name):
        if not shutil.which('rsyslogd'):
            raise Skip('no rsyslogd')
        self.kind, self.base = kind, folder / name
        self.port = free_port(socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM)
        self.out, self.child = self.base.with_suffix('.out'), None
        self.conf = self.base.with_suffix('.conf')
        self.conf.write_text(
            f'global(workDirectory="{folder}" maxMessageSize="16k")\n'
            + self.INPUT[kind].format(port=self.port, f=folder)
            + 'template(name="fields" type="string" string="%pri%\\t%app-name%\\t%procid%\\t'
              '%msgid%\\t%structured-data%\\t%msg%\\n")\n'
            + f'action(type="omfile" file="{self.out}" template="fields")\n')

    def start(self):
        self.child = subprocess.Popen(
            ['rsyslogd', '-n', '-f', self.conf, '-i', self.base.with_suffix('.pid')],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(f'{self.kind} collector listens', 5, self.listens)

    def listens(self):
        table = Path(f'/proc/net/{"udp" if self.kind == "udp" else "tcp"}').read_text()
        listening = '07' if self.kind == 'udp' else '0A'
        return re.search(fr':{self.port:04X} [0-9A-F]+:0000 {listening} ', table)

    def kill(self, number=signal.SIGKILL):
        if self.child:
            self.child.send_signal(number)
            self.child.wait(5)
        self.child = None

    def messages(self):
        return [line.split('\t', 5) for line in lines(self.out)]

    def address(self, host='127.0.0.1'):
        return f'{self.kind}://{host}:{self.port}'


def make_certificates(folder):
    """an authority, and of it a collector called localhost and a sensor"""
    if not shutil.which('openssl'):
        raise Skip('no openssl')

    def openssl(*arguments):
        subprocess.run(['openssl', *arguments], cwd=folder, check=True, capture_output=True)

    curve = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')
    openssl('req', '-x509', *curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2',
            '-subj', '/CN=authority')
    for name, alternative in (('collector', 'DNS:localhost'), ('sensor', 'DNS:sensor')):
        openssl('req', *curve, '-keyout', f'{name}.key', '-out', f'{name}.csr', '-subj',
                f'/CN={name}')
        (folder / 'ext').write_text(f'subjectAltName={alternative}\n')
        openssl('x509', '-req', '-in', f'{name}.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key',
                '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', f'{name}.pem')


class World:
    """The generator's demonstration capture and site, and a folder for what comes out."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.capture, site = self.folder / 'demo.pcap', self.folder / 'demo.yaml'
        subprocess.run([GENERATE, 'demo', '-o', self.capture, '--site', site], check=True,
                       capture_output=True)
        self.appliances = ''.join(line for line in site.read_text().splitlines(True)
                                  if not line.startswith('outputs:'))
        self.socket = self.folder / 'control.sock'

    def start(self, sinks, *arguments, prefix=()):
        listed = ''.join(f'    - {{{sink}}}\n' for sink in sinks)
        site = self.folder / 'site.yaml'
        site.write_text(
            f'{self.appliances}capture:\n  source: dpdk\n'
            f'  dpdk: {{devices: ["net_pcap0,rx_pcap={self.capture}"]}}\n'
            f'outputs:\n  control: {{socket: {self.socket}}}\n  events:\n{listed}')
        self.stats, self.events = self.folder / 'stats.json', self.folder / 'events.reference'
        for former in (self.events, self.stats):  # would be extended; may be root's
            former.unlink(missing_ok=True)
        child = subprocess.Popen(
            [*prefix, PORTOLAN, 'run', '--site', site, '--stats', self.stats, '--events',
             self.events, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            wait_for('the sensor answers', 20, lambda: child.poll() is not None or self.ask())
        except AssertionError:
            child.kill()
            raise
        return child

    def ask(self):
        """the sinks by name, as the sensor has them now"""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(2)
                s.connect(str(self.socket))
                s.sendall(b'{"protocol":1,"command":"status"}\n')
                with s.makefile() as f:
                    answer = json.loads(f.readline())
            return {sink['name']: sink for sink in answer['result']['sinks']}
        except (OSError, ValueError, KeyError):
            return None

    def outcome(self, child):
        """what it said, its sinks at the end, and all its events"""
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=20)
        if 'built without' in err:
            raise Skip('built without DPDK')
        assert child.returncode == 0, f'status {child.returncode}: {err}'
        sinks = json.loads(self.stats.read_text())['events']['sinks']
        return out, err, {s['name']: s for s in sinks}, lines(self.events)


def every_sink_gets_every_event_in_its_own_form(w):
    make_certificates(w.folder)
    udp, tcp = Collector(w.folder, 'udp', 'udp'), Collector(w.folder, 'tcp', 'tcp')
    tls = Collector(w.folder, 'tls', 'tls')
    file, flows = w.folder / 'all.jsonl', w.folder / 'flows.jsonl'
    own = f'certificate: {w.folder}/sensor.pem, key: {w.folder}/sensor.key'
    stranger = f'tls://127.0.0.1:{tls.port}'
    try:
        for c in (udp, tcp, tls):
            c.start()
        child = w.start([f'kind: json, path: {file}', 'kind: json, path: "-"',
                         f'kind: json, path: {flows}, flows: yes, rotate: 100kB, keep: 20',
                         f'kind: syslog, address: "{udp.address()}", format: cef',
                         f'kind: syslog, address: "{tcp.address()}"',
                         f'kind: syslog, address: "{tls.address("localhost")}", '
                         f'ca: {w.folder}/ca.pem, {own}',
                         f'kind: syslog, address: "{stranger}", ca: {w.folder}/ca.pem, {own}',
                         f'kind: syslog, address: "{tls.address("localhost")}", {own}'])
        time.sleep(1)
        out, err, sinks, events = w.outcome(child)
        wait_for('all events have arrived', 5, lambda: all(
            len(c.messages()) == len(events) for c in (udp, tcp, tls)))
    finally:
        for c in (udp, tcp, tls):
            c.kill()
    assert len(events) > 20, events
    assert lines(file) == events and out.splitlines() == events
    assert 'SEEN' in err, 'the summary gives way to events on standard output'
    for c in (tcp, tls):
        assert sorted(m[5].lstrip() for m in c.messages()) == sorted(events), c.kind
    check_fields(tcp.messages(), events)
    assert all(m[5].lstrip().startswith('CEF:0|portolan|portolan|') for m in udp.messages())
    check_flows(flows, events)
    assert sinks[stranger]['state'] == 'retrying' and sinks[stranger]['delivered'] == 0, sinks
    assert 'name in the certificate' in sinks[stranger]['last_error'], sinks[stranger]
    # The last one has the same name as the one that trusts: the system does not know this authority.
    assert 'issuer' in sinks[tls.address('localhost')]['last_error'], sinks
    assert sinks[str(file)]['state'] == 'ok' and sinks[str(file)]['delivered'] == len(events)


def check_fields(messages, events):
    for message in messages:
        pri, app, process, action, data, text = message
        event = json.loads(text)
        assert int(pri) == 16 * 8 + 6 - event['event'].get('severity', 0), message
        assert (app, action) == ('portolan', event['event']['action']) and int(process) > 0
        assert '[portolan@32473' in data, data
    assert len(messages) == len(events)


def check_flows(path, events):
    files = [path, *sorted(path.parent.glob(path.name + '.*'))]
    assert len(files) > 3 and all(f.stat().st_size <= 100000 for f in files), files
    records = [json.loads(line) for f in files for line in lines(f)]
    ended = [r for r in records if r['event']['action'] == 'flow-ended']
    assert len(ended) > 300 and len(records) - len(ended) == len(events), len(records)


def texts(collector):
    return {m[5].lstrip() for m in collector.messages()}


def a_collector_that_comes_late_and_goes_away_gets_what_waited(w):
    make_certificates(w.folder)
    tcp, tls = Collector(w.folder, 'tcp', 'late-tcp'), Collector(w.folder, 'tls', 'late-tls')
    names = tcp.address(), tls.address('localhost')
    child = w.start([f'kind: syslog, address: "{names[0]}"',
                     f'kind: syslog, address: "{names[1]}", ca: {w.folder}/ca.pem, '
                     f'certificate: {w.folder}/sensor.pem, key: {w.folder}/sensor.key'])

    def all_are(state, queued):
        sinks = w.ask() or {}
        return sinks and all(sinks[n]['state'] == state and (sinks[n]['queued'] > 0) == queued
                             for n in names)

    try:
        wait_for('events wait', 5, lambda: child.poll() is not None or all_are('retrying', True))
        for c in (tcp, tls):
            c.start()
        wait_for('they arrive', 8, lambda: child.poll() is not None or all_are('ok', False))
        wait_for('they are written', 5, lambda: tcp.messages() and tls.messages())
        time.sleep(0.3)
        before = len(tcp.messages())
        for c in (tcp, tls):
            c.kill()
        wait_for('it is noticed', 5, lambda: all_are('retrying', False))
        for c in (tcp, tls):
            c.start()
        _, err, sinks, events = w.outcome(child)
        wait_for('all events have arrived', 5, lambda: all(
            texts(c) == set(events) for c in (tcp, tls)))
    finally:
        child.kill()
        for c in (tcp, tls):
            c.kill()
    assert 0 < before < len(events), (before, len(events))
    # What was not known to have arrived when the collector died came twice.
    assert len(set(events)) == len(events) <= len(tcp.messages()) <= 2 * len(events)
    assert all(sinks[n]['dropped'] == 0 and sinks[n]['queued'] == 0 for n in names), sinks
    assert err.count(f'{names[0]}: works again') == 2 and 'Connection refused' in err, err


def rights_of_thread(pid, name):
    """what the kernel says of the thread: name -> value"""
    for task in Path(f'/proc/{pid}/task').glob('*'):
        if (task / 'comm').read_text().strip() == name:
            return dict(line.split(':\t', 1) for line in
                        (task / 'status').read_text().splitlines() if ':\t' in line)
    return {}


def a_file_that_was_moved_away_is_opened_anew_on_a_signal(w):
    file, moved = w.folder / 'log.jsonl', w.folder / 'log.jsonl.moved'
    user = ('--user', 'nobody') if os.geteuid() == 0 else ()
    w.folder.chmod(0o1777)
    child = w.start([f'kind: json, path: {file}'], *user)
    try:
        wait_for('events are written', 5, lambda: child.poll() is not None or lines(file))
        time.sleep(0.3)
        rights = rights_of_thread(child.pid, 'sink')
        if child.poll() is None:
            file.rename(moved)
            child.send_signal(signal.SIGUSR1)
            wait_for('there is a new file', 3, file.exists)
    finally:
        _, _, sinks, events = w.outcome(child)
    assert int(rights['CapEff'], 16) == int(rights['CapPrm'], 16) == 0, rights
    assert rights['NoNewPrivs'] == '1' and int(rights['SigBlk'], 16) & 0x7fff, rights
    assert lines(moved) and lines(file)
    assert lines(moved) + lines(file) == events
    assert sinks[str(file)]['delivered'] == len(events)


def without_a_collector_the_end_comes_soon_and_says_what_is_left(w):
    nobody = f'tcp://127.0.0.1:{free_port()}'
    child = w.start([f'kind: syslog, address: "{nobody}"'])
    time.sleep(0.5)
    start = time.monotonic()
    _, err, sinks, events = w.outcome(child)
    assert time.monotonic() - start < 4
    assert f'sink {nobody}: {len(events)} events were not delivered' in err, err
    assert sinks[nobody]['queued'] == len(events) and sinks[nobody]['state'] == 'retrying', sinks


def a_collector_that_does_not_read_is_seen(w):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.bind(('127.0.0.1', 0))
        s.listen()
        name, file = f'tcp://127.0.0.1:{s.getsockname()[1]}', w.folder / 'beside.jsonl'
        child = w.start([f'kind: syslog, address: "{name}"', f'kind: json, path: {file}'])
        try:
            wait_for('it is noticed', 9, lambda: child.poll() is not None or (
                w.ask() or {name: {'state': 'ok'}})[name]['state'] == 'retrying')
        finally:
            _, err, sinks, events = w.outcome(child)
    assert 'reads nothing' in sinks[name]['last_error'], sinks
    assert 'bytes were not acknowledged' in err, err
    assert lines(file) == events and sinks[str(file)]['state'] == 'ok'


def a_full_disk_leaves_whole_lines_and_gets_the_rest_later(w):
    if os.geteuid() != 0 or not shutil.which('unshare'):
        raise Skip('needs root')
    disk, other = w.folder / 'disk', w.folder / 'other.jsonl'
    disk.mkdir(exist_ok=True)
    file = disk / 'events.jsonl'
    script = f'mount -t tmpfs -o size=16k none {disk} && exec "$@"'
    if subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', 'true'], check=False,
                      capture_output=True).returncode:
        raise Skip('cannot mount in a namespace')
    child = w.start([f'kind: json, path: {file}', f'kind: json, path: {other}'],
                    prefix=('unshare', '-m', 'sh', '-c', script, 'sh'))
    inside = Path(f'/proc/{child.pid}/root{file}')
    try:
        full = wait_for('the disk is full', 5, lambda: child.poll() is not None or next(
            (s for s in (w.ask() or {}).values() if s['state'] == 'retrying'), None))
        if child.poll() is None:
            held = inside.read_text()
            subprocess.run(['nsenter', '-m', '-t', str(child.pid), 'mount', '-o',
                            'remount,size=4m', str(disk)], check=True)
            wait_for('the rest is written', 8,
                     lambda: all(s['queued'] == 0 for s in (w.ask() or {'': full}).values()))
            later = inside.read_text()
    finally:
        _, err, sinks, events = w.outcome(child)
    assert full['name'] == str(file) and 'space' in full['last_error'], full
    assert held.endswith('\n') and all(json.loads(line) for line in held.splitlines())
    assert 0 < len(held) <= 16384 and len(later) > 16384 and later.startswith(held)
    assert [line for line in later.splitlines() if line not in events] == []
    assert lines(other) == events, 'the other sink was not delayed'
    assert sinks[str(file)]['dropped'] == 0 and sinks[str(file)]['delivered'] == len(events)
    assert err.count(f'sink {file}: No space left') == 1, err


TESTS = [every_sink_gets_every_event_in_its_own_form,
         a_collector_that_comes_late_and_goes_away_gets_what_waited,
         a_file_that_was_moved_away_is_opened_anew_on_a_signal,
         without_a_collector_the_end_comes_soon_and_says_what_is_left,
         a_collector_that_does_not_read_is_seen,
         a_full_disk_leaves_whole_lines_and_gets_the_rest_later]


def main():
    with tempfile.TemporaryDirectory() as folder:
        return tap.run(TESTS, World(folder))


if __name__ == '__main__':
    sys.exit(main())
