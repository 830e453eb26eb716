#!/usr/bin/env python3
"""Runs inside the container of run_package.py, as a service of its systemd: the life of the package.

    package_driver.py OUT

Writes a JSON object to OUT: for each case its name and null, or what went wrong. Each case begins where
the one before ended.
"""
import json
import os
import pwd
import re
import subprocess
import sys
import time
from pathlib import Path

UNIT, SITE = 'portolan.service', Path('/etc/portolan/site.yaml')
GOOD = """appliances:
  - {name: fmc-1, role: management-center, addresses: [10.10.0.5]}
capture: {source: pcap, interfaces: [lo]}
store: {path: /var/lib/portolan/store}
outputs: {events: [{kind: json, path: /var/log/portolan/events.jsonl}]}
"""
DPDK = """appliances:
  - {name: fmc-1, role: management-center, addresses: [10.10.0.5]}
capture: {source: dpdk, dpdk: {devices: ["net_null0,no-rx=1"], eal: ["--no-huge", "-m", "256"]}}
"""
WRITTEN = ('/var/lib/portolan', '/var/log/portolan', '/var/cache/portolan', '/etc/portolan')
DROP_IN = Path('/etc/systemd/system/portolan.service.d/dpdk.conf')


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C.UTF-8'})
    assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


def dpkg(*arguments):
    said = run('dpkg', *arguments)
    assert not re.search('warning: (?!downgrading)', said), said
    return said


def show(name):
    return run('systemctl', 'show', UNIT, '--value', '-p', name).strip()


def pid():
    return int(show('MainPID'))


def version():
    return run('dpkg-query', '-W', '-f=${Status} ${Version}', 'portolan', check=False)


def start(site=GOOD):
    SITE.write_text(site)
    run('systemctl', 'restart', UNIT)
    assert show('ActiveState') == 'active', run('systemctl', 'status', UNIT, check=False)


def files_of_the_package():
    return [p for p in run('dpkg', '-L', 'portolan').splitlines() if Path(p).is_file()]


def it_installs_and_starts_nothing():
    dpkg('-i', '/test/portolan.deb')
    user = pwd.getpwnam('portolan')
    assert user.pw_uid < 1000 and user.pw_shell.endswith('nologin'), user
    assert show('ActiveState') == 'inactive' and show('UnitFileState') == 'disabled'
    assert run('portolan', '--version').startswith('portolan ')
    dpkg('--verify', 'portolan')


def it_cites_only_what_is_there():
    there, unit = files_of_the_package(), Path('/lib/systemd/system/portolan.service').read_text()
    pages = re.findall(r'man:([\w-]+)\((\d)\)', unit)
    assert pages, unit
    for name, section in pages:
        assert any(f'/man{section}/{name}.{section}' in p for p in there), name
    read = Path('/usr/share/doc/portolan/README.Debian')
    text = read.read_text() if read.exists() else run('gzip', '-dc', f'{read}.gz')
    for path in re.findall(r'/usr/share/portolan/[\w./-]+', text):
        assert Path(path).exists(), path
    for name in ('portolan check', 'portolan doctor', 'portolan health'):
        assert name in text, name
        run('portolan', name.split()[1], '--help')
    drop_in = '/usr/share/portolan/units/dpdk.conf'
    assert 'dpdk.conf' in unit and drop_in in there and drop_in in text
    assert 'README.Debian' in Path(drop_in).read_text()


def it_runs_as_its_user():
    start()
    owner = Path(f'/proc/{pid()}').stat().st_uid
    assert owner == pwd.getpwnam('portolan').pw_uid, owner
    run('systemctl', 'enable', UNIT)


def a_reinstallation_starts_a_running_sensor_anew():
    before = pid()
    dpkg('-i', '/test/portolan.deb')
    assert show('ActiveState') == 'active' and pid() not in (0, before), (before, pid())
    assert show('UnitFileState') == 'enabled'


def a_removal_stops_it_and_keeps_what_it_wrote():
    before = pid()
    dpkg('-r', 'portolan')
    assert not Path(f'/proc/{before}').exists(), 'it still runs'
    assert SITE.exists() and Path('/var/lib/portolan/store').exists()
    assert not Path('/usr/bin/portolan').exists() and not Path('/run/portolan').exists()


def a_purge_leaves_nothing():
    dpkg('-P', 'portolan')
    left = [p for p in WRITTEN if Path(p).exists()]
    left += run('find', '/etc', '/lib/systemd', '/usr', '/var', '/run', '-xdev', '-name', '*portolan*',
                '-not', '-name', '*portolan-package*').split()
    assert not left, left
    assert 'portolan' not in run('systemctl', 'list-unit-files', '--no-legend', 'portolan.service',
                                 check=False)
    pwd.getpwnam('portolan')  # stays


def an_upgrade_from_the_version_before_starts_it_anew():
    dpkg('-i', '/test/previous.deb')
    assert '~previous' in version(), version()
    start()
    run('systemctl', 'enable', UNIT)
    before = pid()
    dpkg('-i', '/test/portolan.deb')
    assert '~previous' not in version(), version()
    assert show('ActiveState') == 'active' and pid() not in (0, before), (before, pid())
    assert SITE.read_text() == GOOD and show('UnitFileState') == 'enabled'


def an_upgrade_leaves_a_stopped_sensor_stopped():
    run('systemctl', 'disable', '--now', UNIT)
    dpkg('-i', '/test/previous.deb')
    dpkg('-i', '/test/portolan.deb')
    assert show('ActiveState') == 'inactive' and show('UnitFileState') == 'disabled'


def it_starts_with_dpdk_where_the_drop_in_allows_it():
    SITE.write_text(DPDK)
    assert 'failed' in run('systemctl', 'restart', UNIT, check=False), 'it starts without the drop-in'
    run('systemctl', 'stop', UNIT)
    DROP_IN.parent.mkdir(exist_ok=True)
    DROP_IN.write_text(Path('/usr/share/portolan/units/dpdk.conf').read_text())
    run('systemctl', 'daemon-reload')
    start(DPDK)
    assert 'net_null0' in show('StatusText'), show('StatusText')
    run('systemctl', 'stop', UNIT)
    DROP_IN.unlink()
    DROP_IN.parent.rmdir()
    run('systemctl', 'daemon-reload')


def a_purge_at_once_stops_it_too():
    start()
    before = pid()
    dpkg('-P', 'portolan')
    assert not Path(f'/proc/{before}').exists(), 'it still runs'
    assert not [p for p in WRITTEN if Path(p).exists()]


def main():
    told = {}
    source = Path(__file__).read_text()
    time.sleep(0.5)
    for name in re.findall(r'^def ((?:it|an?)_\w+)\(\):', source, re.M):
        try:
            globals()[name]()
            told[name] = None
        except Exception as error:  # noqa: whatever it is, it is this case's
            told[name] = f'{type(error).__name__}: {error}'[:3000]
    told['journal'] = run('journalctl', '-b', '-u', UNIT, '-n', '60', '--no-pager', check=False)
    Path(sys.argv[1]).write_text(json.dumps(told))


if __name__ == '__main__':
    main()
