#!/usr/bin/env python3
"""Streams for fuzz_core and fuzz_services of what the golden cases' scripts generate.

    seeds.py PORTOLAN-GENERATE FOLDER

Each case becomes one stream, as fuzz_core.c reads it, of at most STREAM_BYTES_MAX bytes: all policies
with it, one after the other. minimise.py chooses from them.
"""
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / 'golden'
STREAM_BYTES_MAX = 8000
LINKS = {1: 0, 113: 1, 276: 2, 101: 3, 228: 3, 229: 3, 0: 4, 108: 5, 9: 6, 50: 6, 104: 7, 10: 8, 129: 9,
         242: 10, 239: 11, 192: 12, 258: 13, 149: 13}
UNIT_NS = (1, 1000, 1000000, 1000000000 // 64)


def step(ns):
    """Three bytes and the unit's number for a step of time, as near as it can be said."""
    for unit, size in enumerate(UNIT_NS):
        if abs(ns) // size < 1 << 24:
            return struct.pack('>I', abs(ns) // size)[1:], unit | (4 if ns < 0 else 0)
    return b'\xff\xff\xff', 3


def packets(capture):
    """(time, bytes, bytes on the wire) of a pcap file, and its link"""
    data = capture.read_bytes()
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    unit = 1 if struct.unpack(order + 'I', data[:4])[0] == 0xa1b23c4d else 1000
    link, at, found = struct.unpack(order + 'I', data[20:24])[0], 24, []
    while at + 16 <= len(data):
        seconds, fraction, kept, wire = struct.unpack(order + 'IIII', data[at:at + 16])
        found.append((seconds * 1000000000 + fraction * unit, data[at + 16:at + 16 + kept], wire))
        at += 16 + kept
    return link, found


def stream(capture, policy):
    link, found = packets(capture)
    out, last = bytearray([LINKS.get(link, 0)]), found[0][0] if found else 0
    for time_ns, data, wire in found:
        moved, unit = step(time_ns - last)
        last = time_ns
        if len(out) + 8 + len(data) > STREAM_BYTES_MAX:
            break
        out += struct.pack('>HH', len(data), min(wire - len(data), 0xffff)) + moved + bytes([unit]) + data
    return bytes(out) + bytes([policy])


def main():
    generate, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        capture = pathlib.Path(place, 'case.pcap')
        for case in sorted(GOLDEN.glob('*/traffic')):
            if subprocess.run([generate, 'script', case, '-o', capture], check=False,
                              stdout=subprocess.DEVNULL).returncode != 0:
                print(f'{case}: not generated')
                continue
            for policy in range(4):
                made = stream(capture, policy)
                (folder / hashlib.sha1(made).hexdigest()).write_bytes(made)
    return 0


if __name__ == '__main__':
    sys.exit(main())
