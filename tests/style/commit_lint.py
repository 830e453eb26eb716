#!/usr/bin/env python3
"""Holds commit messages against how this project writes them.

    commit_lint.py [BASE]

A title of at most 72 characters, `area: do this` without a full stop, then an empty line and a
body that says why; a trivial commit may do without the body. Looks at what lies between BASE and
HEAD, merges aside. The exit status is 1 if a message is wrong, 77 if the history is not there.
"""
import pathlib
import re
import subprocess
import sys

# The last commit before this lint: older titles are longer and stay as they are.
BASE = '13942b93c5083efbbf22f176785d40977d503da9'
TITLE_MAX = 72
TRIVIAL_LINES = 6
AREA = r'[a-z.][\w./*-]*( [\w./*-]+)?'
TITLE = re.compile(rf'{AREA}(, {AREA})*: \S.*[^.\s]')
TREE = pathlib.Path(__file__).resolve().parent.parent.parent


def git(*arguments):
    return subprocess.run(['git', '-C', str(TREE), *arguments], capture_output=True, text=True,
                          check=False)


def lines_changed(commit):
    total = 0
    for row in git('show', '--numstat', '--format=', commit).stdout.splitlines():
        added, removed = row.split('\t')[:2]
        total += TRIVIAL_LINES if added == '-' else int(added) + int(removed)
    return total


def faults(message, changed):
    """What is wrong with a message of a commit that changes so many lines."""
    title, *rest = message.rstrip('\n').split('\n')
    if len(title) > TITLE_MAX:
        yield f'the title has {len(title)} characters, not at most {TITLE_MAX}'
    if not TITLE.fullmatch(title):
        yield 'the title is not `area: do this`'
    if rest and rest[0]:
        yield 'the line after the title is not empty'
    if not any(rest) and changed() > TRIVIAL_LINES:
        yield 'no body says why'


def main():
    base = sys.argv[1] if len(sys.argv) > 1 else BASE
    if git('merge-base', '--is-ancestor', base, 'HEAD').returncode != 0:
        print(f'{base[:7]} is not in the history that is here')
        return 77
    commits = git('rev-list', '--no-merges', f'{base}..HEAD').stdout.split()
    wrong = 0
    for commit in commits:
        message = git('show', '-s', '--format=%B', commit).stdout
        for fault in faults(message, lambda: lines_changed(commit)):
            wrong += 1
            print(f"{commit[:7]} {message.splitlines()[0]}: {fault}")
    print(f'{len(commits)} commits, {wrong} faults')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
