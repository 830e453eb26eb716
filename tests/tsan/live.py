#!/usr/bin/env python3
"""A sensor built with ThreadSanitizer, with everything that its threads do going on at once.

    live.py PORTOLAN PORTOLAN_GENERATE TEST...

Traffic without an end through DPDK's net_pcap, a worker, a JSON sink, reloads, questions on the
control socket and scrapes of the metrics; `replay --workers 4` of a demonstration capture; and unit
tests. A report of ThreadSanitizer is a failure (exitcode=66 and its words). One worker, since two hand
each other packets through DPDK's own library, which is not built with it; threads that are joined
by pthread_clockjoin_np(), which it does not know, are not reported as leaks.
"""
import concurrent.futures
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'system'))
import tap  # noqa: E402
from tap import Skip  # noqa: E402

PORTOLAN, GENERATE, *TESTS = sys.argv[1:]
TREE = Path(__file__).resolve().parent.parent.parent
SECONDS = 12
PORT = 19917
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')
os.environ['TSAN_OPTIONS'] = f'exitcode=66 history_size=4 report_thread_leaks=0'


def no_report(status, told):
    assert 'WARNING: ThreadSanitizer' not in told, re.sub(r'(?s)^.*?(WARNING: Thr)', r'\1', told)[:6000]
    assert status == 0, (status, told[-1000:])


def a_replay_with_four_workers_has_no_race(folder):
    capture, site = folder / 'demo.pcap', folder / 'demo.yaml'
    subprocess.run([GENERATE, 'demo', '-o', capture, '--site', site], check=True)
    done = subprocess.run([PORTOLAN, 'replay', '--workers', '4', '--site', site, '--flows', folder / 'f', '--events',
                           folder / 'e', '--stats', folder / 's', capture], capture_output=True, text=True, check=False)
    no_report(done.returncode, done.stderr)


def unit_tests_of_what_threads_share_have_no_race(_):
    for test in TESTS:
        done = subprocess.run([test], capture_output=True, text=True, check=False, timeout=120)
        no_report(done.returncode, done.stdout + done.stderr)


def live_site(folder, more=''):
    text = (folder / 'plain.yaml').read_text()
    (folder / 'site.yaml').write_text(
        text + f'capture:\n  source: dpdk\n  dpdk: {{devices: ["net_pcap0,rx_pcap={folder}/load.pcap,'
        f'infinite_rx=1"]}}\nflow: {{timeouts: {{udp_one_way: 1s}}}}\noutputs:\n'
        f'  control: {{socket: {folder}/control.sock}}\n  metrics: {{listen: "127.0.0.1:{PORT}"}}\n'
        f'  events: [{{kind: json, path: {folder}/sink.jsonl, flows: true}}]\n' + more)


def ask(folder, *words):
    return subprocess.run([PORTOLAN, *words, '--socket', folder / 'control.sock'],
                          capture_output=True, text=True, check=False, timeout=60)


def again_until(deadline, what):
    times = 0
    while time.monotonic() < deadline:
        what()
        times += 1
    return times


def scrape():
    try:
        urllib.request.urlopen(f'http://127.0.0.1:{PORT}/metrics', timeout=10).read()
    except OSError:
        time.sleep(0.1)


def a_sensor_that_is_asked_and_reloaded_has_no_race(folder):
    subprocess.run([GENERATE, 'load', '--opening', 'udp/53/dns-query', '--packets', '3000', '-o',
                    folder / 'load.pcap'], check=True)
    subprocess.run([GENERATE, 'site', '-o', folder / 'plain.yaml'], check=True)
    live_site(folder)
    log = open(folder / 'log', 'w+')
    child = subprocess.Popen([PORTOLAN, 'run', '--workers', '1', '--site', folder / 'site.yaml', '--flows',
                              folder / 'flows'], stdout=subprocess.DEVNULL, stderr=log)
    began = time.monotonic()
    while ask(folder, 'status').returncode and child.poll() is None and time.monotonic() < began + 60:
        time.sleep(0.2)
    deadline, turn = time.monotonic() + SECONDS, iter(range(10 ** 6))

    def reload():
        live_site(folder, '  silence: 2h\n' if next(turn) % 2 else '')
        ask(folder, 'reload')

    def question():
        for words in (('status',), ('health',), ('flows', '--limit', '100'), ('matrix',), ('channels',),
                      ('reload', '--dry-run')):
            ask(folder, *words)

    def signals():
        child.send_signal(signal.SIGUSR1)
        time.sleep(0.3)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        times = list(pool.map(lambda what: again_until(deadline, what), (reload, question, scrape, signals)))
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    status = child.wait(60)
    told = (folder / 'log').read_text()
    if 'built without' in told:
        raise Skip('built without DPDK')
    print(f'# {times[0]} reloads, {times[1]} rounds of questions, {times[2]} scrapes, {times[3]} signals')
    no_report(status, told)


CASES = [a_replay_with_four_workers_has_no_race, unit_tests_of_what_threads_share_have_no_race,
         a_sensor_that_is_asked_and_reloaded_has_no_race]


def counted(case, passed):
    @functools.wraps(case)
    def run(folder):
        case(folder)
        passed.append(case)
    return run


def main():
    passed = []
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        failed = tap.run([counted(case, passed) for case in CASES], Path(name))
    print(f'{len(passed)} passed, {len(CASES) - len(passed) if failed else 0} failed')
    return failed


if __name__ == '__main__':
    sys.exit(main())
