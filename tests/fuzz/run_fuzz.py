#!/usr/bin/env python3
"""An ordinary run of one fuzz target, as TAP: its corpus is read, then it looks for new inputs.

    run_fuzz.py TARGET FOUND SECONDS

What the corpus of the tree reaches is printed, and has to be nine tenths of what coverage.csv says:
compilers differ, but a target that has gone blind, or a corpus that no longer opens what it opened,
falls below. Two sizes of bursts are compared for the corpus alone: what a few seconds find by that
is not the same every time, and is for `make fuzz`. New inputs go to the folder FOUND, those that end the target to FOUND-crashes.
"""
import pathlib
import sys

from libfuzzer import Run, corpus_of, floors, name_of

FLOOR = 0.9
LINES = 60


def reads_its_corpus(target):
    name = name_of(target)
    run = Run(target, [corpus_of(name)], '-runs=0')
    known = floors().get(name)
    floor = round(FLOOR * known) if known is not None else None
    well = run.status == 0 and floor is not None and run.edges >= floor
    says = f'the corpus reaches {run.edges} edges, the floor is {floor}'
    return well, says if known is not None else f'{says}: {name} is not in coverage.csv', run


def finds_nothing(target, found, seconds):
    found.mkdir(parents=True, exist_ok=True)
    crashes = found.with_name(found.name + '-crashes')
    crashes.mkdir(exist_ok=True)
    run = Run(target, [found, corpus_of(name_of(target))], f'-max_total_time={seconds}',
              f'-artifact_prefix={crashes}/', bursts=False)
    well = run.status == 0 and run.executions > 0
    return well, f'{run.executions} inputs end with {run.edges} edges', run


def main():
    target, found, seconds = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    print('1..2')
    failed = 0
    for number, (well, says, run) in enumerate(
            (reads_its_corpus(target), finds_nothing(target, found, seconds)), 1):
        print('ok' if well else 'not ok', number, '-', f'{name_of(target)}: {says}', flush=True)
        if not well:
            failed += 1
            for line in [run.finding() or 'nothing was found'] + run.output.split('\n')[-LINES:]:
                print('#', line)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
