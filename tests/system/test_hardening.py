#!/usr/bin/env python3
"""The programs as they are built: position-independent, their tables read-only, calls of libc checked.

    test_hardening.py PORTOLAN

Reads the ELF files with readelf (binutils). What a sanitized or unoptimised build cannot have is
skipped, as is a build with -Dhardening=false.
"""
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

import tap
from tap import Skip

PORTOLAN = Path(sys.argv[1]).resolve()
PROGRAMS = [PORTOLAN, PORTOLAN.with_name('portolan-sensor')]
ENDBR64 = b'\xf3\x0f\x1e\xfa'


def option(name):
    """an option of the build directory that the program lies in"""
    told = subprocess.run(['meson', 'introspect', '--buildoptions', PORTOLAN.parent.parent],
                          capture_output=True, text=True, check=True).stdout
    return next(o['value'] for o in json.loads(told) if o['name'] == name)


def readelf(*arguments):
    return subprocess.run(['readelf', '-W', *arguments], capture_output=True, text=True,
                          check=True).stdout


def programs_are_position_independent():
    for program in PROGRAMS:
        assert re.search(r'Type:\s+DYN', readelf('-h', program)), program
        assert 'PIE' in readelf('-d', program), program


def tables_of_functions_are_read_only_before_the_program_begins():
    for program in PROGRAMS:
        assert 'GNU_RELRO' in readelf('-l', program), program
        assert re.search(r'FLAGS_1.*\bNOW\b', readelf('-d', program)), program


def nothing_is_both_writable_and_executable():
    for program in PROGRAMS:
        segments = readelf('-l', program)
        assert re.search(r'GNU_STACK.* RW ', segments), program
        assert not re.search(r'LOAD.* RWE ', segments), program
        assert 'TEXTREL' not in readelf('-d', program), program


def no_folder_of_the_builder_is_searched_for_libraries():
    for program in PROGRAMS:
        assert not re.search(r'\(R(UN)?PATH\)', readelf('-d', program)), program


def stack_frames_are_checked():
    for program in PROGRAMS:
        assert '__stack_chk_fail' in readelf('--dyn-syms', program), program


def calls_of_libc_are_checked():
    if option('b_sanitize') != 'none':
        raise Skip('the sanitizers have checks of their own')
    if option('optimization') in ('0', 'g', 'plain'):
        raise Skip('the build is not optimised')
    for program in PROGRAMS:
        checked = set(re.findall(r'\b(__\w+_chk)@', readelf('--dyn-syms', program)))
        assert {'__memcpy_chk', '__vsnprintf_chk'} <= checked, (program, checked)


def indirect_calls_land_where_a_function_begins():
    if platform.machine() != 'x86_64':
        raise Skip('not x86-64')
    for program in PROGRAMS:
        assert program.read_bytes().count(ENDBR64) > 100, program


if __name__ == '__main__':
    sys.exit(tap.run([
        programs_are_position_independent,
        tables_of_functions_are_read_only_before_the_program_begins,
        nothing_is_both_writable_and_executable,
        no_folder_of_the_builder_is_searched_for_libraries,
        stack_frames_are_checked,
        calls_of_libc_are_checked,
        indirect_calls_land_where_a_function_begins,
    ], why_not=None if option('hardening') else 'the build has -Dhardening=false'))
