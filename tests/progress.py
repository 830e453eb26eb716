#!/usr/bin/env python3
"""Runs one step of `make` and says which, how far it is, and how long it took.

    progress.py STEP WHAT COMMAND...

STEP stands before what is told ("[2/6]"); WHAT says what is done, and how long that takes. How far it
is comes from the lines with `[3/120]` that ninja writes: on a terminal one line that is drawn anew,
elsewhere a line for every fifth, and one a minute where nothing is known. Other lines are passed on.
NO_COLOR and TERM=dumb mean what they usually do. The exit status is the command's.
"""
import os
import re
import selectors
import subprocess
import sys
import time

FAR = re.compile(r'^\[(\d+)/(\d+)\]')
NOTHING = ('ninja: no work to do.', 'ninja: Entering directory')


def is_terminal():
    return sys.stdout.isatty() and os.environ.get('TERM') != 'dumb'


def elapsed(seconds):
    return f'{seconds:.0f} s' if seconds < 60 else f'{seconds // 60:.0f} min {seconds % 60:.0f} s'


class Progress:
    def __init__(self, step, what):
        self.step = f'{step} ' if step else ''
        self.start = self.told_at = time.monotonic()
        self.done, self.total, self.told, self.is_drawn = 0, 0, 0, False
        self.terminal = is_terminal()
        bold = self.terminal and not os.environ.get('NO_COLOR')
        print(f'\033[1m{step}\033[0m {what}'.lstrip() if bold else f'{self.step}{what}', flush=True)

    def percent(self):
        return 100 * self.done // self.total if self.total else 0

    def take(self, line):
        """a line of the command's"""
        far = FAR.match(line)
        if far:
            self.done, self.total = int(far[1]), max(int(far[2]), 1)
        elif not line.startswith(NOTHING):
            self.clear()
            print(line, flush=True)

    def show(self):
        """how far, now"""
        now = time.monotonic()
        far = f'{self.percent()} %, ' if self.total else ''
        if self.terminal:
            print(f'\r\033[K{self.step}{far}{elapsed(now - self.start)}', end='', flush=True)
            self.is_drawn = True
        elif self.percent() // 20 > self.told or now - self.told_at >= 60:
            if self.percent() < 100:
                print(f'{self.step}{far}{elapsed(now - self.start)}', flush=True)
            self.told, self.told_at = self.percent() // 20, now

    def clear(self):
        if self.is_drawn:
            print('\r\033[K', end='', flush=True)
        self.is_drawn = False

    def end(self, status):
        self.clear()
        took = time.monotonic() - self.start
        how = 'done' if status == 0 else f'failed with status {status}'
        if status or took >= 1:
            print(f'{self.step}{how} after {elapsed(took)}', flush=True)


def lines_of(child):
    """Its lines, and None once a second."""
    rest, selector = b'', selectors.DefaultSelector()
    selector.register(child.stdout, selectors.EVENT_READ)
    while True:
        if not selector.select(1):
            yield None
            continue
        read = os.read(child.stdout.fileno(), 65536)
        *lines, rest = (rest + read).split(b'\n')
        yield from (line.decode(errors='replace') for line in lines)
        if not read:
            break
    if rest:
        yield rest.decode(errors='replace')


def main():
    step, what, *command = sys.argv[1:]
    progress = Progress(step, what)
    try:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env={**os.environ, 'NINJA_STATUS': '[%f/%t] '})
    except OSError as error:
        print(f'{progress.step}{command[0]}: {error.strerror}')
        return 1
    for line in lines_of(child):
        if line is not None:
            progress.take(line)
        progress.show()
    status = child.wait()
    progress.end(status)
    return status if status >= 0 else 128 - status


if __name__ == '__main__':
    sys.exit(main())
