"""What libFuzzer's targets of a build are, how one is started, and what it says of itself."""
import csv
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
EDGES = re.compile(r'\bcov: (\d+)')
EXECUTIONS = re.compile(r'stat::number_of_executed_units:\s*(\d+)')
# What is found: of sanitizers, of checks in the harness, of libFuzzer itself.
FINDING = re.compile(r'^(?:==\d+==\s*ERROR: .*|.*: runtime error: .*)$', re.M)

# libFuzzer's schedule by entropy counts every feature of every run: with the core's ten thousands it
# takes two thirds of the time. What one input frees fits in a small quarantine; with the usual 256 MB
# a validator's memory is never twice the same, and every page a fault (59,000 against 106,000 a second).
OPTIONS = ['-entropic=0', '-print_final_stats=1', '-error_exitcode=1']
ENVIRONMENT = {
    'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:'
                    'malloc_context_size=4:quarantine_size_mb=4',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
}
# A validator sees no more of what one side says.
MAX_LENGTH = {'validate_': 600}


def floors():
    """The edges that each target's corpus has been seen to reach."""
    with open(HERE / 'coverage.csv', newline='', encoding='ascii') as table:
        return {row['target']: int(row['edges']) for row in csv.DictReader(table)}


def name_of(target):
    return pathlib.Path(target).name.removeprefix('fuzz_')


def corpus_of(name):
    return HERE / 'corpus' / name


class Run:
    """One run of a target: edges at the start and at the end, executions, what was found."""

    def __init__(self, target, folders, *options, bursts=True):
        name = name_of(target)
        options += tuple(f'-max_len={n}' for start, n in MAX_LENGTH.items() if name.startswith(start))
        env = dict(os.environ, **ENVIRONMENT)
        if bursts: # fuzz_core and fuzz_services compare two sizes of bursts
            env['FUZZ_BURSTS'] = '1'
        done = subprocess.run([target, *OPTIONS, *options, *map(str, folders)],
                              env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.output = done.stdout.decode('utf-8', 'replace')
        self.status = done.returncode
        edges = [int(n) for n in EDGES.findall(self.output)]
        executions = EXECUTIONS.findall(self.output)
        self.edges = edges[-1] if edges else 0
        self.executions = int(executions[-1]) if executions else 0

    def finding(self):
        """The line that says what was found, or None."""
        if self.status == 0:
            return None
        found = FINDING.search(self.output)
        return found[0].strip() if found else f'it ended with status {self.status}'
