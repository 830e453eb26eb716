#!/usr/bin/env python3
"""Small captures with what has to come of them, that are not part of the project.

    run_cases.py PORTOLAN CASES TOOLS

TOOLS/cases.py replays each and says which do not hold; those that are wrong themselves are listed
in cases.csv with the reason, and nothing else may fail. The last line is `N passed, N failed`.
"""
import csv
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    portolan, cases, tools = sys.argv[1:4]
    run = subprocess.run([sys.executable, os.path.join(tools, 'cases.py'), portolan, cases],
                         capture_output=True, text=True, check=False)
    total = re.search(r'^\d+ of (\d+) cases hold$', run.stdout, re.M)
    if not total:
        print(f'FAILED: cases.py: {run.stderr[-300:]}\n0 passed, 1 failed')
        return 1
    with open(os.path.join(HERE, 'cases.csv'), newline='') as f:
        explained = {row['case']: row['reason'] for row in csv.DictReader(f)}
    differ = dict(line.split(': ', 1) for line in run.stdout.splitlines() if ': ' in line)
    failed = 0
    for name, what in differ.items():
        if name in explained:
            print(f'does not hold, as explained ({explained[name]}): {name}')
        else:
            failed += 1
            print(f'FAILED: {name}: {what}')
    for name in explained:
        if name not in differ and os.path.isdir(os.path.join(cases, name)):
            failed += 1
            print(f'FAILED: {name}: holds, but cases.csv explains why it would not')
    print(f'{int(total[1]) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
