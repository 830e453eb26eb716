"""A gate: something that must hold of the tree, told in one line and counted."""
import sys
import time


class Skip(Exception):
    """What a gate needs is not there; why is its text."""


class Failed(Exception):
    """What a gate has found is its text."""


def run(gates):
    """Runs each gate, a function whose name says what it is; the process's exit status."""
    count = {'ok': 0, 'FAILED': 0, 'skipped': 0}
    for gate in gates:
        began, why, end = time.monotonic(), '', 'ok'
        try:
            gate()
        except Skip as reason:
            end, why = 'skipped', f': {reason}'
        except Failed as reason:
            end, why = 'FAILED', f'\n{reason}'
        count[end] += 1
        name = gate.__name__.replace('_', ' ')
        print(f'{end}: {name} ({time.monotonic() - began:.0f} s){why}', flush=True)
    line = f"{count['ok']} passed, {count['FAILED']} failed"
    print(line + (f", {count['skipped']} skipped" if count['skipped'] else ''))
    return 1 if count['FAILED'] else 0
