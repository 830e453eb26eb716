#!/usr/bin/env python3
"""What a running sensor may still do, in all its threads, and what it made while it was root.

    test_rights.py PORTOLAN PORTOLAN_GENERATE

Needs root, to become another user. Captures come through DPDK's net_pcap, whose EAL starts threads
of its own before the sensor gives its rights up; and live in a network namespace made here.
"""
import os
import pwd
import resource
import signal
import socket
import stat
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
USER = 'nobody'
RACES = int(os.environ.get('PORTOLAN_RACES', '10'))


class World:
    """A folder that belongs to the user whom the sensor becomes."""

    def __init__(self, folder):
        self.folder, self.mine = Path(folder), Path(folder) / 'mine'
        self.capture, site = self.folder / 'load.pcap', self.folder / 'plain.yaml'
        subprocess.run([GENERATE, 'load', '--mix', 'c', '--flows', '100', '--packets', '1000',
                        '-o', self.capture], check=True)
        subprocess.run([GENERATE, 'site', '-o', site], check=True)
        self.appliances = site.read_text()
        self.folder.chmod(0o755)
        self.mine.mkdir()
        if os.geteuid() == 0:
            self.user = pwd.getpwnam(USER)
            os.chown(self.mine, self.user.pw_uid, self.user.pw_gid)

    def site(self, capture=None, more=''):
        path = self.folder / 'site.yaml'
        capture = capture or ('source: dpdk, dpdk: {devices: '
                              f'["net_pcap0,rx_pcap={self.capture}"]}}')
        path.write_text(f'{self.appliances}capture: {{{capture}}}\n'
                        f'outputs:\n  control: {{socket: {self.mine}/control.sock}}\n{more}')
        return path

    def run(self, *arguments, site=None, prefix=()):
        return subprocess.Popen([*prefix, PORTOLAN, 'run', '--site', site or self.site(),
                                 *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True)

    def when_it_answers(self, child):
        """waits until rights are given up: then the loop runs, and a client is answered"""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and child.poll() is None:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(2)
                try:
                    s.connect(str(self.mine / 'control.sock'))
                    s.sendall(b'{"protocol":1,"command":"health"}\n')
                    if s.recv(1):
                        return
                except OSError:
                    time.sleep(0.05)
        if child.poll() is None:
            child.kill()
        _, err = child.communicate()
        if 'built without' in err:
            raise Skip('built without DPDK')
        raise AssertionError(f'no answer: {err}')


def end(child, status=0):
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=30)
    assert child.returncode == status, (child.returncode, err)
    return err


def threads_of(pid):
    """what the kernel says of each thread: a list of {name: value}"""
    told = []
    for task in sorted(Path(f'/proc/{pid}/task').iterdir()):
        text = (task / 'status').read_text()
        told.append(dict(line.split(':\t', 1) for line in text.splitlines() if ':\t' in line))
    return told


def without_rights(threads, filtered):
    for t in threads:
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
            assert int(t[name], 16) == 0, (t['Name'], name, t[name])
        assert t['NoNewPrivs'] == '1', t['Name']
        assert t['Seccomp'] == '2' or not filtered, (t['Name'], t['Seccomp'])
        assert len(set(t['Uid'].split())) == 1, t['Uid']


def no_thread_keeps_a_right(w):
    for user in (('--user', USER), ()):
        if not user:
            os.chown(w.mine, 0, 0)
        child = w.run(*user)
        try:
            w.when_it_answers(child)
            threads = threads_of(child.pid)
        finally:
            os.chown(w.mine, w.user.pw_uid, w.user.pw_gid)
            err = end(child)
        assert {'eal-intr-thread', 'telemetry-v2'} <= {t['Name'] for t in threads}, threads
        without_rights(threads, 'no filter of system calls' not in err)
        assert (threads[0]['Uid'].split()[0] != '0') == bool(user), threads[0]['Uid']


def live_capture_goes_on_without_rights(w):
    name = f'portolan-rights-{os.getpid()}'
    try:
        for command in (f'netns add {name}', f'-n {name} link add wire0 type veth peer name wire1',
                        f'-n {name} link set wire0 up', f'-n {name} link set wire1 up'):
            if subprocess.run(['ip', *command.split()], capture_output=True, check=False).returncode:
                raise Skip('cannot make a network namespace with a virtual wire in it')
        child = w.run('--user', USER, site=w.site('source: pcap, interfaces: [wire0]'),
                      prefix=('ip', 'netns', 'exec', name))
        w.when_it_answers(child)
        without_rights(threads_of(child.pid), True)
        end(child)
    finally:
        subprocess.run(['ip', 'netns', 'del', name], capture_output=True, check=False)


def what_it_makes_belongs_to_the_user(w):
    names = ('flows', 'events', 'stats', 'sink')
    more = f'  events: [{{kind: json, path: {w.mine}/sink}}]\n'
    child = w.run('--user', USER, '--flows', w.mine / 'flows', '--events', w.mine / 'events',
                  '--stats', w.mine / 'stats', site=w.site(more=more))
    w.when_it_answers(child)
    made = (w.mine / 'control.sock').stat()
    assert stat.S_IMODE(made.st_mode) == 0o660 and made.st_uid == w.user.pw_uid, made
    end(child)
    for name in names:
        made = (w.mine / name).stat()
        assert made.st_uid == w.user.pw_uid and made.st_gid == w.user.pw_gid, (name, made)
        assert stat.S_IMODE(made.st_mode) == 0o640, (name, oct(made.st_mode))
        (w.mine / name).unlink()


def links_of_the_user_lead_to_no_file_of_root(w):
    victim = w.folder / 'victim'
    for option in ('--flows', '--events', '--stats'):
        victim.write_text('untouched')
        victim.chmod(0o600)
        link = w.mine / 'link'
        link.symlink_to(victim)
        os.lchown(link, w.user.pw_uid, w.user.pw_gid)
        child = w.run('--user', USER, option, link, '--duration', '1s')
        child.communicate(timeout=30)
        link.unlink(missing_ok=True)
        (w.mine / 'control.sock').unlink(missing_ok=True)
        made = victim.stat()
        assert victim.read_text() == 'untouched' and made.st_uid == 0, option
        assert stat.S_IMODE(made.st_mode) == 0o600, option


def swap_until(is_over, place, victim):
    """as the user might: puts a link of his in the socket's place, over and over"""
    while not is_over.is_set():
        try:
            if stat.S_ISSOCK(place.lstat().st_mode):
                place.unlink()
                place.symlink_to(victim)
        except OSError:
            pass


def a_race_for_the_socket_gives_the_user_nothing(w):
    victim, place = w.folder / 'victim', w.mine / 'control.sock'
    victim.write_text('untouched')
    victim.chmod(0o600)
    for _ in range(RACES):
        is_over = threading.Event()
        racer = threading.Thread(target=swap_until, args=(is_over, place, victim))
        racer.start()
        child = w.run('--user', USER, '--duration', '1s')
        child.communicate(timeout=30)
        is_over.set()
        racer.join()
        place.unlink(missing_ok=True)
        made = victim.stat()
        assert made.st_uid == 0 and stat.S_IMODE(made.st_mode) == 0o600, made


def root_makes_no_socket_where_another_user_could_replace_it(w):
    child = w.run()
    _, err = child.communicate(timeout=30)
    assert child.returncode == 1 and 'others may write to the folder' in err, err


def who_may_not_capture_is_told_the_one_right_that_is_wanted(w):
    os.chown(w.mine, 0, 0)
    child = w.run('--duration', '1s', site=w.site('source: pcap, interfaces: [lo]'),
                  prefix=('setpriv', '--bounding-set=-all', '--inh-caps=-all'))
    err = child.communicate(timeout=60)[1]
    os.chown(w.mine, w.user.pw_uid, w.user.pw_gid)
    assert child.returncode != 0 and 'permission denied; want root, or the capability CAP_NET_RAW' in err, err
    assert 'CAP_NET_ADMIN' not in err, err


def a_user_who_is_not_there_is_misuse(w):
    child = w.run('--user', 'no-such-user')
    _, err = child.communicate(timeout=30)
    assert child.returncode == 2 and "there is no user 'no-such-user'" in err, err


def a_crash_leaves_no_core_dump_unless_asked_for(w):
    pattern = Path('/proc/sys/kernel/core_pattern').read_text().strip()
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
    try:
        for asked in (False, True):
            child = w.run('--user', USER, *(['--core-dumps'] if asked else []))
            w.when_it_answers(child)
            limit = [line.split() for line in Path(f'/proc/{child.pid}/limits').read_text()
                     .splitlines() if line.startswith('Max core')][0][4]
            # Files in /proc of a process that leaves no dump are root's (proc(5)).
            owner = os.stat(f'/proc/{child.pid}/environ').st_uid
            child.send_signal(signal.SIGABRT)
            child.communicate(timeout=30)
            (w.mine / 'control.sock').unlink(missing_ok=True)
            if asked:
                assert owner == w.user.pw_uid, (owner, pattern)
            else:
                assert limit == '0' and owner == 0, (limit, owner, pattern)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limits)
        for left in Path('.').glob('core*'):
            left.unlink()


TESTS = [no_thread_keeps_a_right,
         live_capture_goes_on_without_rights,
         what_it_makes_belongs_to_the_user,
         links_of_the_user_lead_to_no_file_of_root,
         a_race_for_the_socket_gives_the_user_nothing,
         root_makes_no_socket_where_another_user_could_replace_it,
         who_may_not_capture_is_told_the_one_right_that_is_wanted,
         a_user_who_is_not_there_is_misuse,
         a_crash_leaves_no_core_dump_unless_asked_for]


def main():
    with tempfile.TemporaryDirectory() as folder:
        return tap.run(TESTS, World(folder),
                       why_not=None if os.geteuid() == 0 else 'needs root')


if __name__ == '__main__':
    sys.exit(main())
