#!/usr/bin/env python3
"""`portolan doctor` on recorded trees, and on this machine.

    test_doctor.py PORTOLAN [--update]

NAME.tree in doctor is a tree as text: `PATH = TEXT`, `PATH -> LINK`, `PATH/` (a folder), or `PATH` with
its lines behind it, each after a tabulator. Beside it, for each case, is what is printed at 80 columns;
--update writes these anew.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tap

PORTOLAN = str(Path(sys.argv[1]).resolve())
HERE = Path(__file__).resolve().parent / 'doctor'
TREE = HERE.parent.parent.parent
CASES = {
    'dpdk': ('dpdk', ['--site', HERE / 'near.yaml'], 0),
    'dpdk-far': ('dpdk', ['--site', HERE / 'far.yaml'], 1),
    'dpdk-found': ('dpdk', [], 0),
    'bifurcated': ('bifurcated', ['--site', HERE / 'bifurcated.yaml'], 0),
    'laptop': ('laptop', [], 1),
    'guest': ('guest', ['--device', '00:03.0'], 1),
    'absent': ('laptop', ['--device', 'eth7'], 1),
    'empty': ('empty', [], 0),
    'hostile': ('hostile', [], 1),
}
STATES = {'ok', 'warning', 'problem', 'cannot tell'}


def unpack(name, folder):
    lines, at = (HERE / f'{name}.tree').read_text().splitlines(), None
    for line in lines:
        if line.startswith('\t'):
            with at.open('a') as f:
                f.write(line[1:] + '\n')
            continue
        if line.startswith('#'):
            continue
        path, _, link = line.partition(' -> ')
        path, _, text = path.partition(' =')
        at = folder / path
        if path.endswith('/'):
            at.mkdir(parents=True)
            continue
        at.parent.mkdir(parents=True, exist_ok=True)
        if link:
            at.symlink_to(link)
        else:
            text = text.replace('\\x1b', '\x1b').replace('\\x07', '\a').replace('\\u202e', '\u202e')
            at.write_text(text[1:] + '\n' if text else '')
    return folder


def doctor(*arguments, columns=80, **more):
    env = {**os.environ, 'PORTOLAN_CONFIGS': str(TREE / 'configs'), 'PORTOLAN_CACHE': 'off',
           'COLUMNS': str(columns), 'LC_ALL': 'C.UTF-8'}
    return subprocess.run([PORTOLAN, 'doctor', *map(str, arguments)], env=env, capture_output=True,
                          text=True, check=False, timeout=60, cwd=HERE, **more)


def on_tree(case, *arguments, columns=80):
    tree, more, status = CASES[case]
    with tempfile.TemporaryDirectory() as folder:
        done = doctor('--root', unpack(tree, Path(folder)), *more, *arguments, columns=columns)
    assert done.returncode == status and not done.stderr, (case, done.returncode, done.stderr)
    return done.stdout.replace(str(HERE) + '/', '')


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def commands_of(case):
    return [o['command'] for o in objects(on_tree(case, '--format', 'json')) if o.get('command')]


def recorded_trees_give_what_is_written():
    wrong = []
    for case in CASES:
        found, file = on_tree(case), HERE / f'{case}.txt'
        if '--update' in sys.argv:
            file.write_text(found)
        elif found != file.read_text():
            wrong.append(f'{case}:\n{found}')
    assert not wrong, '\n'.join(wrong)


def a_machine_made_ready_for_dpdk_has_nothing_to_mend():
    *told, end = objects(on_tree('dpdk', '--format', 'json'))
    assert {o['state'] for o in told} == {'ok'} and end['state'] == 'ok', told
    assert not commands_of('dpdk')


def a_driver_that_dpdk_works_beside_is_not_to_be_given_away():
    *told, end = objects(on_tree('bifurcated', '--format', 'json'))
    assert {o['state'] for o in told} == {'ok'} and end['state'] == 'ok', told
    assert not commands_of('bifurcated')
    driver = next(o for o in told if o['check'] == 'driver')
    assert driver['found'].startswith('mlx5_core: DPDK works beside it'), driver


def nothing_that_cannot_be_read_is_told_as_well():
    *told, end = objects(on_tree('empty', '--format', 'json'))
    assert {o['state'] for o in told} == {'cannot tell'}, told
    assert end == {'state': 'cannot tell', 'ok': 0, 'warning': 0, 'problem': 0,
                   'cannot_tell': len(told)}, end


def every_problem_says_what_mends_it():
    for case in CASES:
        for o in objects(on_tree(case, '--format', 'json'))[:-1]:
            assert o['command'] or o['state'] != 'problem', (case, o)


def commands_are_whole_lines_of_a_shell():
    for case in CASES:
        for command in commands_of(case):
            done = subprocess.run(['sh', '-nc', command], capture_output=True, text=True, check=False)
            assert done.returncode == 0, (command, done.stderr)


def a_command_wrapped_for_a_terminal_is_the_same_command():
    for case in ('laptop', 'dpdk-far', 'guest'):
        told = on_tree(case, columns=60).replace(' \\\n      ', ' ')
        for command in commands_of(case):
            assert f'    $ {command}\n' in told, (command, told)


def lines_fit_the_terminal():
    for case in CASES:
        for line in on_tree(case, columns=60).splitlines():
            is_command = line.startswith(('    $ ', '      ')) and not line.startswith(' ' * 22)
            assert len(line) <= 60 or is_command, (case, line)


def a_hostile_tree_steers_nothing_and_leads_nowhere():
    for text in (on_tree('hostile'), on_tree('hostile', '--format', 'json')):
        assert not any(c in text for c in '\x1b\x07\u202e'), text
        assert 'touch' not in text and 'node0;id' not in text, text
        host = Path('/etc/hostname')
        assert not host.exists() or not host.read_text().strip() or \
            host.read_text().strip() not in text.split(), text
    marks = [c for c in commands_of('hostile') if 'ethtool' in c]
    assert marks, 'no command about the interface'
    for command in marks:
        words = subprocess.run(['sh', '-c', f'set -- {command}; for w; do echo "$w"; done'],
                               capture_output=True, text=True, check=True).stdout.splitlines()
        assert "a;$(id)'`x`" in words, words


def a_pipe_or_a_long_file_in_a_tree_keeps_nobody_waiting():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / 'proc/sys/kernel').mkdir(parents=True)
        os.mkfifo(root / 'proc/sys/kernel/osrelease')
        (root / 'proc/self').mkdir()
        (root / 'proc/self/status').write_text('x' * 10_000_000)
        told = objects(doctor('--root', root, '--format', 'json').stdout)
        states = {o['found'] for o in told[:-1] if o['check'] in ('kernel', 'rights')}
        assert 'proc/self/status: it is too long' in states, states
        assert 'proc/sys/kernel/osrelease: it says something else' in states, states


def this_machine_is_told_in_the_same_form():
    done = doctor('--format', 'json')
    *told, end = objects(done.stdout)
    assert done.returncode == (1 if end['problem'] else 0), done
    assert {o['state'] for o in told} <= STATES and told, told
    for state in STATES:
        assert end[state.replace(' ', '_')] == sum(o['state'] == state for o in told), end
    assert {'hugepages', 'iommu', 'cores', 'rights', 'kernel', 'clock'} <= {o['check'] for o in told}
    assert 'be told' in doctor().stdout


def the_loopback_of_this_machine_can_be_asked_about():
    told = objects(doctor('--device', 'lo', '--format', 'json').stdout)
    found = {o['check']: o for o in told[:-1] if o['subject'] == 'lo'}
    assert {'driver', 'link', 'offloads', 'ring'} <= set(found), told
    assert found['driver']['found'] == 'no device: a virtual interface', found


def a_root_that_is_none_is_wrong_usage():
    for root in ('/nonexistent', str(HERE / 'near.yaml')):
        done = doctor('--root', root)
        assert done.returncode == 2 and not done.stdout and root in done.stderr, done


def main():
    cases = [recorded_trees_give_what_is_written, a_machine_made_ready_for_dpdk_has_nothing_to_mend,
             a_driver_that_dpdk_works_beside_is_not_to_be_given_away,
             nothing_that_cannot_be_read_is_told_as_well, every_problem_says_what_mends_it,
             commands_are_whole_lines_of_a_shell, a_command_wrapped_for_a_terminal_is_the_same_command,
             lines_fit_the_terminal, a_hostile_tree_steers_nothing_and_leads_nowhere,
             a_pipe_or_a_long_file_in_a_tree_keeps_nobody_waiting,
             this_machine_is_told_in_the_same_form, the_loopback_of_this_machine_can_be_asked_about,
             a_root_that_is_none_is_wrong_usage]
    return tap.run(cases)


if __name__ == '__main__':
    sys.exit(main())
