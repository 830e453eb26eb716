#!/usr/bin/env python3
"""Files of the event store: killed, full, torn, foreign, newer, read while they are written.

    test_store.py PORTOLAN PORTOLAN_GENERATE

PORTOLAN_KILLS=100 kills a sensor a hundred times instead of five.
"""
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE = (str(Path(a).resolve()) for a in sys.argv[1:3])
TREE = Path(__file__).resolve().parent.parent.parent
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')
KILLS = int(os.environ.get('PORTOLAN_KILLS', '5'))
SEED = 20261128
FLOWS = 40000


class World:
    """A capture of many flows that are all flagged, its site, and a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.capture, self.site = self.folder / 'load.pcap', self.folder / 'plain.yaml'
        subprocess.run([GENERATE, 'load', '--opening', 'udp/9999/random(60)', '--packets', str(FLOWS),
                        '-o', self.capture], check=True)
        subprocess.run([GENERATE, 'site', '-o', self.site], check=True)

    def replay(self, store, status=0, **options):
        done = subprocess.run(
            [PORTOLAN, 'replay', '--site', self.site, '--store', store, self.capture],
            capture_output=True, text=True, check=False, timeout=120, **options)
        assert done.returncode == status, (done.returncode, done.stderr)
        return done

    def live_site(self, store, more=''):
        site = self.folder / 'live.yaml'
        site.write_text(
            self.site.read_text() + 'flow: {timeouts: {udp_one_way: 1s}}\n' + 'capture:\n'
            f'  source: dpdk\n  dpdk: {{devices: ["net_pcap0,rx_pcap={self.capture}"]}}\n'
            f'store: {{path: {store}, flows: all}}\n'
            f'outputs:\n  control: {{socket: {self.folder}/control.sock}}\n' + more)
        return site

    def run(self, store, prefix=()):
        child = subprocess.Popen([*prefix, PORTOLAN, 'run', '--site', self.live_site(store)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return child

    def health(self):
        told = subprocess.run([PORTOLAN, 'health', '--socket', self.folder / 'control.sock', '--json'],
                              capture_output=True, text=True, check=False).stdout
        lines = [json.loads(line) for line in told.splitlines() if line.startswith('{')]
        return [c for c in lines if c.get('check') == 'store']


def wait_for(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f'after {seconds} s still not: {what}')


def end(child):
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=300)
    if 'built without' in err:
        raise Skip('built without DPDK')
    return child.returncode, err


def segments(store):
    return sorted(Path(store).glob('flows-*.db'))


def flows(store):
    """flows in all segments, each of which is sound and has none twice"""
    count = 0
    for path in segments(store):
        db = sqlite3.connect(path)
        assert db.execute('PRAGMA integrity_check').fetchone()[0] == 'ok', path
        count += db.execute('SELECT count(*) FROM flow').fetchone()[0]
        twice = db.execute('SELECT count(*) FROM (SELECT 1 FROM flow GROUP BY start_ns, initiator,'
                           ' initiator_port, responder, responder_port, protocol'
                           ' HAVING count(*) > 1)').fetchone()[0]
        assert twice == 0, f'{path}: {twice} flows are there twice'
        db.close()
    return count


def state(store, sql):
    db = sqlite3.connect(f'{store}/state.db')
    assert db.execute('PRAGMA integrity_check').fetchone()[0] == 'ok'
    rows = db.execute(sql).fetchall()
    db.close()
    return rows


def triage(store, *words, status=0):
    done = subprocess.run([PORTOLAN, 'triage', *words, '--store', store], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == status, (done.returncode, done.stderr)
    return done


def every_flow_is_there_once(w):
    store = w.folder / 'whole'
    w.replay(store)
    assert flows(store) == FLOWS
    sums = state(store, 'SELECT sum(flows), sum(packets_sent + packets_received) FROM hourly')
    assert sums == [(FLOWS, FLOWS)], sums
    assert not state(store, "SELECT * FROM lost WHERE what != 'peers'")
    bytes_a_flow = sum(p.stat().st_size for p in segments(store)) / FLOWS
    print(f'# {bytes_a_flow:.0f} bytes a flow')
    assert bytes_a_flow < 130, bytes_a_flow


def a_replay_speaks_as_replay(w):
    store = w.folder / 'unclean'
    w.replay(store)
    db = sqlite3.connect(store / 'state.db')
    db.execute('UPDATE run SET ended_ns = NULL, ending = NULL')
    db.commit()
    db.close()
    told = w.replay(store).stderr
    assert re.match(r'portolan: replay: store .*: the last run did not end by itself', told), told


def every_hour_of_a_capture_is_sealed(w):
    """also where there are far more of them than may be open"""
    script, capture, site, store = (w.folder / f'hours.{x}' for x in ('script', 'pcap', 'yaml', 'store'))
    script.write_text('host ftd-1 10.20.0.1 role managed-device\n0 udp ftd-1:20001 > 10.1.1.14:514'
                      ' send syslog(ftd-1,"a connection was built") repeat 200 every 1h advance from-port 1\n')
    subprocess.run([GENERATE, 'script', script, '-o', capture, '--site', site], check=True)
    site.write_text(site.read_text() + 'store: {path: /nonexistent, flows: all}\n')
    done = subprocess.run([PORTOLAN, 'replay', '--site', site, '--store', store, capture],
                          capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    assert len(segments(store)) == 200 and flows(store) == 200
    for path in segments(store):
        db = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
        assert db.execute("SELECT value FROM meta WHERE key = 'sealed'").fetchone() == (1,), path
        db.close()
    assert not list(store.glob('*-wal')), 'journals are left'


def sealed(path):
    db = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
    try:
        return db.execute("SELECT value FROM meta WHERE key = 'sealed'").fetchone() == (1,)
    except sqlite3.OperationalError:
        return False  # made, and nothing was written to it
    finally:
        db.close()


def what_a_killed_replay_left_is_sealed_by_the_next_one(w):
    script, capture, site, store = (w.folder / f'left.{x}' for x in ('script', 'pcap', 'yaml', 'store'))
    script.write_text('host ftd-1 10.20.0.1 role managed-device\n0 udp ftd-1:20001 > 10.1.1.14:514'
                      ' send syslog(ftd-1,"a connection was built") repeat 300 every 1h advance from-port 1\n')
    subprocess.run([GENERATE, 'script', script, '-o', capture, '--site', site], check=True)
    site.write_text(site.read_text() + 'store: {path: /nonexistent, flows: all}\n')
    child = subprocess.Popen([PORTOLAN, 'replay', '--site', site, '--store', store, capture],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for('it seals', 30, lambda: child.poll() is not None or len(segments(store)) > 50)
    child.kill()
    child.communicate()
    left = [p for p in segments(store) if not sealed(p)]
    print(f'# {len(left)} of {len(segments(store))} segments were left')
    assert left
    (store / 'flows-20251231T23.db').touch()  # killed when it had made the file
    w.replay(store)
    assert not [p for p in segments(store) if not sealed(p)]
    assert not list(store.glob('*-wal')), 'journals are left'


def a_killed_sensor_keeps_what_it_had_committed(w):
    seed = random.Random(SEED)
    print(f'# seed {SEED}, {KILLS} kills')
    store = w.folder / 'killed'
    committed = 0
    for kill in range(KILLS):
        begun, had = runs(store), count_committed(store)
        child = w.run(store)
        if child.poll() is not None:
            end(child)
        if kill % 2 == 0:  # the others at any moment from the start on
            wait_for('it writes', 30, lambda: child.poll() is not None or runs(store) > begun)
        if kill == 0:  # so that something is there to be lost, however slow the build is
            wait_for('flows are committed', 60, lambda: child.poll() is not None or count_committed(store) > had)
        time.sleep(seed.random() * 2)
        if child.poll() is not None:
            end(child)
            raise AssertionError('the sensor ended')
        before = count_committed(store)
        child.kill()
        child.communicate()
        now = flows(store)
        assert now >= before, f'kill {kill}: {before} flows were read, {now} are left'
        committed = now
    child = w.run(store)
    wait_for('it answers', 30, lambda: child.poll() is not None or w.health())
    _, err = end(child)
    assert 'did not end by itself' in err, err
    endings = [r[0] for r in state(store, 'SELECT ending FROM run ORDER BY id')]
    unclean = len(endings) - 1  # one that was killed before its first commit is not known
    print(f'# {unclean} of {KILLS} had begun, {committed} flows were kept')
    assert endings == ['unclean'] * unclean + ['stopped'] and KILLS / 2 <= unclean <= KILLS, endings
    assert 'killed' in triage(store, 'findings', '--limit', '1').stdout
    assert committed > 0


def runs(store):
    """runs that another process reads"""
    try:
        db = sqlite3.connect(f'file:{store}/state.db?mode=ro', uri=True, timeout=5)
        count = db.execute('SELECT count(*) FROM run').fetchone()[0]
        db.close()
        return count
    except sqlite3.OperationalError:
        return 0  # not made yet


def count_committed(store):
    """flows that another process reads while the sensor writes"""
    count = 0
    for path in segments(store):
        try:
            db = sqlite3.connect(f'file:{path}?mode=ro', uri=True, timeout=5)
            count += db.execute('SELECT count(*) FROM flow').fetchone()[0]
            db.close()
        except sqlite3.OperationalError:
            pass  # made this moment
    return count


def a_full_disk_is_written_again_when_there_is_room(w):
    if os.geteuid() != 0 or not shutil.which('unshare'):
        raise Skip('needs root')
    disk = w.folder / 'disk'
    disk.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o size=1m none {disk} && exec "$@"'
    if subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', 'true'], check=False,
                      capture_output=True).returncode:
        raise Skip('cannot mount in a namespace')
    child = w.run(disk / 'store', prefix=('unshare', '-m', 'sh', '-c', script, 'sh'))
    try:
        full = wait_for('the disk is full', 40, lambda: child.poll() is not None or [
            c for c in w.health() if c['state'] == 'failure'])
        if child.poll() is None:
            subprocess.run(['nsenter', '-m', '-t', str(child.pid), 'mount', '-o',
                            'remount,size=200m', str(disk)], check=True)
            wait_for('all is written', 90, is_settled(w))
            copy = w.folder / 'from-disk'
            shutil.copytree(Path(f'/proc/{child.pid}/root{disk}/store'), copy)
    finally:
        status, err = end(child)
    assert 'full' in full[0]['what'] or 'No space' in full[0]['what'], full
    assert 'will be tried again' in err and 'is written again' in err, err
    assert status == 0 and flows(copy) == FLOWS, (status, flows(copy))


def is_settled(w):
    """a condition: more than all flows were written, and nothing more for three seconds"""
    last = [0, 0]

    def condition():
        well = [c for c in w.health() if c['state'] != 'failure']
        written = int(re.search(r'(\d+) flows and events written', well[0]['what']).group(1)) if well else 0
        if written != last[0]:
            last[:] = [written, time.monotonic()]
        return written > FLOWS and time.monotonic() > last[1] + 3
    return condition


def a_replay_says_that_the_disk_is_full(w):
    if os.geteuid() != 0 or not shutil.which('unshare'):
        raise Skip('needs root')
    disk = w.folder / 'small'
    disk.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o size=1m none {disk} && exec "$@"'
    done = subprocess.run(
        ['unshare', '-m', 'sh', '-c', script, 'sh', PORTOLAN, 'replay', '--site', w.site, '--store',
         disk / 'store', w.capture], capture_output=True, text=True, check=False, timeout=60)
    if 'mount' in done.stderr:
        raise Skip('cannot mount in a namespace')
    assert done.returncode == 1 and 'not all was written' in done.stderr, (done.returncode, done.stderr)


def a_segment_that_is_torn_foreign_newer_or_locked_is_told(w):
    whole = w.folder / 'whole'
    for name, spoil, told in (
            ('torn', lambda p: os.truncate(p, p.stat().st_size // 2), 'was not read'),
            ('random', lambda p: p.write_bytes(random.Random(SEED).randbytes(65536)), 'was not read'),
            ('empty', lambda p: p.write_bytes(b''), 'was not read'),
            ('foreign', foreign, 'not a flow segment of portolan'),
            ('newer', newer, 'written by a newer portolan')):
        store = w.folder / f'spoilt-{name}'
        shutil.copytree(whole, store)
        segment = segments(store)[0]
        spoil(segment)
        done = triage(store, 'flows', '--limit', '5')
        assert told in done.stdout and segment.name in done.stdout, (name, done.stdout)
        assert 'not complete' in done.stdout
    store = w.folder / 'spoilt-state'
    shutil.copytree(whole, store)
    (store / 'state.db').write_bytes(b'not a database' * 1000)
    assert triage(store, 'findings', status=1).stderr
    assert w.replay(store, status=1).stderr


def foreign(path):
    path.unlink()
    db = sqlite3.connect(path)
    db.execute('CREATE TABLE flow(x)')
    db.commit()
    db.close()


def newer(path):
    db = sqlite3.connect(path)
    db.execute('PRAGMA user_version=99')
    db.commit()
    db.close()


def a_sensor_says_what_it_cannot_open(w):
    for name, make in (('file', lambda p: p.write_text('')),
                       ('newer', lambda p: (shutil.copytree(w.folder / 'whole', p),
                                            newer(p / 'state.db')))):
        store = w.folder / f'refused-{name}'
        make(store)
        done = w.replay(store, status=1)
        assert str(store) in done.stderr, done.stderr
    link = w.folder / 'link'
    link.mkdir()
    (w.folder / 'victim').write_text('mine')
    (link / 'state.db').symlink_to(w.folder / 'victim')
    assert w.replay(link, status=1).stderr
    assert (w.folder / 'victim').read_text() == 'mine'


def two_ask_while_the_sensor_writes(w):
    store = w.folder / 'asked'
    child = w.run(store)
    wait_for('there is a store', 30, lambda: child.poll() is not None or (store / 'state.db').exists())
    slowest, asked = 0, 0
    until = time.monotonic() + 4
    while time.monotonic() < until and child.poll() is None:
        began = time.monotonic()
        both = [subprocess.Popen([PORTOLAN, 'triage', question, '--store', store, '--format', 'json'],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for question in ('findings', 'matrix')]
        for one in both:
            out, err = one.communicate(timeout=30)
            assert one.returncode == 0, err
            assert 'coverage' in out.splitlines()[-1]
        slowest, asked = max(slowest, time.monotonic() - began), asked + 2
    wait_for('every flow is committed', 60, lambda: child.poll() is not None or count_committed(store) >= FLOWS)
    status, err = end(child)
    print(f'# {asked} questions, the slowest pair {slowest:.2f} s')
    assert status == 0 and asked > 2 and 'will be tried again' not in err, err
    assert flows(store) == FLOWS


def long_replay(w, name):
    """a replay of two months, whose store is made for seconds after its capture was read, in a folder
    with an older answer"""
    folder = w.folder / name
    (folder / 'tmp').mkdir(parents=True)
    script, capture, site = (w.folder / f'long.{x}' for x in ('script', 'pcap', 'yaml'))
    if not capture.exists():
        script.write_text('host ftd-1 10.20.0.1 role managed-device\n0 udp ftd-1:20001 > 10.1.1.14:514'
                          ' send syslog(ftd-1,"a connection was built") repeat 600 every 1h advance from-port 1\n')
        subprocess.run([GENERATE, 'script', script, '-o', capture, '--site', site], check=True)
        site.write_text(site.read_text() + 'store: {path: /nonexistent, flows: all}\n')
    for output in ('report.html', 'flows.json'):
        (folder / output).write_text('older\n')
    child = subprocess.Popen(
        [PORTOLAN, 'replay', '--site', site, '--report', folder / 'report.html', '--flows',
         folder / 'flows.json', capture], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, 'TMPDIR': str(folder / 'tmp')})
    wait_for('it seals', 30, lambda: child.poll() is not None or
             len(list(folder.glob('tmp/portolan-*/flows-*.db'))) > 50)
    assert child.poll() is None, child.communicate()
    child.send_signal(signal.SIGINT)
    return folder, child


def the_first_interrupt_of_a_long_write_says_what_it_does(w):
    folder, child = long_replay(w, 'once')
    _, err = child.communicate(timeout=300)
    assert re.search(r'^portolan: replay: sealing the store, \d+ of \d+ segments; \^C again ends it$', err, re.M), err
    assert child.returncode == 0, (child.returncode, err)
    assert len((folder / 'flows.json').read_text().splitlines()) == 600
    assert (folder / 'report.html').read_text().startswith('<!DOCTYPE html>')
    assert left_in(folder) == ['flows.json', 'report.html']


def the_second_interrupt_of_a_long_write_ends_it_within_a_second(w):
    folder, child = long_replay(w, 'twice')
    wait_for('it has said so', 10, lambda: child.stderr.readline())
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=300)
    took = time.monotonic() - began
    print(f'# ended after {took:.3f} s')
    assert took < 1 and child.returncode == -signal.SIGINT, (took, child.returncode, err)
    assert left_in(folder) == ['flows.json', 'report.html'], left_in(folder)
    assert (folder / 'report.html').read_text() == 'older\n'
    flows = (folder / 'flows.json').read_text()
    assert flows == 'older\n' or len(flows.splitlines()) == 600, 'written in part'


def left_in(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob('*') if p.name != 'tmp')


def segments_are_pruned_by_size(w):
    """the oldest go first, the newest stays"""
    site = w.folder / 'sized.yaml'
    site.write_text(w.site.read_text() + 'store: {path: /nonexistent, size: 10MB}\n')
    done = subprocess.run([PORTOLAN, 'check', '--site', site], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and 'a size from 100MB' in done.stderr, done.stderr


TESTS = [every_flow_is_there_once,
         a_replay_speaks_as_replay,
         every_hour_of_a_capture_is_sealed,
         what_a_killed_replay_left_is_sealed_by_the_next_one,
         a_killed_sensor_keeps_what_it_had_committed,
         a_full_disk_is_written_again_when_there_is_room,
         a_replay_says_that_the_disk_is_full,
         a_segment_that_is_torn_foreign_newer_or_locked_is_told,
         a_sensor_says_what_it_cannot_open,
         two_ask_while_the_sensor_writes,
         the_first_interrupt_of_a_long_write_says_what_it_does,
         the_second_interrupt_of_a_long_write_ends_it_within_a_second,
         segments_are_pruned_by_size]


def main():
    chosen = [t for t in TESTS if re.search(os.environ.get('PORTOLAN_CASES', ''), t.__name__)]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        return tap.run(chosen, World(folder))


if __name__ == '__main__':
    sys.exit(main())
