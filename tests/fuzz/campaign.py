#!/usr/bin/env python3
"""All fuzz targets of a build for some hours, one after the other, as many at once as there are cores.

    campaign.py BUILD HOURS [--jobs N] [--slice SECONDS] [TARGET...]

Rounds of short slices, so that each target's turn comes however early it is stopped. Every target
begins with the corpus of the tree and what former campaigns found; what it finds is kept in
build/fuzz/NAME, what ends it in build/fuzz/crashes, its last output in build/fuzz/NAME.log. At the
end: executions, edges and findings of each target, and a line of all.
"""
import argparse
import concurrent.futures
import os
import pathlib
import sys
import time

from libfuzzer import HERE, Run, corpus_of, floors, name_of

KEPT = HERE.parent.parent / 'build' / 'fuzz'


class Target:
    def __init__(self, path):
        self.path, self.name = path, name_of(path)
        self.kept = KEPT / self.name
        self.kept.mkdir(parents=True, exist_ok=True)
        self.folders = [self.kept, *(c for c in [corpus_of(self.name)] if c.is_dir())]
        self.executions = self.edges = self.findings = 0
        self.before = None

    def turn(self, seconds):
        if self.before is None:
            self.before = Run(self.path, self.folders[1:], '-runs=0').edges
        run = Run(self.path, self.folders, f'-max_total_time={seconds}',
                  f'-artifact_prefix={KEPT}/crashes/{self.name}-')
        (KEPT / f'{self.name}.log').write_text(run.output)
        self.executions += run.executions
        self.edges = max(self.edges, run.edges)
        if run.finding():
            self.findings += 1
            print(f'{self.name}: {run.finding()}', flush=True)


def paths_of(build, wanted):
    """The targets of a build, all that coverage.csv has or those that are wanted."""
    found = [pathlib.Path(build, 'tests', f'fuzz_{name}') for name in sorted(wanted or floors())]
    return [p for p in found if os.access(p, os.X_OK)]


def report(targets):
    print(f'{"target":28} {"executions":>13} {"before":>7} {"edges":>7} {"findings":>8}')
    for t in targets:
        print(f'{t.name:28} {t.executions:13,} {t.before or 0:7} {t.edges:7} {t.findings:8}')
    print(f'{"all of them":28} {sum(t.executions for t in targets):13,} '
          f'{sum(t.before or 0 for t in targets):7} {sum(t.edges for t in targets):7} '
          f'{sum(t.findings for t in targets):8}', flush=True)


def run(targets, options):
    end = time.monotonic() + options.hours * 3600
    (KEPT / 'crashes').mkdir(parents=True, exist_ok=True)
    turns = options.hours * 3600 * options.jobs / max(1, len(targets))
    seconds = int(min(options.slice, max(1, turns)))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        while time.monotonic() < end:
            list(pool.map(lambda t: time.monotonic() < end and t.turn(seconds), targets))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('hours', type=float)
    parser.add_argument('targets', nargs='*')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--slice', type=int, default=60)
    options = parser.parse_intermixed_args()
    targets = [Target(p) for p in paths_of(options.build, options.targets)]
    if not targets:
        print(f'{options.build}: there are no fuzz targets')
        return 1
    try:
        run(targets, options)
    except KeyboardInterrupt:
        print('stopped')
    report(targets)
    return 1 if any(t.findings for t in targets) else 0


if __name__ == '__main__':
    sys.exit(main())
