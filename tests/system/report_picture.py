#!/usr/bin/env python3
"""The README's picture of a report.

    report_picture.py REPORT_SAMPLES FILE
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import browser

RULES = Path(__file__).resolve().parent.parent / 'unit/control/cloud-delivered.csv'
WIDTH = 1000
BYTES = 200_000
# The tables below the pictures say the same again: the README's picture goes without.
WITHOUT_TABLES = """document.querySelectorAll('.rows, #findings li:nth-child(n + 2) details')
    .forEach(e => e.matches('details') ? e.open = false : e.closest('.scroll').remove())"""
END = "document.querySelector('#timeline .scroll').getBoundingClientRect().bottom + scrollY"


def main():
    samples, file = sys.argv[1:]
    if not browser.program():
        raise SystemExit('report_picture: there is no Chromium')
    with tempfile.TemporaryDirectory() as folder, browser.Browser() as window:
        subprocess.run([samples, RULES, folder], check=True, stdout=subprocess.DEVNULL)
        window.look(WIDTH, 800)
        window.open(f'{folder}/picture.html')
        window.run(WITHOUT_TABLES)
        window.picture(file, height=window.run(END) + 16)
    # Few colours, no loss that is seen: a third of the size.
    subprocess.run(['pngquant', '--force', '--strip', '--speed=1', '--nofs', f'--output={file}', '64',
                    file], check=True)
    if os.path.getsize(file) >= BYTES:
        raise SystemExit(f'report_picture: {file} has {os.path.getsize(file)} bytes')


if __name__ == '__main__':
    main()
