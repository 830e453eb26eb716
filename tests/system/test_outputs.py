#!/usr/bin/env python3
"""Files of `replay` and `run`: whole lines, replaced or extended, whatever happens to disk and process.

    test_outputs.py PORTOLAN PORTOLAN_GENERATE

The sensor reads captures through DPDK's net_pcap, as fast as it can. PORTOLAN_KILLS=100 kills it a
hundred times instead of five.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE = sys.argv[1:3]
TREE = Path(__file__).resolve().parent.parent.parent
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')
KILLS = int(os.environ.get('PORTOLAN_KILLS', '5'))
SEED = 20261127
FLOWS = 6000


class World:
    """A capture of many flows, its site, and a folder for what comes out."""

    def __init__(self, folder):
        self.folder, self.child = Path(folder), None
        self.capture, site = self.folder / 'load.pcap', self.folder / 'plain.yaml'
        subprocess.run([GENERATE, 'load', '--opening', 'udp/53/dns-query', '--packets', str(FLOWS),
                        '-o', self.capture], check=True)
        subprocess.run([GENERATE, 'site', '-o', site], check=True)
        self.site = self.folder / 'site.yaml'
        self.socket, self.stats = self.folder / 'control.sock', self.folder / 'stats.json'
        self.site.write_text(
            site.read_text() + 'flow: {timeouts: {udp_one_way: 1s}}\n' + f'capture:\n  source: dpdk\n  dpdk: {{devices: ["net_pcap0,rx_pcap='
            f'{self.capture}"]}}\noutputs:\n  control: {{socket: {self.socket}}}\n')

    def replay(self, *arguments, status=0, **options):
        done = subprocess.run([PORTOLAN, 'replay', '--site', self.site, *arguments, self.capture],
                              capture_output=True, text=True, check=False, timeout=60, **options)
        assert done.returncode == status, (done.returncode, done.stderr)
        return done

    def run(self, *arguments, prefix=(), **options):
        if self.child and self.child.poll() is None:  # of a case that failed
            self.child.kill()
            self.child.wait()
        self.child = subprocess.Popen(
            [*prefix, PORTOLAN, 'run', '--site', self.site, '--stats', self.stats, *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)
        return self.child

    def health(self):
        told = subprocess.run([PORTOLAN, 'health', '--socket', self.socket, '--json'],
                              capture_output=True, text=True, check=False).stdout
        return [json.loads(line) for line in told.splitlines() if line.startswith('{')]


def wait_for(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f'after {seconds} s still not: {what}')


def end(child, status=0):
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=30)
    if 'built without' in err:
        raise Skip('built without DPDK')
    assert child.returncode == status, (child.returncode, err)
    return err


def whole_records(path):
    """the lines of a file, each of which is a JSON object"""
    text = path.read_text()
    assert text.endswith('\n'), f'ends in half a line: {text[-60:]!r}'
    return [json.loads(line) for line in text.splitlines()]


def a_replay_replaces_its_files_when_it_is_done(w):
    flows = w.folder / 'flows.jsonl'
    flows.write_text('former\n')
    w.replay('--flows', flows)
    first = flows.read_text()
    assert len(whole_records(flows)) == FLOWS and flows.stat().st_mode & 0o777 == 0o640
    w.replay('--flows', flows)
    assert flows.read_text() == first
    assert not [p for p in w.folder.iterdir() if p.name.startswith('.')]


def a_replay_that_fails_leaves_the_former_file(w):
    flows, broken = w.folder / 'flows.jsonl', w.folder / 'no-such.pcap'
    flows.write_text('former\n')
    done = subprocess.run([PORTOLAN, 'replay', '--site', w.site, '--flows', flows,
                           '--workers', '65', w.capture], capture_output=True, check=False)
    assert done.returncode == 2 and flows.read_text() == 'former\n'
    limited = ['sh', '-c', 'ulimit -f 100; trap "" XFSZ; exec "$@"', 'sh']
    done = subprocess.run([*limited, PORTOLAN, 'replay', '--site', w.site, '--flows', flows,
                           w.capture], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and 'not all was written: File too large' in done.stderr, done.stderr
    assert flows.read_text() == 'former\n' and not broken.exists()
    assert not [p for p in w.folder.iterdir() if p.name.startswith('.')]


def a_pipe_and_a_device_are_written_to_directly(w):
    w.replay('--flows', '/dev/null')
    assert not Path('/dev/null').is_file()
    pipe = w.folder / 'pipe'
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    w.replay('--flows', pipe)
    reader.join(10)
    assert len(got[0].splitlines()) == FLOWS
    pipe.unlink()
    done = w.replay('--flows', '/dev/stdout')
    assert sum(line.startswith('{"@timestamp') for line in done.stdout.splitlines()) == FLOWS


def a_link_of_another_user_is_not_followed(w):
    if os.geteuid() != 0:
        raise Skip('needs root')
    target, link = w.folder / 'target', w.folder / 'link'
    target.write_text('former\n')
    link.symlink_to(target)
    os.lchown(link, 65534, 65534)
    for command in ('replay', 'run'):
        child = subprocess.run([PORTOLAN, command, '--site', w.site, '--flows', link,
                                *([w.capture] if command == 'replay' else ['--duration', '1s'])],
                               capture_output=True, text=True, check=False)
        assert child.returncode == 1 and 'symbolic link of another user' in child.stderr, child
    assert target.read_text() == 'former\n'
    link.unlink()


def is_quiet_for(seconds, *paths):
    """a condition: there are files, and they have not grown for so long"""
    seen = {'size': 0, 'since': time.monotonic()}

    def condition():
        size = sum(p.stat().st_size for p in paths if p.exists())
        if size != seen['size']:
            seen.update(size=size, since=time.monotonic())
        return size and time.monotonic() - seen['since'] > seconds
    return condition


def records_delivered(w):
    """what the last sensor had to write: a loaded machine's queue may drop some, counted"""
    return FLOWS - json.loads(w.stats.read_text())['records']['dropped']


def count_lines(*paths):
    return sum(p.read_bytes().count(b'\n') for p in paths if p.exists())


def a_sensor_extends_its_files(w):
    flows = w.folder / 'run.jsonl'
    flows.unlink(missing_ok=True)
    for _ in range(2):
        child = w.run('--flows', flows)
        before = count_lines(flows)
        quiet = is_quiet_for(2, flows)
        wait_for('all is written', 30, lambda: child.poll() is not None or (
            count_lines(flows) > before and quiet()))
        end(child)
        found = len(whole_records(flows))
        assert before + 1000 < found and found == before + records_delivered(w), (before, found)
    assert flows.stat().st_mode & 0o777 == 0o640
    flows.unlink()


def a_kill_costs_at_most_half_a_line_that_the_next_start_removes(w):
    flows, chance = w.folder / 'killed.jsonl', random.Random(SEED)
    records, halves = 0, 0
    for _ in range(KILLS):
        before = flows.stat().st_size if flows.exists() else 0
        child = w.run('--flows', flows)
        wait_for('records are written', 20, lambda: child.poll() is not None or (
            flows.exists() and flows.stat().st_size > before))
        time.sleep(chance.uniform(0, 0.1))
        child.kill()
        _, err = child.communicate(timeout=10)
        if 'built without' in err:
            raise Skip('built without DPDK')
        whole, newline, half = flows.read_text().rpartition('\n')
        found = [json.loads(line) for line in whole.splitlines()]
        assert newline and len(found) >= records, (records, len(found))
        records, halves = len(found), halves + bool(half)
    print(f'# {KILLS} kills, {records} records, {halves} halves of one')
    assert w.run('--flows', flows, '--duration', '1s').wait(30) == 0
    assert len(whole_records(flows)) >= records
    flows.unlink()


def a_sensor_goes_on_when_the_disk_was_full(w):
    if os.geteuid() != 0 or not shutil.which('unshare'):
        raise Skip('needs root')
    disk = w.folder / 'disk'
    disk.mkdir(exist_ok=True)
    flows = disk / 'flows.jsonl'
    script = f'mount -t tmpfs -o size=1m none {disk} && exec "$@"'
    if subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', 'true'], check=False,
                      capture_output=True).returncode:
        raise Skip('cannot mount in a namespace')
    child = w.run('--flows', flows, prefix=('unshare', '-m', 'sh', '-c', script, 'sh'))
    inside = Path(f'/proc/{child.pid}/root{flows}')

    def told(state):
        return [c for c in w.health() if c.get('check') == 'output' and c['state'] == state]

    try:
        # more than disk and buffer hold together, so records are lost for certain
        full = wait_for('records are lost', 20, lambda: child.poll() is not None or [
            c for c in told('failure') if not c['what'].endswith(' 0 records lost')])
        if child.poll() is None:
            held = len(whole_records(inside))
            subprocess.run(['nsenter', '-m', '-t', str(child.pid), 'mount', '-o',
                            'remount,size=100m', str(disk)], check=True)
            after = wait_for('it goes on', 10, lambda: told('warning'))
            later = len(whole_records(inside))
    finally:
        err = end(child, status=1)  # records were lost, and that is said
    assert 'No space left on device since' in full[0]['what'], full
    assert 'records written' in after[0]['what'], after
    assert 0 < held < later, (held, later)
    assert err.count('No space left on device; will be tried again') == 1, err
    assert 'not all was written' in err, err


def a_file_that_was_moved_away_is_opened_anew_on_a_signal(w):
    flows, away = w.folder / 'moved.jsonl', w.folder / 'moved.jsonl.1'
    child = w.run('--flows', flows)
    wait_for('the file is there', 20, lambda: child.poll() is not None or flows.exists())
    wait_for('the sensor answers', 20, lambda: child.poll() is not None or w.health())
    if child.poll() is None:
        flows.rename(away)
        child.send_signal(signal.SIGUSR1)
        wait_for('a new file', 5, flows.exists)
        wait_for('all is written', 30, is_quiet_for(2, away, flows))
    end(child)
    assert count_lines(away, flows) == records_delivered(w)
    assert whole_records(flows)


TESTS = [a_replay_replaces_its_files_when_it_is_done,
         a_replay_that_fails_leaves_the_former_file,
         a_pipe_and_a_device_are_written_to_directly,
         a_link_of_another_user_is_not_followed,
         a_sensor_extends_its_files,
         a_kill_costs_at_most_half_a_line_that_the_next_start_removes,
         a_sensor_goes_on_when_the_disk_was_full,
         a_file_that_was_moved_away_is_opened_anew_on_a_signal]


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        return tap.run(TESTS, World(folder))


if __name__ == '__main__':
    sys.exit(main())
