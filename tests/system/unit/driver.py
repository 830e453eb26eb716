#!/usr/bin/env python3
"""Runs inside the container of test_unit.py, as a service of its systemd: what the unit does there.

    driver.py OUT

Writes a JSON object to OUT: for each case its name and null, or what went wrong.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

UNIT, SITE = 'portolan.service', Path('/etc/portolan/site.yaml')
GOOD = """appliances:
  - {name: fmc-1, role: management-center, addresses: [10.10.0.5]}
  - {name: ftd-1, role: managed-device, addresses: [10.20.0.7]}
capture: {source: pcap, interfaces: [wire0]}
outputs: {events: [{kind: json, path: /var/log/portolan/events.jsonl}]}
"""


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def show(name):
    return run('systemctl', 'show', UNIT, '--value', '-p', name).strip()


def pid():
    return int(show('MainPID'))


def main_process():
    found = pid()
    assert found > 1, run('systemctl', 'status', UNIT, check=False)
    return found


def wait_for(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    state = run('systemctl', 'status', UNIT, check=False)
    raise AssertionError(f'after {seconds} s still not: {what}\n{state}')


def is_active():
    return show('ActiveState') == 'active' and show('SubState') == 'running'


def status():
    """the sensor's answer; of `portolan status`, the last line has the result"""
    told = run('/usr/bin/portolan', 'status', '--json', check=False)
    try:
        return json.loads(told.strip().splitlines()[-1])['result']
    except (IndexError, ValueError, KeyError):
        return None


def send_a_datagram():
    """UDP from a stranger to port 9999 of ftd-1, as a frame"""
    ip = bytes.fromhex('4500001c0001000040110000c6336407' '0a140007')
    frame = bytes.fromhex('02000000000702000000000108 00'.replace(' ', '')) + ip + \
        bytes.fromhex('30390f270008' '0000')
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(('wire1', 0))
        s.send(frame.ljust(60, b'\0'))


def it_is_ready_when_it_says_so():
    run('systemctl', 'start', UNIT)  # of Type=notify: returns when READY=1 was said
    assert is_active(), run('systemctl', 'status', UNIT, check=False)
    assert 'wire0' in show('StatusText'), show('StatusText')
    wait_for('it answers', 10, status)


def it_sees_packets_and_says_what_is_wrong():
    events = Path('/var/log/portolan/events.jsonl')
    send_a_datagram()
    wait_for('an alert', 10, lambda: events.exists() and 'flow-flagged' in events.read_text())
    wait_for('the counters', 5, lambda: status()['accounting']['verdict']['flows'][
        'unexpected-port'] == 1)
    made = events.stat()
    assert made.st_uid != 0 and made.st_mode & 0o777 == 0o640, made


def it_has_no_rights_left():
    for task in Path(f'/proc/{main_process()}/task').iterdir():
        told = dict(line.split(':\t', 1) for line in (task / 'status').read_text().splitlines()
                    if ':\t' in line)
        assert told['Uid'].split()[0] != '0', told['Uid']
        assert all(int(told[name], 16) == 0 for name in ('CapEff', 'CapPrm', 'CapInh', 'CapAmb'))
        assert told['NoNewPrivs'] == '1' and told['Seccomp'] == '2', told


def a_reload_is_told_and_keeps_the_process():
    before = main_process()
    SITE.write_text(GOOD.replace('ftd-1', 'ftd-renamed'))
    run('systemctl', 'reload', UNIT)
    wait_for('the reload', 10, lambda: (status() or {}).get('policy', {}).get('reloads') == 1)
    assert pid() == before and is_active()


def a_hung_sensor_is_restarted_by_the_watchdog():
    before = main_process()
    os.kill(before, signal.SIGSTOP)
    wait_for('another process', 30, lambda: is_active() and pid() not in (0, before))
    wait_for('it answers', 10, status)
    assert int(show('NRestarts')) == 1, show('NRestarts')


def a_killed_sensor_is_restarted():
    before = main_process()
    os.kill(before, signal.SIGKILL)
    wait_for('another process', 30, lambda: is_active() and pid() not in (0, before))
    wait_for('it answers', 10, status)


def a_stop_is_in_order():
    run('systemctl', 'stop', UNIT)
    assert show('Result') == 'success' and show('ExecMainStatus') == '0', show('Result')
    assert not Path('/run/portolan/control.sock').exists()


def a_wrong_site_is_not_tried_again():
    SITE.write_text('appliances: nonsense\n')
    run('systemctl', 'start', UNIT, check=False)
    time.sleep(4)
    assert show('ActiveState') == 'failed' and show('ExecMainStatus') == '2', show('ActiveState')
    SITE.write_text(GOOD)


CASES = [it_is_ready_when_it_says_so,
         it_sees_packets_and_says_what_is_wrong,
         it_has_no_rights_left,
         a_reload_is_told_and_keeps_the_process,
         a_hung_sensor_is_restarted_by_the_watchdog,
         a_killed_sensor_is_restarted,
         a_stop_is_in_order,
         a_wrong_site_is_not_tried_again]


def main():
    told = {}
    SITE.write_text(GOOD)
    run('ip', 'link', 'add', 'wire0', 'type', 'veth', 'peer', 'name', 'wire1')
    for name in 'wire0', 'wire1':
        run('ip', 'link', 'set', name, 'up')
    for case in CASES:
        try:
            case()
            told[case.__name__] = None
        except Exception as error:  # noqa: it is this case's
            told[case.__name__] = f'{type(error).__name__}: {error}'[:3000]
    told['journal'] = run('journalctl', '--no-pager', '-u', UNIT, check=False)[-6000:]
    out = Path(sys.argv[1])
    out.with_suffix('.part').write_text(json.dumps(told))
    out.with_suffix('.part').rename(out)


if __name__ == '__main__':
    main()
