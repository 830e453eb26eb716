#!/usr/bin/env python3
"""A running sensor is asked, reloaded, and left alone by those who misbehave.

    test_control_socket.py PORTOLAN PORTOLAN_GENERATE

Reads a capture over and over through DPDK's net_pcap: no hugepages, no root. Skipped where the
program was built without DPDK.
"""
import json
import os
import pty
import select
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
RELOADS = int(os.environ.get('RELOADS', '60'))


class Sensor:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.capture, self.plain = self.folder / 'load.pcap', self.folder / 'plain.yaml'
        subprocess.run([GENERATE, 'load', '--mix', 'c', '--flows', '300', '--packets', '6000',
                        '-o', self.capture], check=True)
        subprocess.run([GENERATE, 'site', '-o', self.plain], check=True)
        self.site, self.socket = self.folder / 'site.yaml', self.folder / 'control.sock'
        self.stats, self.flows = self.folder / 'stats.json', self.folder / 'flows.jsonl'
        self.child = None

    def write_site(self, before=''):
        self.site.write_text(
            before + self.plain.read_text() +
            'capture:\n  source: dpdk\n  dpdk: {devices: ["net_pcap0,rx_pcap='
            f'{self.capture},infinite_rx=1"]}}\n'
            'groups: {ftd-pair: [10.20.0.1-10.20.0.2]}\n'
            f'outputs: {{control: {{socket: {self.socket}}}}}\n')

    def start(self):
        self.child = subprocess.Popen(
            [PORTOLAN, 'run', '--site', self.site, '--duration', '120s', '--stats', self.stats,
             '--flows', self.flows],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(200):
            if self.child.poll() is not None:
                err = self.child.communicate()[1]
                if 'built without' in err:
                    raise Skip('built without DPDK')
                raise AssertionError(err)
            if self.socket.exists():
                try:
                    if self.status()['accounting']['flows']['active'] >= 300:
                        return
                except (OSError, AssertionError):
                    pass
            time.sleep(0.1)
        raise AssertionError('the sensor did not start')

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        out, err = self.child.communicate(timeout=60)
        assert self.child.returncode == 0, f'status {self.child.returncode}: {err}'
        return out, err

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(str(self.socket))
        return s

    def ask(self, command, **arguments):
        return self.ask_on(self.connect(), command, arguments)

    def ask_on(self, s, command, arguments):
        s.sendall(json.dumps({'protocol': 1, 'command': command,
                              'arguments': arguments}).encode() + b'\n')
        items = []
        with s.makefile() as lines:
            for line in lines:
                item = json.loads(line)
                if 'done' in item:
                    return items, item
                items.append(item)
        raise AssertionError('no last line')

    def status(self):
        items, last = self.ask('status')
        assert not items and last['done'], last
        return last['result']

    def run(self, *arguments, columns=100):
        return subprocess.run([PORTOLAN, *arguments, '--socket', self.socket], text=True,
                              capture_output=True, check=False, timeout=60,
                              env=os.environ | {'COLUMNS': str(columns)})


def status_says_what_is_read_and_judged(w):
    status = w.status()
    assert status['policy']['profile'] == 'cloud-delivered' and status['pid'] == w.child.pid
    frames = status['accounting']['frames']['received']
    assert frames == sum(status['accounting']['verdict']['packets'].values())
    shown = w.run('status')
    assert shown.returncode == 0 and 'VERDICTS' in shown.stdout, shown.stderr


def health_is_the_exit_status(w):
    checks = w.run('health', '--json')
    lines = [json.loads(line) for line in checks.stdout.splitlines()]
    assert {'traffic', 'loss', 'mirror', 'flow-table', 'events', 'policy'} <= \
        {line.get('check') for line in lines}
    assert checks.returncode == (0 if lines[-1]['result']['state'] == 'ok' else 1)


def flows_are_those_that_fit(w):
    everything, last = w.ask('flows', limit=100000)
    assert last['result']['live'] == len(everything) == 300
    flagged, last = w.ask('flows', flagged=True, sort='packets')
    assert 0 < len(flagged) == last['result']['matching'] < 300
    packets = [f['network']['packets'] for f in flagged]
    assert packets == sorted(packets, reverse=True)
    assert all(f['portolan']['verdict'] not in ('expected', 'implied', 'not-covered') for f in flagged)
    one = flagged[0]
    found, _ = w.ask('flows', peer=one['destination']['ip'], port=one['destination']['port'])
    assert one['network']['community_id'] in {f['network']['community_id'] for f in found}
    few, last = w.ask('flows', limit=5)
    assert len(few) == 5 and last['result']['matching'] == 300
    shown = w.run('flows', '--limit', '3')
    assert '3 shown' in shown.stdout and shown.returncode == 0, shown.stderr


def a_live_flow_has_its_age_and_rates(w):
    flows, _ = w.ask('flows', limit=100000, sort='pps')
    rates = [f['portolan']['live']['packets_per_second'] for f in flows]
    assert rates == sorted(rates, reverse=True) and rates[0] > 0
    for f in flows:
        live = f['portolan']['live']
        assert live['age'] >= live['idle'] >= 0
        assert f['source']['port'] and f['event']['start'] and f['event']['end']
        seconds = max(live['age'] / 1e9, 1)
        assert abs(live['bits_per_second'] - f['network']['bytes'] * 8 / seconds) < 0.01
    ports = [f['source']['port'] for f in w.ask('flows', limit=100000, sort='source-port')[0]]
    assert ports == sorted(ports)


def a_peer_is_an_address_a_network_an_appliance_or_a_group(w):
    everything = w.ask('flows', limit=100000)[0]

    def with_end(wanted):
        return {f['network']['community_id'] for f in everything
                if any(wanted(f[side]['ip']) for side in ('source', 'destination'))}
    for peer, wanted in (('ftd-1', lambda ip: ip == '10.20.0.1'),
                         ('10.20.0.0/24', lambda ip: ip.startswith('10.20.0.')),
                         ('ftd-pair', lambda ip: ip in ('10.20.0.1', '10.20.0.2'))):
        found = {f['network']['community_id'] for f in w.ask('flows', limit=100000, peer=peer)[0]}
        assert found == with_end(wanted) and found, peer
    _, last = w.ask('flows', peer='ftd-pear')
    assert 'appliance or group: "ftd-pair"' in last['error'], last


def no_line_of_flows_is_longer_than_the_terminal(w):
    for columns in (60, 80, 132):
        shown = w.run('flows', '--limit', '50', columns=columns)
        lines = shown.stdout.splitlines()
        assert len(lines) > 50 and max(map(len, lines)) <= columns, shown.stdout
    assert 'more columns: --wide' in shown.stdout
    wide = w.run('flows', '--limit', '5', '--wide', columns=60).stdout
    assert 'LAST PACKET' in wide.splitlines()[0] and '--wide' not in wide, wide


def no_answer_is_wider_than_the_terminal(w):
    for command in ('status', 'health', 'channels', 'matrix', 'flows'):
        for columns in (60, 80, 132):
            shown = w.run(command, columns=columns)
            assert shown.stdout and not shown.stderr, shown
            longest = max(shown.stdout.splitlines(), key=len)
            assert len(longest) <= columns, (command, columns, longest)


def a_locale_without_utf_8_gets_ascii(w):
    for command in ('status', 'health', 'channels', 'matrix', 'flows'):
        done = subprocess.run([PORTOLAN, command, '--socket', w.socket], capture_output=True,
                              check=False, timeout=60, env=os.environ | {'LC_ALL': 'C'})
        assert done.stdout.isascii(), (command, done.stdout)


def matrix_has_violations_where_it_says_violated(w):
    for row in w.ask('matrix', state='wrong')[0]:
        assert row['wrong'] > 0, row
    shown = w.run('matrix', '--state', 'violated', columns=200).stdout
    assert 'VIOLATIONS' in shown and ' wrong ' not in shown, shown


def a_wrong_filter_is_refused_with_what_would_be_right(w):
    for arguments, words in (({'sort': 'x'}, 'want one of bytes'), ({'peer': 'x'}, 'want an address'),
                             ({'port': 65536}, '0 to 65535'), ({'limit': 0}, 'from 1'),
                             ({'appliance': 'nobody'}, 'the site has no'),
                             ({'verdict': 'x'}, 'unexpected-port')):
        _, last = w.ask('flows', **arguments)
        assert not last['done'] and words in last['error'], last


def matrix_has_every_rule_of_an_appliance(w):
    rows, last = w.ask('matrix', appliance='ftd-1')
    assert last['result']['complete'] and rows
    assert all(r['role'] == 'managed-device' == r['rule'].split('/')[0] for r in rows)
    assert len({r['rule'] for r in rows}) == len(rows)
    assert {r['state'] for r in w.ask('matrix', state='last seen')[0]} == {'last seen'}
    _, last = w.ask('matrix', appliance='nobody')
    assert not last['done'] and 'the site has no' in last['error'], last


def channels_are_up_where_two_connections_stand(w):
    for _ in range(150):
        channels, last = w.ask('channels')
        if last['result']['judged'] and channels:
            break
        time.sleep(0.1)
    assert any(c['state'] == 'up' and c['connections'] >= 2 for c in channels), channels[:3]
    assert w.run('channels').stdout.count('\n') >= len(channels)


def a_dry_run_lists_flows_and_changes_nothing(w):
    before = w.status()['policy']['hash']
    w.write_site('features: {dns: {enabled: false}}\n')
    items, last = w.ask('reload', dry_run=True)
    assert items and last['result']['changing'] >= len(items), last
    assert {i['portolan']['would_be'] for i in items} == {'feature-disabled'}
    assert w.status()['policy']['hash'] == before
    shown = w.run('reload', '--dry-run')
    assert shown.returncode == 0 and 'would be feature-disabled' in shown.stdout


def a_dry_run_takes_a_draft(w):
    before = w.status()['policy']['hash']
    draft = w.folder / 'draft.yaml'
    draft.write_text('features: {dns: {enabled: false}}\n' + w.plain.read_text())
    w.write_site()
    assert '0 of ' in w.run('reload', '--dry-run').stdout
    shown = w.run('reload', '--dry-run', draft)
    assert shown.returncode == 0 and 'would be feature-disabled' in shown.stdout, shown
    assert w.status()['policy']['hash'] == before
    draft.write_text('profile: no-such\n')
    wrong = w.run('reload', '--dry-run', draft)
    assert wrong.returncode == 1 and 'draft.yaml:1: found' in wrong.stderr, wrong
    assert w.run('reload', draft).returncode == 2
    assert w.run('reload', '--dry-run', w.folder / 'none').returncode == 2


def a_reload_judges_live_flows_again(w):
    w.write_site('features: {dns: {enabled: false}}\n')
    done = w.run('reload')
    assert done.returncode == 0 and done.stdout.startswith('reloaded: '), done.stderr
    flows, _ = w.ask('flows', verdict='feature-disabled')
    assert flows and all(f['destination']['port'] == 53 for f in flows)
    w.write_site()
    assert w.run('reload').returncode == 0
    assert not w.ask('flows', verdict='feature-disabled')[0]


def a_reload_with_an_error_changes_nothing(w):
    before = w.status()['policy']
    w.site.write_text('profile: no-such-profile\n')
    refused = w.run('reload')
    assert refused.returncode == 1 and 'the policy stays as it was' in refused.stderr
    after = w.status()['policy']
    assert after['hash'] == before['hash'] and after['reloads_refused'] == 1
    assert w.run('health').returncode == 1
    w.write_site()
    assert w.run('reload').returncode == 0


def an_appliance_that_goes_takes_its_flows_along(w):
    text = w.plain.read_text()
    gone = text.replace('10.20.0.1]', '10.99.0.1]').replace('10.20.0.1"', '10.99.0.1"')
    assert gone != text, 'the site has no 10.20.0.1'
    try:
        w.plain.write_text(gone)
        w.write_site()
        assert w.run('reload').returncode == 0
        live = w.ask('flows', limit=100000)[0]
        assert live and not [f for f in live if '10.20.0.1' in (f['source']['ip'],
                                                               f['destination']['ip'])
                             and len(f['portolan']['endpoints']) > 1]
    finally:
        w.plain.write_text(text)
        w.write_site()
    assert w.run('reload').returncode == 0


def many_reloads_lose_no_packet_and_no_flow(w):
    s = w.connect()
    for i in range(RELOADS):
        w.write_site('features: {dns: {enabled: false}}\n' if i % 2 else '')
        _, last = w.ask_on(s, 'reload', {})
        for _ in range(50):
            if last['done']:
                break
            assert 'under way' in last['error'], last
            time.sleep(0.02)
            _, last = w.ask_on(s, 'reload', {})
        assert last['done'], last
    status = w.status()
    assert status['policy']['reloads'] >= RELOADS
    assert status['events']['dropped'] == 0


def clients_that_misbehave_are_nobody_elses_trouble(w):
    garbage, half, deaf = w.connect(), w.connect(), w.connect()
    garbage.sendall(b'\x00\xff{]\n')
    assert b'not a JSON object' in garbage.recv(4096)
    garbage.sendall(b'{"protocol":9,"command":"status"}\n')
    assert b'want 1' in garbage.recv(4096)
    garbage.sendall(b'{"protocol":1,"command":"dance"}\n')
    assert b'want status' in garbage.recv(4096)
    half.sendall(b'{"protocol":1,')
    for _ in range(50):
        deaf.sendall(b'{"protocol":1,"command":"matrix"}\n')
    crowd = [w.connect() for _ in range(13)]
    extra = w.connect()
    assert b'too many' in extra.recv(4096)
    begin = time.time()
    assert w.ask_on(garbage, 'status', {})[1]['done']
    assert time.time() - begin < 2
    flood = crowd.pop()
    try:
        flood.sendall(b'x' * 200000)
    except OSError:
        pass
    for s in (half, deaf, extra, flood, *crowd):
        s.close()
    time.sleep(0.3)
    assert w.run('status').returncode == 0


def top_draws_and_quits(w):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PORTOLAN, [PORTOLAN, 'top', '--socket', str(w.socket)])
    seen, deadline = b'', time.time() + 15
    os.write(terminal, b's')
    while b'VERDICT' not in seen and time.time() < deadline:
        if select.select([terminal], [], [], 0.5)[0]:
            seen += os.read(terminal, 65536)
    os.write(terminal, b'q')
    while time.time() < deadline:
        try:
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 65536)
        except OSError:
            break
    assert os.waitpid(pid, 0)[1] == 0
    assert b'\x1b[?1049h' in seen and seen.rstrip().endswith(b'\x1b[?1049l'), seen[-200:]
    assert w.run('top').returncode == 2


def a_second_sensor_does_not_take_the_socket(w):
    second = subprocess.run([PORTOLAN, 'run', '--site', w.site, '--duration', '1s'], text=True,
                            capture_output=True, check=False, timeout=60)
    assert second.returncode == 1 and 'another sensor answers there' in second.stderr, second.stderr
    assert w.run('status').returncode == 0


def the_end_is_in_order_and_all_is_accounted_for(w):
    out, _ = w.stop()
    stats = json.loads(w.stats.read_text())
    packets = sum(stats['verdict']['packets'].values())
    scope = stats['scope']  # some were nobody's while an appliance was gone
    assert packets == scope['monitored'] and scope['unmonitored'] > 0
    assert scope['monitored'] + scope['unmonitored'] == stats['frames']['received']
    recorded = sum(json.loads(line)['network']['packets'] for line in w.flows.open())
    assert recorded == packets - stats['flows']['untracked_packets']
    assert stats['records']['dropped'] == 0
    assert 'CHANNELS' in out and not w.socket.exists()


def killed_it_starts_again(w):
    w.start()
    w.child.kill()
    w.child.communicate()
    assert w.socket.exists()
    gone = w.run('status')
    assert gone.returncode == 1 and 'no sensor answers there' in gone.stderr
    w.start()
    w.stop()


TESTS = [status_says_what_is_read_and_judged, health_is_the_exit_status, flows_are_those_that_fit,
         a_live_flow_has_its_age_and_rates, a_peer_is_an_address_a_network_an_appliance_or_a_group,
         no_line_of_flows_is_longer_than_the_terminal, no_answer_is_wider_than_the_terminal,
         a_locale_without_utf_8_gets_ascii, matrix_has_violations_where_it_says_violated,
         a_wrong_filter_is_refused_with_what_would_be_right, matrix_has_every_rule_of_an_appliance,
         a_dry_run_lists_flows_and_changes_nothing, a_dry_run_takes_a_draft, a_reload_judges_live_flows_again,
         a_reload_with_an_error_changes_nothing, an_appliance_that_goes_takes_its_flows_along,
         many_reloads_lose_no_packet_and_no_flow, clients_that_misbehave_are_nobody_elses_trouble,
         top_draws_and_quits, a_second_sensor_does_not_take_the_socket,
         channels_are_up_where_two_connections_stand,
         the_end_is_in_order_and_all_is_accounted_for, killed_it_starts_again]


def main():
    with tempfile.TemporaryDirectory() as folder:
        w, why = Sensor(folder), None
        w.write_site()
        try:
            w.start()
        except Skip as skip:
            why = skip
        status = tap.run(TESTS, w, why_not=why)
        if w.child and w.child.poll() is None:
            w.child.kill()
    return status


if __name__ == '__main__':
    sys.exit(main())
