#!/usr/bin/env python3
"""Runs the tests of one or more build directories and counts their cases.

    run.py [--first-step N --steps M] BUILD...

With --steps, each directory is a step of as many of `make`, and said so. The last line is `N passed, N failed`, with `, N skipped` where there are any; the exit
status is 1 if a case failed or none ran.
"""
import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET


def run(build):
    """passed, failed, skipped cases of one build directory"""
    report = os.path.join(build, 'meson-logs', 'testlog.junit.xml')
    if os.path.exists(report):
        os.unlink(report)
    env = dict(os.environ,
               ASAN_OPTIONS='detect_leaks=1:abort_on_error=0:allocator_may_return_null=1',
               UBSAN_OPTIONS='print_stacktrace=1:halt_on_error=1')
    status = subprocess.run(['meson', 'test', '-C', build, '--no-rebuild', '--print-errorlogs'],
                            env=env, check=False).returncode
    passed, failed, skipped = [], [], []
    if os.path.exists(report):
        for suite in ET.parse(report).getroot().iter('testsuite'):
            for case in suite.iter('testcase'):
                name = f"{build}: {suite.get('name')}: {case.get('name')}"
                if case.find('failure') is not None or case.find('error') is not None:
                    failed.append(name)
                elif case.find('skipped') is not None:
                    skipped.append(name)
                else:
                    passed.append(name)
    if status != 0 and not failed:
        failed.append(f'{build}: meson test ended with status {status}')
    return passed, failed, skipped


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--first-step', type=int, default=1)
    options.add_argument('--steps', type=int, default=0)
    options.add_argument('build', nargs='+')
    asked = options.parse_args()
    passed, failed, skipped = [], [], []
    for number, build in enumerate(asked.build, asked.first_step):
        step, start = f'[{number}/{asked.steps}]' if asked.steps else '---', time.monotonic()
        print(f'{step} testing {build} (5 to 20 minutes)', flush=True)
        for total, part in zip((passed, failed, skipped), run(build)):
            total += part
        print(f'{step} done after {(time.monotonic() - start) / 60:.0f} min', flush=True)
    for name in passed:
        if 'the corpus reaches' in name:
            print('covered:', name.split(': ', 1)[1])
    for name in skipped:
        print('skipped:', name)
    for name in failed:
        print('FAILED:', name)
    line = f'{len(passed)} passed, {len(failed)} failed'
    print(line + (f', {len(skipped)} skipped' if skipped else ''))
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
