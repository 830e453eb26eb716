#!/usr/bin/env python3
"""Who may include whom: the rooms of the tree and the edges between them.

Every header is included by its path from the top-level folder that it is in (`include/` bare), so
an include names exactly one file. MAY_INCLUDE is the list of allowed edges: a room may include
itself and what stands behind it there, nothing else. What a room does not use is not in the list.
"""
import re
import sys
from collections import Counter
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
TOPS = ('include', 'dataplane', 'control', 'bench/generate')
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
SYSTEM = re.compile(r'^\s*#\s*include\s+<([^>]+)>', re.M)
LIBC = {'assert.h', 'errno.h', 'limits.h', 'stdarg.h', 'stdatomic.h', 'stdbool.h', 'stddef.h',
        'stdint.h', 'stdio.h', 'string.h', 'strings.h', 'netinet/in.h', 'emmintrin.h'}
CALL = r'\b(malloc|calloc|realloc|free|mmap|pthread_\w+|clock_gettime|time|printf|fprintf|open|read|write)\s*\('

MAY_INCLUDE = {
    'include': [],
    # The packet path. core/big_endian.h, core/hash.h and core/mirror.h are below its rooms, the pipeline above.
    'dataplane/core/policy': ['include', 'dataplane/core/hash.h'],
    'dataplane/core/decode': ['include', 'dataplane/core/big_endian.h', 'dataplane/core/hash.h', 'dataplane/core/policy'],
    'dataplane/core/protocol': ['include'],
    'dataplane/core/service': ['include', 'dataplane/core/protocol'],
    'dataplane/core/flow': ['include', 'dataplane/core/big_endian.h', 'dataplane/core/hash.h', 'dataplane/core/mirror.h',
                            'dataplane/core/decode', 'dataplane/core/policy',
                            # What is said in clear before TLS encrypts it.
                            'dataplane/core/protocol', 'dataplane/core/service'],
    'dataplane/core': ['include', 'dataplane/core/decode', 'dataplane/core/flow'],
    'dataplane': ['include', 'dataplane/core'],
    # Where packets come from: nobody but control opens a source, by its contract.
    'dataplane/source': ['include'],
    'dataplane/source/file': ['include', 'dataplane/source'],
    'dataplane/source/live': ['include', 'dataplane/source'],
    'dataplane/source/dpdk': ['include', 'dataplane/source'],
    # Control, lower before higher.
    'control/base': ['include'],
    'control/machine': ['control/base'],
    'control/config': ['include', 'control/base'],
    'control/store': ['include', 'control/base'],
    'control/policy': ['include', 'control/base', 'control/config'],
    'control/record': ['include', 'control/base', 'control/policy'],
    'control/sink': ['include', 'control/base', 'control/config', 'control/record'],
    'control/svg': ['control/base'],
    'control/analysis': ['include', 'control/base', 'control/policy', 'control/record',
                         'control/sink'],
    'control/report': ['include', 'control/base', 'control/config', 'control/store', 'control/policy',
                       'control/sink',
                       'control/svg', 'control/analysis'],
    'control/run': ['include', 'control/base', 'control/config', 'control/store',
                    'control/policy', 'control/record', 'control/sink', 'control/analysis', 'control/report'],
    'control/serve': ['include', 'control/base', 'control/config', 'control/policy',
                      'control/record', 'control/run'],
    'control/sensor': ['include', 'control/base', 'control/config', 'control/policy',
                       'control/sink', 'control/run', 'control/serve'],
    'control/cli': ['include', 'control/base', 'control/machine', 'control/config', 'control/store', 'control/policy',
                    'control/sink', 'control/report', 'control/run', 'control/serve', 'control/sensor'],
    # The traffic generator: random numbers and tokens are below its rooms.
    'bench/generate/packet': ['include'],
    'bench/generate/payload': ['bench/generate/random.h', 'bench/generate/packet'],
    'bench/generate/exchange': ['bench/generate/random.h', 'bench/generate/packet',
                                'bench/generate/payload'],
    'bench/generate/script': ['bench/generate/random.h', 'bench/generate/tokens.h',
                              'bench/generate/packet',
                              'bench/generate/payload', 'bench/generate/exchange'],
    'bench/generate': ['bench/generate/packet', 'bench/generate/payload',
                       'bench/generate/script'],
}

# A library's headers are for the files that are about it.
LIBRARIES = {
    'rte_': 'dataplane/source/dpdk/', 'pcap': 'dataplane/source/', 'hs.h': 'dataplane/core/service/scanner.c',
    'yaml.h': 'control/config/document.c', 'cyaml/': 'control/config/schema.h',
    'gnutls/': ('control/sink/tls_client.c', 'control/analysis/certificate.c'), 'microhttpd.h': 'control/serve/http_server.c',
    'urcu': 'control/run/worker_pool.c', 'seccomp.h': 'control/sensor/syscalls.c',
    'sqlite3.h': 'control/store/database.c',
    'systemd/': 'control/sensor/sd_notify.c', 'zlib.h': 'dataplane/source/file/gzip.c',
    'zstd.h': 'dataplane/source/file/zstd.c', 'lzma.h': 'dataplane/source/file/xz.c',
}


def files():
    return sorted(p for top in TOPS for p in (TREE / top).rglob('*') if p.suffix in ('.c', '.h'))


FILES = {str(p.relative_to(TREE)): p.read_text() for p in files()}


def top_of(name):
    return next(top for top in TOPS if name.startswith(top + '/'))


def room_of(name):
    return str(Path(name).parent)


def included(name):
    """the file that each include of `name` means, or None"""
    for wanted in INCLUDE.findall(FILES[name]):
        here, contract = f'{top_of(name)}/{wanted}', f'include/{wanted}'
        yield wanted, here if here in FILES else contract if contract in FILES else None


def every_include_names_a_file_from_its_top_level_folder():
    return [f'{name}: {wanted}' for name in FILES for wanted, file in included(name) if not file]


def every_edge_is_in_the_list():
    wrong = []
    for name in FILES:
        allowed = MAY_INCLUDE.get(room_of(name), [])
        for _, file in included(name):
            if file and room_of(file) != room_of(name) and file not in allowed and \
                    room_of(file) not in allowed:
                wrong.append(f'{name}: {file}')
    return wrong


def every_edge_in_the_list_is_used():
    used = {(room_of(name), edge) for name in FILES for _, file in included(name) if file
            for edge in (file, room_of(file))}
    return [f'{room} -> {edge}' for room, edges in MAY_INCLUDE.items() for edge in edges
            if (room, edge) not in used]


def lower_rooms_never_include_higher_ones():
    order = list(MAY_INCLUDE)
    return [f'{room} -> {edge}' for room, edges in MAY_INCLUDE.items() for edge in edges
            if edge in order and order.index(edge) > order.index(room)]


def contracts_need_libc_only():
    return [f'{name}: {i}' for name in FILES if room_of(name) == 'include'
            for i in SYSTEM.findall(FILES[name]) if i not in LIBC]


def the_core_needs_libc_only():
    return [f'{name}: {i}' for name in FILES if name.startswith('dataplane/core/')
            for i in SYSTEM.findall(FILES[name])
            if i not in LIBC - {'stdio.h'} and not name.endswith(LIBRARIES.get(i, ' '))]


def the_core_allocates_nothing_and_calls_nobody():
    found = []
    for name in FILES:
        if not name.startswith('dataplane/core/'):
            continue
        code = re.sub(r'/\*.*?\*/|//[^\n]*|"[^"\n]*"', '', FILES[name], flags=re.S)
        found += [f'{name}: {m[1]}' for m in re.finditer(CALL, code)]
    return found


def a_library_is_included_by_the_files_about_it():
    return [f'{name}: {i}' for name in FILES for i in SYSTEM.findall(FILES[name])
            for start, place in LIBRARIES.items() if i.startswith(start) and
            not name.startswith(place)]


def no_file_name_is_there_twice():
    names = Counter(Path(name).name for name in FILES)
    return [f'{name}: {n} times' for name, n in names.items() if n > 1]


def no_type_name_is_there_twice():
    defined = Counter()
    for name, text in FILES.items():
        group = 'generate' if name.startswith('bench/') else 'portolan'
        for kind, type_name in re.findall(r'^(struct|enum|union) (\w+) \{', text, re.M):
            defined[group, kind, type_name] += 1
    return [f'{kind} {name}: {n} times' for (_, kind, name), n in defined.items() if n > 1]


def every_header_is_guarded_by_its_name():
    wrong = []
    for name in FILES:
        guard = re.sub(r'[^A-Z0-9]', '_', Path(name).stem.upper()) + '_H'
        if name.endswith('.h') and not re.search(rf'^#ifndef (PORTOLAN|GENERATE)_{guard}$',
                                                 FILES[name], re.M):
            wrong.append(name)
    return wrong


def main():
    tests = [every_include_names_a_file_from_its_top_level_folder, every_edge_is_in_the_list,
             every_edge_in_the_list_is_used, lower_rooms_never_include_higher_ones,
             contracts_need_libc_only, the_core_needs_libc_only,
             the_core_allocates_nothing_and_calls_nobody,
             a_library_is_included_by_the_files_about_it, no_file_name_is_there_twice,
             no_type_name_is_there_twice, every_header_is_guarded_by_its_name]
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        wrong = test()
        print(f"{'not ok' if wrong else 'ok'} {number} - {test.__name__.replace('_', ' ')}")
        for line in wrong:
            print('#', line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
