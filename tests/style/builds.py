#!/usr/bin/env python3
"""The gates that build: what anybody gets who gives meson no option, and the other scanner.

    builds.py FOLDER VECTORSCAN

FOLDER gets a directory for each build; VECTORSCAN is where `make packages-vectorscan` unpacked it.
The builds have -Dwerror=true. The last line is `N passed, N failed`, with `, N skipped` where there
are any.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import gates

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER, VECTORSCAN = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
OUTPUT_LINES = 40


def run(*command, env=None):
    done = subprocess.run(command, cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, env=dict(os.environ, **(env or {})))
    if done.returncode != 0:
        lines = done.stdout.rstrip().split('\n')
        errors = [at for at, line in enumerate(lines) if 'error:' in line]
        start = errors[0] if errors else max(0, len(lines) - OUTPUT_LINES)
        raise gates.Failed('\n'.join(lines[start:start + OUTPUT_LINES]))
    return done.stdout


def build(name, compiler, *options, env=None):
    """A directory made by meson with these options, and built."""
    if not shutil.which(compiler):
        raise gates.Skip(f'there is no {compiler}')
    directory = FOLDER / name
    if not (directory / 'build.ninja').exists():
        shutil.rmtree(directory, ignore_errors=True)
        run('meson', 'setup', str(directory), '-Dwerror=true', *options,
            env=dict(env or {}, CC=compiler))
    run('ninja', '-C', str(directory))
    return directory


def the_plain_gcc_build():
    build('gcc', 'gcc')


def instructions_without_link_time_optimisation():
    directory = build('gcc', 'gcc')
    told = run('python3', 'tests/system/test_instructions.py',
               str(directory / 'control' / 'portolan'),
               str(directory / 'bench' / 'generate' / 'portolan-generate'))
    if 'not ok' in told:
        raise gates.Failed(told)


def the_plain_clang_build():
    if os.environ.get('PORTOLAN_CLANG_IS_BUILT'):
        raise gates.Skip('the builds with sanitizers are clang\'s')
    build('clang', 'clang')


def unit_and_golden_tests_with_vectorscan():
    described = list(VECTORSCAN.glob('usr/lib/*/pkgconfig/libhs.pc'))
    if not described:
        raise gates.Skip('Vectorscan cannot be had')
    env = {'PKG_CONFIG_PATH': str(described[0].parent),
           'LD_LIBRARY_PATH': str(described[0].parent.parent)}
    directory = build('vectorscan-build', 'gcc', '-Dscanner=vectorscan', '-Dtests=enabled', env=env)
    linked = run('ldd', str(directory / 'control' / 'portolan'), env=env)
    if str(VECTORSCAN) not in linked:
        raise gates.Failed(f'the program is not linked with Vectorscan:\n{linked}')
    for tests in ['--suite=unit'], ['golden/run_golden.py']:
        run('meson', 'test', '-C', str(directory), '--no-rebuild', '--print-errorlogs', *tests, env=env)


if __name__ == '__main__':
    sys.exit(gates.run([the_plain_gcc_build, instructions_without_link_time_optimisation,
                        the_plain_clang_build,
                        unit_and_golden_tests_with_vectorscan]))
