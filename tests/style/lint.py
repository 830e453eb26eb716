#!/usr/bin/env python3
"""The gates that need no build: clang-format, clang-tidy, messages of commits.

    lint.py BUILD [GATE...]

BUILD is a directory that meson has set up (with clang as its compiler, so that clang-tidy knows the
flags). The last line is `N passed, N failed`, with `, N skipped` where there are any.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

import gates

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
OUTPUT_LINES = 60


def tracked(*patterns):
    out = subprocess.run(['git', 'ls-files', *patterns], cwd=TREE, capture_output=True, text=True,
                         check=False)
    if out.returncode != 0:
        raise gates.Skip('this is no git tree')
    return out.stdout.split()


def run(*command):
    """Status and output of a command in the tree."""
    try:
        done = subprocess.run(command, cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
    except FileNotFoundError:
        raise gates.Skip(f'there is no {command[0]}') from None
    return done.returncode, done.stdout


def head(text):
    return '\n'.join(text.rstrip().split('\n')[:OUTPUT_LINES])


def clang_format():
    status, output = run('clang-format', '--dry-run', '-Werror', *tracked('*.c', '*.h'))
    if status != 0:
        raise gates.Failed(head(output))


def compiled():
    """Tracked files outside tests/ that this build compiles; not what stands in for an option."""
    database = json.loads((TREE / BUILD / 'compile_commands.json').read_text())
    known = {pathlib.Path(os.path.normpath(os.path.join(c['directory'], c['file']))) for c in database}
    return [f for f in tracked('*.c') if not f.startswith('tests/') and TREE / f in known]


def clang_tidy():
    files = compiled()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda f: run('clang-tidy', '--quiet', '-p', BUILD, f), files)
        bad = [output for status, output in done if status != 0]
    if bad:
        raise gates.Failed(head('\n'.join(bad)))


def commit_messages():
    status, output = run(sys.executable, 'tests/style/commit_lint.py')
    if status == 77:
        raise gates.Skip(output.strip())
    if status != 0:
        raise gates.Failed(head(output))


GATES = [clang_format, commit_messages, clang_tidy]

if __name__ == '__main__':
    BUILD, wanted = sys.argv[1], sys.argv[2:]
    sys.exit(gates.run([g for g in GATES if not wanted or g.__name__ in wanted]))
