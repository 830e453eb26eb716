#!/usr/bin/env python3
"""What `make demo` and `make test` say while they install and build: short, and never silent.

apt-get, dpkg-query and the command of a step are made up; a terminal is a pseudo one.
"""
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import tap

TESTS = Path(__file__).resolve().parent.parent
NINJA = 'print("ninja: Entering directory `x")\nfor n in range(1, 301):\n    print(f"[{n}/300] cc x{n}.o", flush=True)\n'
DPKG = '#!/bin/sh\ncase "$3" in there*) echo "install ok installed" ;; *) exit 1 ;; esac\n'
APT = '''#!/bin/sh
[ "$1" = update ] && exit 0
echo "Reading package lists..."
for n in 1 10 21 22 55 99; do echo "dlstatus:1:$n.5:Retrieving"; done
for n in 1 40 41 80; do echo "pmstatus:x:$n.0:Unpacking x"; done
exit STATUS
'''


def step(*command, **env):
    return subprocess.run([sys.executable, TESTS / 'progress.py', '[2/6]', 'building', *command],
                          capture_output=True, text=True, check=False, env={**os.environ, **env})


def on_a_terminal(*command, **env):
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, TESTS / 'progress.py', '[2/6]', 'building', *command],
                          stdout=theirs, stderr=theirs, env={**os.environ, 'TERM': 'xterm', **env}):
        os.close(theirs)
        said = b''
        try:
            while read := os.read(ours, 65536):
                said += read
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return said.decode()


def packages(*names, status=0, step='[1/6]'):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {'dpkg-query': DPKG, 'apt-get': APT.replace('STATUS', str(status)),
                           'sudo': '#!/bin/sh\nexec "$@"\n'}.items():
            (Path(folder) / name).write_text(text)
            (Path(folder) / name).chmod(0o755)
        return subprocess.run(['sh', TESTS / 'packages.sh', step, *names], capture_output=True,
                              text=True, check=False,
                              env={**os.environ, 'PATH': f"{folder}:{os.environ['PATH']}"})


def a_build_is_told_in_fifths():
    done = step(sys.executable, '-c', NINJA)
    assert done.returncode == 0 and not done.stderr, done
    lines = done.stdout.splitlines()
    assert lines[0] == '[2/6] building', lines
    assert re.findall(r'^\[2/6\] (\d+) %', done.stdout, re.M) == ['20', '40', '60', '80'], lines
    assert len(lines) <= 6 and '\033' not in done.stdout, lines


def a_failed_step_says_so_with_what_was_said():
    done = step('sh', '-c', 'echo "[1/2] cc a.o"; echo "a.c:1: error" >&2; exit 3')
    assert done.returncode == 3, done
    assert 'a.c:1: error\n' in done.stdout and 'failed with status 3' in done.stdout, done.stdout


def a_step_that_is_killed_or_is_not_there_fails():
    assert step('sh', '-c', 'kill -9 $$').returncode == 137
    done = step('/nonexistent/ninja')
    assert done.returncode == 1 and 'No such file' in done.stdout, done


def nothing_to_do_is_two_words():
    assert step('echo', 'ninja: no work to do.').stdout == '[2/6] building\n'


def a_terminal_has_one_line_that_is_drawn_anew():
    said = on_a_terminal(sys.executable, '-c', NINJA, NO_COLOR='')
    assert '\r\033[K[2/6] 100 %' in said and '\033[1m[2/6]\033[0m building' in said, said[:300]
    assert said.count('\n') <= 3, said.count('\n')


def no_colour_where_none_is_wanted():
    assert '\033[1m' not in on_a_terminal('true', NO_COLOR='1')
    assert '\033' not in on_a_terminal(sys.executable, '-c', NINJA, TERM='dumb')


def packages_that_are_there_need_nobody():
    assert packages('there-1', step='').stdout == ''
    done = packages('there-1', 'there-2')
    assert done.returncode == 0 and done.stdout == '[1/6] packages: all 2 are installed\n', done


def missing_packages_are_named_and_told_in_fifths():
    done = packages('there-1', 'gcc', 'meson')
    assert done.returncode == 0, done
    assert done.stdout == ('[1/6] installing 2 of 3 packages (1 to 5 minutes): gcc meson\n'
                           '[1/6] 20 % downloaded\n[1/6] 40 % downloaded\n[1/6] 80 % downloaded\n'
                           '[1/6] 40 % installed\n[1/6] 80 % installed\n'), done.stdout


def packages_that_cannot_be_had_are_a_failure():
    done = packages('gcc', status=100)
    assert done.returncode == 100 and 'could not install' in done.stdout, done


def main():
    return tap.run([a_build_is_told_in_fifths, a_failed_step_says_so_with_what_was_said,
                    a_step_that_is_killed_or_is_not_there_fails, nothing_to_do_is_two_words,
                    a_terminal_has_one_line_that_is_drawn_anew, no_colour_where_none_is_wanted,
                    packages_that_are_there_need_nobody,
                    missing_packages_are_named_and_told_in_fifths,
                    packages_that_cannot_be_had_are_a_failure])


if __name__ == '__main__':
    sys.exit(main())
