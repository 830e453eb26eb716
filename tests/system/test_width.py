#!/usr/bin/env python3
"""What is printed for people fits the terminal, whichever command prints it.

    test_width.py PORTOLAN PORTOLAN_GENERATE

Every command of the table in control/cli/cli.h is run, over the demonstration's capture, site and
store. Those that ask a running sensor ask one in a network namespace that is sent that capture: with
root alone, else they are left out.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE = (str(Path(a).resolve()) for a in sys.argv[1:3])
TREE = Path(__file__).resolve().parent.parent.parent
NAMESPACE = f'width-{os.getpid()}'
WIDTHS = (60, 80, 100, 200)
FLOW = ('tcp', '198.51.100.77:40000', '10.20.0.2:4444')

# How each is run, and who has to ask a sensor. `{…}` are files of the world.
COMMANDS = {
    'replay': ['--site {site} {capture}', '--site {site} --all {capture}'],
    'run': ['--help'],
    'triage': ['{question} --store {store}', 'why {finding} --store {store}', 'whatif --store {store} --site {draft}'],
    'check': ['{site}', '{long}'],
    'policy': ['', '--site {site}', '--profile on-premises-7', '--site {site} --appliance fmc-1'],
    'explain': ['--site {site} ' + ' '.join(FLOW), '--site {site} tcp 10.20.0.2:1 10.10.0.5:8305'],
    'discover': ['{capture}'],
    'import': ['{table}', '{table} --compare {capture}'],
    'diff': ['cloud-delivered on-premises-7', 'cloud-delivered {site}',
             '{site} on-premises-7 --capture {capture}', '{site} {long}'],
    'doctor': [''],
    'bench': ['{capture} --rounds 1 --site {site}'],
}
SENSOR = {
    'status': [''], 'health': [''], 'channels': [''], 'matrix': ['', '--appliance fmc-1'],
    'flows': ['', '--wide'], 'top': [], 'reload': ['--dry-run', '--dry-run {draft}'],
}
# `--wide` asks for lines that are longer; `note` and `ack` write, `pcap` is no text.
LONGER, NO_ANSWERS = {'--wide'}, {'note', 'ack', 'pcap', 'why', 'whatif'}

TABLE = """name,role,addresses,managers
fmc-1,management-center,10.10.0.5,
ftd-1,managed-device,10.20.0.1,fmc-1
a device with quite a long name for a table,managed-device,10.20.0.2; 10.20.0.12; 10.20.0.13; 10.20.0.14,fmc-1
ftd-gone,managed-device,10.99.0.1,fmc-1
"""
LONG = """
  - name: a-device-with-quite-a-long-name-for-a-table-of-appliances
    role: managed-device
    addresses: [10.77.0.0/16, 10.78.1.1, 10.78.1.2, 10.78.1.3, "2001:db8:1234:5678:9abc:def0:1234:5678"]
"""


class World:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.env = {**os.environ, 'PORTOLAN_CONFIGS': str(TREE / 'configs'), 'LC_ALL': 'C.UTF-8', 'NO_COLOR': '1'}
        self.env.pop('COLUMNS', None)
        self.file = {name: self.folder / name for name in
                     ('capture', 'site', 'draft', 'long', 'table', 'store', 'socket', 'sensor')}
        subprocess.run([GENERATE, 'demo', '-o', self.file['capture'], '--site', self.file['site']], check=True)
        site = self.file['site'].read_text()
        self.file['draft'].write_text(site.replace('cloud-delivered', 'on-premises-7'))
        self.file['long'].write_text(site.replace('\ngroups:', LONG + 'groups:') +
                                     'features: {ldap: {enabled: false}, radius: {peers: [10.1.1.0/24]}}\n')
        self.file['table'].write_text(TABLE)
        self.run('replay', '--site {site} --store {store} {capture}')
        self.questions = [q for q in re.findall(r'^  ([a-z]+)(?: [A-Z ]+)?\s*: ', self.run('triage', '--help'), re.M)
                          if q not in NO_ANSWERS]
        self.finding = re.search(r'\d{8}T\d\d-[0-9a-f]+', self.run('triage', 'findings --store {store}'))[0]

    def words(self, line):
        """the command lines of a line of the lists above"""
        for question in self.questions if '{question}' in line else ['']:
            named = question + (' fmc-1' if question == 'reached' else '')
            yield line.format(question=named, finding=getattr(self, 'finding', ''), **self.file).split()

    def run(self, command, line, columns=None, more=()):
        words = next(self.words(line)) if isinstance(line, str) else line
        env = self.env if columns is None else {**self.env, 'COLUMNS': str(columns)}
        return subprocess.run([PORTOLAN, command, *words, *more], env=env, capture_output=True, text=True, check=False,
                              timeout=120).stdout


def in_namespace(*words, **more):
    return subprocess.Popen(['ip', 'netns', 'exec', NAMESPACE, *words], **more)


SEND = """
import socket, sys
data, at = open(sys.argv[1], 'rb').read(), 24
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('other1', 0))
while at < len(data):
    length = int.from_bytes(data[at + 8:at + 12], 'little')
    frame, at = data[at + 16:at + 16 + length], at + 16 + length
    if length <= 1514:
        out.send(frame)
"""


class Sensor:
    """One that is sent the demonstration's capture."""

    def __init__(self, w):
        self.w, self.child = w, None

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip('needs root, for a network namespace')
        if subprocess.run(['ip', 'netns', 'add', NAMESPACE], capture_output=True, check=False).returncode:
            raise Skip('no network namespace can be made')
        for setup in ('ip link add eth1 type veth peer name other1', 'ip link set other1 up', 'ip link set eth1 up'):
            assert in_namespace(*setup.split()).wait() == 0, setup
        file = self.w.file
        file['sensor'].write_text(
            file['site'].read_text().replace('outputs: {silence: 2h}', f'outputs: {{control: {{socket: {file["socket"]}}}}}')
            + 'capture: {interfaces: [eth1]}\n')
        self.child = in_namespace(PORTOLAN, 'run', '--site', file['sensor'], '--duration', '300s', '--user', 'root',
                                  env=self.w.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(200):
            assert self.child.poll() is None, self.child.communicate()[1]
            if file['socket'].exists():
                break
            time.sleep(0.1)
        assert in_namespace(sys.executable, '-c', SEND, file['capture']).wait() == 0
        time.sleep(2)
        return self

    def __exit__(self, *_):
        if self.child:
            self.child.send_signal(signal.SIGTERM)
            self.child.communicate(timeout=60)
        subprocess.run(['ip', 'netns', 'del', NAMESPACE], check=False, capture_output=True)


def too_long(text, columns):
    return [line for line in text.splitlines() if len(line) > columns]


def every_command_is_here(_):
    header = (TREE / 'control/cli/cli.h').read_text()
    there = re.findall(r'X\((\w+)\)', re.search(r'#define COMMAND_LIST\(X\)(.*?)\n\n', header, re.S)[1])
    listed = sorted([*COMMANDS, *SENSOR])
    assert sorted(there) == listed, f'commands: {there}; listed here: {listed}'


def no_line_is_longer_than_columns_says(w):
    wrong = []
    assert len(w.questions) > 8, w.questions
    for command, lines in COMMANDS.items():
        for words in (words for line in lines for words in w.words(line)):
            for columns in WIDTHS[:2] if command == 'bench' else WIDTHS:
                text = w.run(command, words, columns)
                assert text, f'{command} {words} prints nothing'
                wrong += [f'{command} {words}, {columns} columns: {line}' for line in too_long(text, columns)]
    assert not wrong, '\n'.join(wrong)


def a_pipe_has_no_width(w):
    for command, line in (('triage', 'findings --store {store}'), ('triage', 'flows --store {store}'),
                          ('diff', '{site} on-premises-7 --capture {capture}')):
        piped, wide = w.run(command, line), w.run(command, line, 1000)
        assert piped == wide and max(map(len, piped.splitlines())) > 100, (command, line, piped)


def a_terminal_has_its_own_width(w):
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 66, 0, 0))
    child = subprocess.Popen([PORTOLAN, 'triage', 'flows', '--limit', '20', '--store', w.file['store']], env=w.env,
                             stdout=terminal)
    text = b''
    while child.poll() is None or select.select([controller], [], [], 0.2)[0]:
        if select.select([controller], [], [], 0.2)[0]:
            text += os.read(controller, 65536)
    os.close(terminal)
    os.close(controller)
    lines = text.decode().replace('\r', '').splitlines()
    assert 60 < max(map(len, lines)) <= 66, lines


def a_wide_terminal_is_used(w):
    narrow = w.run('triage', 'findings --store {store}', 80).splitlines()
    wide = w.run('triage', 'findings --store {store}', 200).splitlines()
    assert len(narrow) > 2 * len(wide) - 8 and max(map(len, wide)) > 130, (len(narrow), len(wide))


def rows_of_several_lines_stay_below_each_other(w):
    lines = w.run('triage', 'matrix --store {store} --limit 5', 80).splitlines()
    at = lines[1].index('VIOLATIONS') + len('VIOLATIONS')
    assert lines[0].startswith('APPLIANCE') and lines[1].startswith('    '), lines
    assert all(lines[i][at - 1].isdigit() and lines[i][at] == ' ' for i in range(3, 12, 2)), lines


def a_proposal_in_a_narrow_terminal_is_the_same_site(w):
    for command, line in (('discover', '{capture}'), ('import', '{table} --compare {capture}')):
        said = []
        for columns in (None, 60):
            (w.folder / 'proposal').write_text(w.run(command, line, columns))
            said.append(w.run('check', [str(w.folder / 'proposal')]))
        assert said[0] == said[1] and 'managed-device' in said[0], (command, said)


def no_answer_of_a_sensor_is_longer(w):
    wrong = []
    with Sensor(w):
        for command, lines in SENSOR.items():
            for words in (words for line in lines for words in w.words(line)):
                for columns in WIDTHS:
                    text = w.run(command, words, columns, ('--socket', w.file['socket']))
                    assert text, f'{command} {words} prints nothing'
                    if not LONGER & set(words):
                        wrong += [f'{command} {words}, {columns} columns: {line}' for line in too_long(text, columns)]
    assert not wrong, '\n'.join(wrong)


def main():
    with tempfile.TemporaryDirectory() as folder:
        return tap.run([every_command_is_here, no_line_is_longer_than_columns_says, a_pipe_has_no_width,
                        a_terminal_has_its_own_width, a_wide_terminal_is_used,
                        rows_of_several_lines_stay_below_each_other, a_proposal_in_a_narrow_terminal_is_the_same_site,
                        no_answer_of_a_sensor_is_longer], World(folder))


if __name__ == '__main__':
    sys.exit(main())
