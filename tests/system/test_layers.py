#!/usr/bin/env python3
"""Who may include whom: the rooms of the house, as far as the build does not enforce them."""
import re
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
LIBC = {'assert.h', 'errno.h', 'limits.h', 'stdarg.h', 'stdatomic.h', 'stdbool.h', 'stddef.h',
        'stdint.h', 'stdio.h', 'string.h', 'strings.h', 'netinet/in.h', 'emmintrin.h'}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
CALL = r'\b(malloc|calloc|realloc|free|mmap|pthread_\w+|clock_gettime|time|printf|fprintf|open|read|write)\s*\('


def files(folder):
    return sorted(p for p in (TREE / folder).rglob('*') if p.suffix in ('.c', '.h'))


def includes(path):
    return INCLUDE.findall(path.read_text())


def names(folder):
    return {p.name for p in files(folder) if p.suffix == '.h'}


def contracts_need_libc_only():
    allowed = LIBC | names('include')
    return [f'{p.name}: {i}' for p in files('include') for i in includes(p) if i not in allowed]


def the_core_knows_contracts_and_itself():
    allowed = LIBC - {'stdio.h'} | names('include') | names('dataplane/core')
    return [f'{p.name}: {i}' for p in files('dataplane/core') for i in includes(p)
            if i not in allowed and (p.name, i) != ('scan.c', 'hs.h')]


def the_core_allocates_nothing_and_calls_nobody():
    found = []
    for p in files('dataplane/core'):
        code = re.sub(r'/\*.*?\*/|//[^\n]*|"[^"\n]*"', '', p.read_text(), flags=re.S)
        found += [f'{p.name}: {m[1]}' for m in re.finditer(CALL, code)]
    return found


def the_core_never_sees_a_source():
    private = names('dataplane/source') | {'source.h', 'worker.h'}
    return [f'{p.name}: {i}' for p in files('dataplane/core') for i in includes(p) if i in private]


def control_never_sees_the_insides_of_the_data_plane():
    private = names('dataplane/core') | names('dataplane/source')
    private -= names('control') | names('include')
    return [f'{p.name}: {i}' for p in files('control') for i in includes(p)
            if i in private or i.startswith('core/')]


def only_its_files_know_dpdk():
    return [p.name for p in [*files('include'), *files('dataplane'), *files('control')]
            if any(i.startswith('rte_') for i in includes(p)) and not p.name.startswith('dpdk')
            and p.name != 'buffers.c']


def main():
    tests = [contracts_need_libc_only, the_core_knows_contracts_and_itself,
             the_core_allocates_nothing_and_calls_nobody, the_core_never_sees_a_source,
             control_never_sees_the_insides_of_the_data_plane, only_its_files_know_dpdk]
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        wrong = test()
        print(f"{'not ok' if wrong else 'ok'} {number} - {test.__name__.replace('_', ' ')}")
        for line in wrong:
            print('#', line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
