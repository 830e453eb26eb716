#!/usr/bin/env python3
"""Metrics of a running sensor, as Prometheus sees them; the dashboard and the alerts name no others.

    test_metrics.py PORTOLAN PORTOLAN_GENERATE

Skipped where the program was built without DPDK; what takes promtool, openssl or curl is skipped
where they are missing.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE = sys.argv[1:3]
TREE = Path(__file__).resolve().parent.parent.parent
CONFIGS = TREE / 'configs'
os.environ['PORTOLAN_CONFIGS'] = str(CONFIGS)
TOOLS = f"{os.environ['PATH']}:{TREE}/build/tools/usr/bin"
TOKEN = 'a-token-of-some-length'


def tool(name):
    path = shutil.which(name, path=TOOLS)
    if not path:
        raise Skip(f'{name} is missing')
    return path


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Sensor:
    def __init__(self, folder, metrics, host='127.0.0.1'):
        self.folder, self.port = Path(folder), free_port()
        capture, plain, site = (self.folder / n for n in ('load.pcap', 'plain.yaml', 'site.yaml'))
        if not capture.exists():
            subprocess.run([GENERATE, 'load', '--mix', 'c', '--flows', '300', '--packets', '6000',
                            '-o', capture], check=True)
            subprocess.run([GENERATE, 'site', '-o', plain], check=True)
        site.write_text(plain.read_text() + 'capture:\n  source: dpdk\n  dpdk: {devices: '
                        f'["net_pcap0,rx_pcap={capture},infinite_rx=1"]}}\noutputs:\n'
                        f'  control: {{socket: {self.folder}/c.sock}}\n'
                        f'  metrics: {{listen: "{host}:{self.port}"{metrics}}}\n')
        self.child = subprocess.Popen([PORTOLAN, 'run', '--site', site, '--duration', '120s'],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(200):
            if self.child.poll() is not None:
                err = self.child.communicate()[1]
                raise Skip('built without DPDK') if 'built without' in err else AssertionError(err)
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError('nobody listens')

    def get(self, path='/metrics', **headers):
        request = urllib.request.Request(f'http://127.0.0.1:{self.port}{path}',
                                         headers={k.replace('_', '-'): v
                                                  for k, v in headers.items()})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode(), answer.headers

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        _, err = self.child.communicate(timeout=60)
        assert self.child.returncode == 0, err
        return err


def samples(text):
    found = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            name, value = line.rsplit(' ', 1)
            assert name not in found, f'twice: {name}'
            found[name] = float(value)
    return found


def families(text):
    return {re.match(r'[a-z_]+', name)[0] for name in samples(text)}


def promtool_has_nothing_to_say(w):
    text, headers = w.get()
    assert headers['Content-Type'].startswith('text/plain; version=0.0.4')
    checked = subprocess.run([tool('promtool'), 'check', 'metrics'], input=text, text=True,
                             capture_output=True, check=False)
    assert checked.returncode == 0 and not (checked.stdout + checked.stderr).strip(), \
        checked.stdout + checked.stderr


def every_packet_has_one_outcome(w):
    found = samples(w.get()[0])
    total = sum(v for k, v in found.items() if k.startswith('portolan_decoded_packets_total'))
    assert found['portolan_packets_total'] == total > 0
    verdicts = sum(v for k, v in found.items() if k.startswith('portolan_verdict_packets_total'))
    assert verdicts == found['portolan_scope_packets_total{scope="monitored"}']
    assert found['portolan_verdict_packets_total{verdict="wrong-service"}'] == 0
    assert found['portolan_flows_active'] == 300


def every_counter_of_the_list_is_a_metric(w):
    text = (pathlib.Path(__file__).resolve().parent.parent.parent / 'include' / 'counters.h').read_text()
    lines = re.findall(r'\b([CA])\((\w+), (.*?)\)[ \\]*\n(?=\s*[CA]\(|\n)', text, re.S)
    wanted = set()
    for shape, _, rest in lines:
        strings = re.findall(r'"((?:\\.|[^"])*)"', rest)
        suffix = '_total' if 'COUNTER,' in rest else ''
        wanted.add(f'portolan_{strings[2]}{suffix}')
    assert len(lines) > 25
    missing = wanted - families(w.get()[0])
    assert not missing, missing


def open_metrics_is_given_to_whom_asks(w):
    text, headers = w.get(Accept='application/openmetrics-text; version=1.0.0')
    assert headers['Content-Type'].startswith('application/openmetrics-text')
    assert text.endswith('# EOF\n') and '# TYPE portolan_packets counter' in text
    assert '# TYPE portolan_build info' in text


def anything_else_is_refused(w):
    for path, status in (('/x', 404), ('/metrics/', 404), ('/../etc/passwd', 404)):
        try:
            w.get(path)
            raise AssertionError(f'{path} was given')
        except urllib.error.HTTPError as error:
            assert error.code == status, path
    try:
        urllib.request.urlopen(f'http://127.0.0.1:{w.port}/metrics', data=b'x' * 100000, timeout=10)
        raise AssertionError('a POST was taken')
    except urllib.error.HTTPError as error:
        assert error.code == 405


def clients_that_misbehave_are_nobody_elses_trouble(w):
    hang = [socket.create_connection(("127.0.0.1", w.port)) for _ in range(6)]
    hang[0].sendall(b'GET /metrics HTTP/1.1\r\n')
    hang[1].sendall(b'\x00\xff\x00\r\n\r\n')
    hang[2].sendall(b'GET /' + b'x' * 100000)
    for s in hang[3:6]:
        for _ in range(20):
            s.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    begin = time.time()
    assert 'portolan_packets_total' in w.get()[0]
    assert time.time() - begin < 3
    for s in hang:
        s.close()


def slow_clients_are_dropped_for_a_scrape(w):
    """from the same address, and from another one: each is full, and honest scrapes are quick"""
    slow = []
    for source in ('127.0.0.1', '127.0.0.2'):
        for _ in range(16):
            s = socket.create_connection(('127.0.0.1', w.port), source_address=(source, 0))
            s.sendall(b'GET /metrics HTTP/1.1\r\nHost: ')
            slow.append(s)
    longest = 0
    for _ in range(20):
        for s in slow:
            try:
                s.sendall(b'x')
            except OSError:
                pass
        begin = time.monotonic()
        assert 'portolan_packets_total' in w.get()[0]
        longest = max(longest, time.monotonic() - begin)
    print(f'# the slowest of 20 scrapes beside {len(slow)} slow clients: {longest:.3f} s')
    assert longest < 0.5, longest
    for s in slow:
        s.close()


def a_request_has_ten_seconds_however_it_comes(w):
    s = socket.create_connection(('127.0.0.1', w.port))
    begin = time.monotonic()
    try:
        for byte in b'GET /metrics HTTP/1.1\r\nHost: ' + b'x' * 200:
            s.sendall(bytes([byte]))
            time.sleep(0.2)
            s.settimeout(0.001)
            try:
                if s.recv(1) == b'':
                    break
            except TimeoutError:
                pass
    except OSError:
        pass
    s.close()
    took = time.monotonic() - begin
    assert 9 < took < 14, took


def dashboard_and_alerts_name_metrics_that_exist(w):
    known = families(w.get()[0])
    # without sinks, and of what was not yet judged, there are no series, only their heads
    known |= set(re.findall(r'^# TYPE (\S+)', w.get()[0], re.M))
    named = set()
    dashboard = json.loads((CONFIGS / 'dashboards' / 'portolan.json').read_text())
    for panel in dashboard['panels']:
        for target in panel.get('targets', []):
            named |= set(re.findall(r'portolan_[a-z_]+', target['expr']))
    rules = (CONFIGS / 'alerts' / 'portolan.rules.yaml').read_text()
    named |= set(re.findall(r'portolan_[a-z_]+', rules))
    assert named and named <= known, named - known


def promtool_accepts_alerts_and_their_tests(_):
    folder = CONFIGS / 'alerts'
    for arguments in (['check', 'rules', 'portolan.rules.yaml'],
                      ['test', 'rules', 'portolan.test.yaml']):
        ran = subprocess.run([tool('promtool'), *arguments], cwd=folder, text=True,
                             capture_output=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def off_loopback_it_takes_a_token_and_tls(w):
    folder = w.folder
    openssl, curl = tool('openssl'), tool('curl')
    key, certificate, token = (folder / n for n in ('key.pem', 'cert.pem', 'token'))
    subprocess.run([openssl, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key,
                    '-out', certificate, '-days', '2', '-subj', '/CN=localhost', '-addext',
                    'subjectAltName=DNS:localhost'], check=True, capture_output=True)
    token.write_text(TOKEN + '\n')
    w.stop()
    w = Sensor(folder, f', token_file: {token}, certificate: {certificate}, key: {key}', '0.0.0.0')
    url = f'https://localhost:{w.port}/metrics'

    def fetch(*headers):
        arguments = [a for h in headers for a in ('-H', h)]
        return subprocess.run([curl, '-s', '--cacert', certificate, '-o', '/dev/null', '-w',
                               '%{http_code}', *arguments, url], text=True, capture_output=True,
                              check=False, timeout=20).stdout

    assert fetch() == '401'
    assert fetch('Authorization: Bearer wrong') == '401'
    assert fetch(f'Authorization: Bearer {TOKEN}x') == '401'
    assert fetch(f'Authorization: Bearer {TOKEN}') == '200'
    for accepted, *arguments in ((True, '-tls1_3'), (True, '-tls1_2', '-cipher', 'ECDHE+AESGCM'),
                                 (False, '-tls1_2', '-cipher', 'AES128-GCM-SHA256'),
                                 (False, '-tls1_2', '-cipher', 'ECDHE+SHA1:@SECLEVEL=0'),
                                 (False, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')):
        said = subprocess.run([openssl, 's_client', '-connect', f'localhost:{w.port}', '-CAfile',
                               certificate, *arguments], input='', text=True, capture_output=True,
                              check=False, timeout=20).stdout
        agreed = 'Verify return code: 0' in said and 'Cipher is (NONE)' not in said
        assert agreed == accepted, (arguments, said[-500:])
    plain = subprocess.run([curl, '-s', '-o', '/dev/null', '-w', '%{http_code}',
                            f'http://localhost:{w.port}/metrics'], text=True, capture_output=True,
                           check=False, timeout=20).stdout
    assert plain in ('000', '400')
    assert TOKEN not in w.stop()


TESTS = [promtool_has_nothing_to_say, every_packet_has_one_outcome,
         every_counter_of_the_list_is_a_metric,
         open_metrics_is_given_to_whom_asks, anything_else_is_refused,
         clients_that_misbehave_are_nobody_elses_trouble,
         slow_clients_are_dropped_for_a_scrape, a_request_has_ten_seconds_however_it_comes,
         dashboard_and_alerts_name_metrics_that_exist, promtool_accepts_alerts_and_their_tests,
         off_loopback_it_takes_a_token_and_tls]


def main():
    with tempfile.TemporaryDirectory() as folder:
        w, why = None, None
        try:
            w = Sensor(folder, '')
            time.sleep(2)
        except Skip as skip:
            why = skip
        status = tap.run(TESTS, w, why_not=why)
        if w and w.child.poll() is None:
            w.child.kill()
    return status


if __name__ == '__main__':
    sys.exit(main())
