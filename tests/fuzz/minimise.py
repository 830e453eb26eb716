#!/usr/bin/env python3
"""Takes what `make fuzz` found into the corpora of the tree, as few and small inputs as reach the same.

    minimise.py BUILD [TARGET...] [--from FOLDER]

A file that somebody gave a name stays: it is there for its own sake, such as what once ended a
target. The others, named by their hash, are chosen anew from themselves and from FOLDER (build/fuzz).
coverage.csv then says what each corpus reaches; run_fuzz.py holds it.
"""
import argparse
import csv
import pathlib
import re
import shutil
import sys
import tempfile

from campaign import KEPT, paths_of
from libfuzzer import HERE, Run, corpus_of, floors, name_of

CHOSEN = re.compile(r'[0-9a-f]{40}')
# An input above this is not worth its place, whatever it reaches.
BYTES_MAX = 8192
# Streams of packets are long, and how often they reach what they reach is different for each: of
# these only edges count, or their corpora would have 14 MB.
BY_EDGES = ('core', 'services')


def minimise(target, found):
    """The edges that the corpus reaches afterwards."""
    corpus = corpus_of(name_of(target))
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        candidates = pathlib.Path(folder)
        for path in [p for p in corpus.iterdir() if CHOSEN.fullmatch(p.name)]:
            shutil.move(path, candidates / path.name)
        for path in found.iterdir() if found.is_dir() else []:
            if path.stat().st_size <= BYTES_MAX:
                shutil.copy(path, candidates / path.name)
        counted = ['-use_counters=0', '-use_cmp=0'] if name_of(target) in BY_EDGES else []
        merge = Run(target, [corpus, candidates], '-merge=1', *counted, bursts=False)
    if merge.status != 0:
        print(f'{name_of(target)}: {merge.finding()}')
    return Run(target, [corpus], '-runs=0').edges


def write_floors(edges):
    with open(HERE / 'coverage.csv', 'w', newline='', encoding='ascii') as table:
        writer = csv.writer(table, lineterminator='\n')
        writer.writerow(['target', 'edges'])
        writer.writerows(sorted(edges.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('targets', nargs='*')
    parser.add_argument('--from', dest='folder', type=pathlib.Path, default=KEPT)
    options = parser.parse_intermixed_args()
    edges = floors()
    for target in paths_of(options.build, options.targets):
        name = name_of(target)
        edges[name] = minimise(target, options.folder / name)
        files = [p.stat().st_size for p in corpus_of(name).iterdir()]
        print(f'{name}: {len(files)} inputs, {sum(files)} bytes, {edges[name]} edges', flush=True)
        write_floors(edges)
    return 0


if __name__ == '__main__':
    sys.exit(main())
