#!/usr/bin/env python3
"""However a capture is read, it is the same: 200 captures of the corpus, each in many ways.

    readings.py PORTOLAN CORPUS [COUNT]

CORPUS holds captures and a manifest.csv (repo, path), of which COUNT are chosen, spread evenly.
Each is read as a file by one worker, then as it comes from a pipe, as pcapng (or, where it is
one, as pcap), split into two and three files, by up to eight workers, and compressed. The digest of
--stats, which is of all flow records, is the same each time, and so are the frames. Some are read by
a sensor through DPDK's net_pcap, too, where it was built with that: there the clock is the
machine's, so only captures count that are over before any flow could time out. The last line is
`N passed, N failed`.
"""
import csv
import gzip
import json
import lzma
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
COUNT, COUNT_LIVE = 200, 12
SITE = ('appliances:\n'
        '  - {name: any, role: managed-device, addresses: ["0.0.0.0/0", "::/0"]}\n')
SECOND = 1_000_000_000
BRIEF = 4 * SECOND  # a closed connection is over after five

ENVIRONMENT = {'PORTOLAN_CONFIGS': str(HERE.parent.parent / 'configs'), **os.environ}

# --- captures -------------------------------------------------------------------------------


def chosen(corpus, count):
    with open(os.path.join(corpus, 'manifest.csv'), newline='') as f:
        names = [os.path.join(row['repo'].replace('/', '+'), row['path']) for row in csv.DictReader(f)]
    names = [n for n in names if os.path.getsize(os.path.join(corpus, n)) < 1 << 20]
    return [names[i * len(names) // count] for i in range(min(count, len(names)))]


def read_pcap(raw):
    """(link type, [(ns, bytes, length on the wire)]), or None of what is no whole pcap"""
    kinds = {b'\xd4\xc3\xb2\xa1': ('<', 1000), b'\x4d\x3c\xb2\xa1': ('<', 1),
             b'\xa1\xb2\xc3\xd4': ('>', 1000), b'\xa1\xb2\x3c\x4d': ('>', 1)}
    if raw[:4] not in kinds or len(raw) < 24:
        return None
    order, unit = kinds[raw[:4]]
    link, = struct.unpack_from(order + 'I', raw, 20)
    frames, at = [], 24
    while at + 16 <= len(raw):
        seconds, fraction, kept, length = struct.unpack_from(order + '4I', raw, at)
        if at + 16 + kept > len(raw) or kept > 262144 or fraction * unit >= SECOND:
            return None
        frames.append((seconds * SECOND + fraction * unit, raw[at + 16:at + 16 + kept], length))
        at += 16 + kept
    return (link, frames) if at == len(raw) else None


def resolution(options, order):
    """ticks of a second, by if_tsresol"""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + 'HH', options, at)
        if code == 9 and length == 1:
            value = options[at + 4]
            return 2 ** (value & 0x7F) if value & 0x80 else 10 ** value
        if code == 0:
            break
        at += 4 + (length + 3) // 4 * 4
    return 10 ** 6


def read_pcapng(raw):
    """The same of a file with one section, one interface and enhanced packet blocks; else None."""
    order = '<' if raw[8:12] == b'\x4d\x3c\x2b\x1a' else '>'
    link, ticks, frames, at = None, 10 ** 6, [], 0
    while at + 12 <= len(raw):
        kind, size = struct.unpack_from(order + 'II', raw, at)
        body = raw[at + 8:at + size - 4]
        if size % 4 or size < 12 or at + size > len(raw) or (kind == 0x0A0D0D0A and at) or kind in (2, 3):
            return None
        if kind == 1:
            if link is not None:
                return None
            link, = struct.unpack_from(order + 'H', body)
            ticks = resolution(body[8:], order)
        elif kind == 6:
            _, high, low, kept, length = struct.unpack_from(order + '5I', body)
            frames.append(((high << 32 | low) * SECOND // ticks, body[20:20 + kept], length))
        at += size
    return (link, frames) if link is not None and at == len(raw) else None


def pcap(link, frames):
    return b''.join([struct.pack('<IHHiIII', 0xA1B23C4D, 2, 4, 0, 0, 262144, link)] + [
        struct.pack('<4I', ns // SECOND, ns % SECOND, len(data), length) + data
        for ns, data, length in frames])


def block(kind, body):
    body += b'\0' * (-len(body) % 4)
    size = struct.pack('<I', 12 + len(body))
    return struct.pack('<I', kind) + size + body + size


def pcapng(link, frames):
    nanoseconds = struct.pack('<HHB3xHH', 9, 1, 9, 0, 0)
    return b''.join([
        block(0x0A0D0D0A, struct.pack('<IHHq', 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack('<HHI', link & 0xFFFF, 0, 262144) + nanoseconds)] + [
        block(6, struct.pack('<5I', 0, ns >> 32, ns & 0xFFFFFFFF, len(data), length) + data)
        for ns, data, length in frames])


# --- readings -------------------------------------------------------------------------------


class Reader:
    def __init__(self, portolan, folder, site=None, more=()):
        self.portolan, self.folder, self.more = portolan, folder, more
        self.site, self.stats = site or folder / 'site.yaml', folder / 'stats.json'
        if not site:
            self.site.write_text(SITE)

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def read(self, files, workers=1, stdin=None):
        """what has to be the same"""
        self.stats.unlink(missing_ok=True)
        done = subprocess.run(
            [self.portolan, 'replay', '--site', self.site, '--stats', self.stats, '--workers',
             str(workers), *self.more, *files], capture_output=True, input=stdin, timeout=120, env=ENVIRONMENT,
            check=False)
        if not self.stats.exists():
            return f'status {done.returncode}: {done.stderr.decode(errors="replace")[-200:]}'
        return self.told()

    def told(self):
        stats = json.loads(self.stats.read_text())
        if stats['flows']['ended'].get('evicted'):
            return None
        return stats['digest'], stats['frames']['received'], stats['frames']['bytes']

    def read_live(self, capture):
        """by a sensor through net_pcap; None where it was built without"""
        site = self.folder / 'live.yaml'
        site.write_text(SITE + 'capture:\n  source: dpdk\n  dpdk: {devices: ["net_pcap0,rx_pcap='
                        f'{capture}"]}}\noutputs: {{control: {{socket: {self.folder}/s}}}}\n')
        self.stats.unlink(missing_ok=True)
        done = subprocess.run([self.portolan, 'run', '--site', site, '--duration', '1s', '--stats',
                               self.stats], capture_output=True, timeout=60, env=ENVIRONMENT, check=False)
        if b'built without' in done.stderr:
            return None
        return self.told() if self.stats.exists() else done.stderr.decode(errors='replace')[-200:]


def packed(raw, way):
    if way == 0:
        return gzip.compress(raw, 1)
    if way == 1 or not shutil.which('zstd'):
        return lzma.compress(raw, preset=0)
    return subprocess.run(['zstd', '-q', '-1', '-c'], input=raw, capture_output=True, check=True).stdout


def split(link, frames, parts):
    cuts = [len(frames) * i // parts for i in range(parts + 1)]
    return [pcap(link, frames[a:b]) for a, b in zip(cuts, cuts[1:])]


def readings(reader, raw, number):
    """(how, result); `number` turns what is not tried of every capture"""
    yield 'from a pipe', reader.read(['-'], 2 + number % 2, raw)
    yield 'compressed', reader.read([reader.write('x', packed(raw, number % 3))], 4)
    yield '8 workers', reader.read([reader.write('x', raw)], 8)
    parsed = read_pcapng(raw) if raw[:4] == b'\x0a\x0d\x0d\x0a' else read_pcap(raw)
    if parsed is None or len(parsed[1]) < 3:
        return
    other = pcap if raw[:4] == b'\x0a\x0d\x0d\x0a' else pcapng
    yield other.__name__, reader.read([reader.write('x', other(*parsed))], 5 + number % 3)
    for parts in (2, 3):
        files = [reader.write(f'x{i}', data) for i, data in enumerate(split(*parsed, parts))]
        yield f'split in {parts}', reader.read(files, parts - 1)


def differences(portolan, raw, number, site=None, more=()):
    """(readings, what differs)"""
    with tempfile.TemporaryDirectory(dir='/dev/shm' if os.path.isdir('/dev/shm') else None) as d:
        reader = Reader(portolan, pathlib.Path(d), site, more)
        plain = reader.read([reader.write('plain', raw)])
        if plain is None or isinstance(plain, str):
            return 0, []  # too many flows, or not readable: run_corpus.py says so of both
        results = list(readings(reader, raw, number))
        return len(results), [f'{how}: {result}, as a file {plain}' for how, result in results
                              if result is not None and result != plain]


def try_capture(job):
    portolan, path, number = job
    return differences(portolan, pathlib.Path(path).read_bytes(), number)


def is_brief(parsed):
    times = [ns for ns, _, _ in parsed[1]]
    return parsed[0] == 1 and times == sorted(times) and times[-1] - times[0] < BRIEF and \
        all(len(data) == length for _, data, length in parsed[1])


def try_live(job):
    """What differs as a list, or None of what cannot be compared or without DPDK"""
    portolan, path = job
    with tempfile.TemporaryDirectory() as d:
        reader = Reader(portolan, pathlib.Path(d))
        capture = reader.write('plain.pcap', pathlib.Path(path).read_bytes())
        plain, live = reader.read([capture]), reader.read_live(capture)
    if live is None:
        return None
    return [] if live == plain else [f'{path}: net_pcap: {live}, as a file {plain}']


def for_live(paths):
    """The first ones that can be compared"""
    found = []
    for path in paths:
        parsed = read_pcap(pathlib.Path(path).read_bytes())
        if parsed and parsed[1] and is_brief(parsed):
            found.append(path)
        if len(found) == COUNT_LIVE:
            break
    return found


def main():
    portolan, corpus = os.path.abspath(sys.argv[1]), sys.argv[2]
    names = chosen(corpus, int(sys.argv[3]) if len(sys.argv) > 3 else COUNT)
    paths = [os.path.join(corpus, name) for name in names]
    jobs = [(portolan, path, i) for i, path in enumerate(paths)]
    failed = total = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (count, wrong) in zip(names, pool.map(try_capture, jobs)):
            total += count
            failed += bool(wrong)
            for line in wrong:
                print(f'FAILED: {name}: {line}')
        lives = [x for x in pool.map(try_live, [(portolan, p) for p in for_live(paths)]) if x is not None]
    wrong = [line for differences in lives for line in differences]
    for line in wrong:
        print(f'FAILED: {line}')
    print(f'{len(names)} captures, {total} readings beside the plain ones, {len(lives)} through net_pcap')
    skipped = '' if lives else ', 1 skipped'
    print(f'{len(names) + len(lives) - failed - len(wrong)} passed, {failed + len(wrong)} failed{skipped}')
    return 1 if failed or wrong else 0


if __name__ == '__main__':
    sys.exit(main())
