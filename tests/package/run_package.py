#!/usr/bin/env python3
"""The Debian package, as a machine sees it: installed, upgraded, removed, purged.

    run_package.py FOLDER CACHE

FOLDER has what `make deb` made. A fresh root of Debian 12 is made once, by mmdebstrap, and kept in
CACHE; there a systemd of its own is booted (systemd-nspawn, without a network), and driver.py does in
it what people do. The version before is the same package with a lower number and the scripts that it
had (previous/): an upgrade has to mend what these left. Needs root, and the first time Debian's
registry; what cannot be had is a visible skip. The last line is `N passed, N failed`.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER, CACHE = (Path(a).resolve() for a in sys.argv[1:3])
HERE = Path(__file__).resolve().parent
BOOT_SECONDS = 240
# What boots, what drives, and what DPDK's virtual devices take.
MORE = ['systemd', 'adduser', 'python3', 'librte-mempool-ring23', 'librte-net-null23']


class Skip(Exception):
    """What the test needs is not there; why is its text."""


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise AssertionError(f'{command[0]}: {(done.stdout + done.stderr)[-2000:]}')
    return done.stdout


def package():
    found = [p for p in FOLDER.glob('portolan_*.deb')]
    if len(found) != 1:
        raise Skip(f'there is no package in {FOLDER}: make deb')
    return found[0]


def previous(folder):
    """the version before: its number, its scripts"""
    tree = folder / 'previous'
    run('dpkg-deb', '-R', package(), tree)
    control = tree / 'DEBIAN/control'
    control.write_text(re.sub(r'^Version: .*$', r'\g<0>~previous', control.read_text(), flags=re.M))
    for script in ('preinst', 'postinst', 'prerm', 'postrm'):
        (tree / 'DEBIAN' / script).unlink(missing_ok=True)
    for script in (HERE / 'previous').iterdir():
        shutil.copy(script, tree / 'DEBIAN')
        (tree / 'DEBIAN' / script.name).chmod(0o755)
    run('dpkg-deb', '-b', '--root-owner-group', '-Zgzip', tree, folder / 'previous.deb')
    return folder / 'previous.deb'


def fresh_root(root):
    """a root with all that the package depends on, and without it"""
    depends = run('dpkg-deb', '-f', package(), 'Depends')
    names = sorted({re.split(r'[ (]', d.strip())[0] for d in depends.split(',')} | set(MORE))
    kept = CACHE / 'fresh.tar'
    if not kept.exists() or (CACHE / 'names').read_text().split() != names:
        if not shutil.which('mmdebstrap'):
            raise Skip('no mmdebstrap')
        CACHE.mkdir(parents=True, exist_ok=True)
        try:
            run('mmdebstrap', '--variant=minbase', f"--include={','.join(names)}", 'bookworm', kept)
        except AssertionError as why:
            kept.unlink(missing_ok=True)
            raise Skip(f'no fresh root can be made: {str(why)[-200:]}') from None
        (CACHE / 'names').write_text(' '.join(names))
    root.mkdir()
    run('tar', '-x', '-f', kept, '-C', root, '--exclude=./dev/*')


def boot(folder):
    """what the driver told, {case: None or what went wrong}"""
    if os.geteuid() != 0:
        raise Skip('needs root')
    for tool in ('systemd-nspawn', 'dpkg-deb'):
        if not shutil.which(tool):
            raise Skip(f'no {tool}')
    root = folder / 'root'
    fresh_root(root)
    test = root / 'test'
    test.mkdir()
    shutil.copy(package(), test / 'portolan.deb')
    shutil.copy(previous(folder), test / 'previous.deb')
    shutil.copy(HERE / 'package_driver.py', test)
    shutil.copy(HERE / 'portolan-package.service', root / 'etc/systemd/system')
    try:
        done = subprocess.run(['systemd-nspawn', '-q', '--register=no', '--keep-unit', '-D', root,
                               '--private-network', '--bind-ro=/sys/module', '-b', 'systemd.unit=portolan-package.service',
                               'systemd.log_level=warning'], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=BOOT_SECONDS, check=False)
        said = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        said = str(late.stdout)
    told = test / 'told.json'
    if not told.exists():
        raise Skip(f'systemd does not run in a container here: {said[-300:]!r}')
    return json.loads(told.read_text())


def lintian():
    if not shutil.which('lintian'):
        raise Skip('no lintian')
    changes = list(FOLDER.glob('portolan_*.changes'))
    if not changes:
        raise Skip(f'there is no package in {FOLDER}: make deb')
    run('lintian', '--pedantic', '--display-info', '--display-experimental', '--fail-on',
        'error,warning,info,pedantic,experimental', '--allow-root', changes[0])


def tell(name, what):
    """'passed', 'failed' or 'skipped'"""
    try:
        what()
        state, more = 'passed', ''
    except Skip as why:
        state, more = 'skipped', f': {why}'
    except Exception as error:  # noqa: whatever it is, it is this case's
        state, more = 'failed', f': {error}'
    print(f"{state}: {name.replace('_', ' ')}{more}", flush=True)
    return state


def case_of(told, name):
    def case():
        if isinstance(told, Skip):
            raise told
        assert told[name] is None, f"{told[name]}\n{told['journal'][-1500:]}"
    return case


def main():
    with tempfile.TemporaryDirectory(dir='/var/tmp') as folder:
        try:
            told = boot(Path(folder))
        except Skip as why:
            told = why
    driver = (HERE / 'package_driver.py').read_text()
    names = re.findall(r'^def ((?:it|an?)_\w+)\(\):', driver, re.M)
    states = [tell('lintian has nothing to say', lintian),
              *(tell(name, case_of(told, name)) for name in names)]
    passed, failed, skipped = (states.count(s) for s in ('passed', 'failed', 'skipped'))
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
