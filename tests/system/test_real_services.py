#!/usr/bin/env python3
"""Real clients and servers speak on their ports, and nothing of it is taken for something else.

    test_real_services.py PORTOLAN

A managed device asks a management center, each in a namespace, with a sensor beside them. What is
not installed is skipped; REAL_SERVICES names folders where programs lie that are not installed
(packages that were only unpacked). Needs root; skipped without.
"""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tap
import test_live_sensor as live
from tap import Skip
from test_live_sensor import CENTER, DEVICE

PATH = os.pathsep.join([os.environ.get('REAL_SERVICES', ''), os.environ['PATH'],
                        '/usr/sbin', '/sbin'])


def program(name):
    found = shutil.which(name, path=PATH)
    if not found:
        raise Skip(f'{name} is not installed')
    return found


# A server's users and its folders in /run need not be there: `ip netns exec` gives it mounts of its
# own, and these are seen by nobody else.
AT_HOME = """
mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group &&
mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"
"""
USERS = ('sshd', 'Debian-exim')


def with_users(path, line):
    """A file of users or groups with those that servers want."""
    text = Path(path).read_text()
    here = {known.split(':')[0] for known in text.splitlines()}
    return text + ''.join(line.format(name) for name in USERS if name not in here)


class World:
    """Both hosts, the sensor between them, and a folder for what programs need."""

    def __init__(self, hosts, sensor, folder):
        self.hosts, self.sensor, self.folder = hosts, sensor, Path(folder)
        self.write('passwd', with_users('/etc/passwd', '{}:x:65533:65533::/:/bin/false\n'))
        self.write('group', with_users('/etc/group', '{}:x:65533:\n'))

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def ask(self, *command, **options):
        """A client on the device; its exit status and what it wrote."""
        return subprocess.run(live.Hosts.command(self.hosts.device, *map(str, command)),
                              capture_output=True, text=True, timeout=20, check=False, **options)

    @contextlib.contextmanager
    def serving(self, *command, seconds=1.0):
        """A server on the center, which gets a moment to begin."""
        command = ['sh', '-c', AT_HOME, self.folder, *command]
        server = subprocess.Popen(live.Hosts.command(self.hosts.center, *map(str, command)),
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        try:
            time.sleep(seconds)
            if server.poll() is not None:
                raise Skip(f'{command[4]} does not run here: {server.stderr.read()[-200:]!r}')
            yield server
        finally:
            server.kill()
            server.communicate()

    def expect(self, port, *services, transport='tcp'):
        """Conversations with a port are known for what they are: for one of these."""
        limit = time.monotonic() + 3
        while time.monotonic() < limit:
            found = [f for f in self.sensor.ask('flows') if 'network' in f
                     and f['destination'].get('port') == port
                     and f['network']['transport'] == transport]
            if found and all(f['network'].get('protocol') in services for f in found):
                break
            time.sleep(0.2)
        spoken = {(f['network'].get('protocol'), f['portolan']['verdict']) for f in found}
        assert found, f'no flow to port {port}'
        assert {s for s, _ in spoken} <= set(services), spoken
        assert 'wrong-service' not in {v for _, v in spoken}, spoken


# --- cases --------------------------------------------------------------------------------------

def chrony_is_ntp(w):
    chronyd = program('chronyd')
    server = w.write('server.conf', f'local stratum 8\nallow\nport 123\ncmdport 0\n'
                     f'bindaddress {CENTER}\npidfile {w.folder}/server.pid\n'
                     f'bindcmdaddress /\ndriftfile {w.folder}/drift\n')
    client = w.write('client.conf', f'server {CENTER} iburst\ncmdport 0\nport 0\n'
                     f'pidfile {w.folder}/client.pid\nbindcmdaddress /\n')
    with w.serving(chronyd, '-x', '-d', '-u', 'root', '-f', server):
        w.ask(chronyd, '-Q', '-t', '5', '-u', 'root', '-f', client)
        w.expect(123, 'ntp', transport='udp')


def ntpsec_is_ntp(w):
    """A server that knows no time yet says so to chrony, and answers all the same."""
    ntpd, chronyd = program('ntpd'), program('chronyd')
    server = w.write('ntp.conf', 'restrict default\n')
    client = w.write('asks.conf', f'server {CENTER} iburst\ncmdport 0\nport 0\n'
                     f'pidfile {w.folder}/asks.pid\nbindcmdaddress /\n')
    with w.serving(ntpd, '-n', '-g', '-c', server):
        w.ask(chronyd, '-Q', '-t', '4', '-u', 'root', '-f', client)
        w.expect(123, 'ntp', transport='udp')


def talk_to_exim(w, at_connect, *, words):
    config = w.write('exim.conf', f'local_interfaces = {CENTER}\nacl_smtp_connect = first\n'
                     f'exim_user = root\nspool_directory = {w.folder}/exim\n'
                     f'log_file_path = {w.folder}/exim-%slog\npid_file_path = {w.folder}/exim.pid\n'
                     f'begin acl\nfirst:\n  {at_connect}\n')
    with w.serving(program('exim4'), '-bdf', '-C', config):
        w.ask(sys.executable, '-c', f'import smtplib\ns = smtplib.SMTP("{CENTER}")\n'
              's.ehlo()\ns.noop()\ns.quit()')
        w.expect(25, *words)


def exim_that_refuses_at_once_is_nothing_but_smtp(w):
    """A greeting of 550 may be of a mail server, and alone proves none."""
    talk_to_exim(w, 'deny message = not from here', words=(None, 'smtp'))


def exim_is_smtp(w):
    talk_to_exim(w, 'accept', words=(None, 'smtp'))
    services = {f['network'].get('protocol') for f in w.sensor.ask('flows')
                if f.get('destination', {}).get('port') == 25}
    assert 'smtp' in services, services


def openssh_is_ssh(w):
    sshd, ssh = program('sshd'), program('ssh')
    key = w.folder / 'host_key'
    subprocess.run([program('ssh-keygen'), '-q', '-t', 'ed25519', '-N', '', '-f', key], check=True)
    config = w.write('sshd.conf', f'ListenAddress {CENTER}\nHostKey {key}\nPidFile none\n')
    with w.serving(sshd, '-D', '-e', '-f', config):
        w.ask(ssh, '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no',
              '-o', 'UserKnownHostsFile=/dev/null', f'nobody@{CENTER}', 'true')
        w.expect(22, 'ssh')


def rsyslog_takes_syslog_of_both_transports(w):
    rsyslogd, logger = program('rsyslogd'), program('logger')
    config = w.write('rsyslog.conf', 'module(load="imudp")\nmodule(load="imtcp")\n'
                     'input(type="imudp" port="514")\ninput(type="imtcp" port="514")\n'
                     f'*.* {w.folder}/messages\n')
    with w.serving(rsyslogd, '-n', '-i', w.folder / 'rsyslog.pid', '-f', config, seconds=0.5):
        for transport in ('--udp', '--tcp'):
            done = w.ask(logger, '--server', CENTER, '--port', '514', transport, '--rfc3164',
                         '%FTD-6-305012: Teardown dynamic UDP translation')
            assert done.returncode == 0, done.stderr
        w.expect(514, 'syslog', transport='udp')
        w.expect(514, 'syslog')


def openssl_is_tls_of_every_version_it_has(w):
    openssl = program('openssl')
    key, certificate = w.folder / 'key', w.folder / 'certificate'
    subprocess.run([openssl, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key,
                    '-out', certificate, '-days', '1', '-subj', '/CN=fmc'],
                   check=True, capture_output=True)
    for port in (443, 8305):
        with w.serving(openssl, 's_server', '-quiet', '-key', key, '-cert', certificate,
                       '-accept', f'{CENTER}:{port}', seconds=0.5):
            for version in ('-tls1_2', '-tls1_3'):
                w.ask(openssl, 's_client', version, '-connect', f'{CENTER}:{port}', input='\n')
            w.expect(port, 'tls')


def bind_is_dns(w):
    named, dig = program('named'), program('dig')
    config = w.write('named.conf', f'options {{ directory "{w.folder}"; pid-file none; '
                     f'listen-on {{ {CENTER}; }}; recursion no; session-keyfile none; }};\n'
                     'controls {};\n')
    with w.serving(named, '-g', '-c', config):
        for arguments in (['.', 'NS'], ['.', 'NS', '+tcp'], ['version.bind', 'CH', 'TXT'],
                          ['.', 'NS', '+noedns', '+nocookie']):
            w.ask(dig, f'@{CENTER}', *arguments)
        w.expect(53, 'dns', transport='udp')
        w.expect(53, 'dns')


def net_snmp_is_snmp(w):
    snmpd, snmpget = program('snmpd'), program('snmpget')
    config = w.write('snmpd.conf', f'agentaddress udp:{CENTER}:161\nrocommunity public\n')
    with w.serving(snmpd, '-f', '-Lo', '-C', '-c', config):
        for version in ('1', '2c'):
            w.ask(snmpget, '-v', version, '-c', 'public', CENTER, '1.3.6.1.2.1.1.1.0')
        w.ask(snmpget, '-v', '3', '-u', 'nobody', '-l', 'noAuthNoPriv', '-r', '0', '-t', '1', CENTER,
              '1.3.6.1.2.1.1.1.0')
        w.expect(161, 'snmp', transport='udp')


def nothing_was_told_as_the_wrong_service(w):
    w.sensor.end()
    events = live.lines(w.sensor.events)
    wrong = [json.dumps(e) for e in events if 'wrong-service' in json.dumps(e)]
    assert not wrong, wrong[:2]
    flows = live.lines(w.sensor.flows)
    wrong = [f for f in flows if f['portolan']['verdict'] == 'wrong-service']
    assert not wrong, wrong[:2]
    seen = sorted({(f['network'].get('protocol', 'unknown'), f['portolan']['verdict'])
                   for f in flows if f['source']['ip'] == DEVICE})
    print('#', ', '.join(f'{service}: {verdict}' for service, verdict in seen))


CASES = [chrony_is_ntp, ntpsec_is_ntp, exim_that_refuses_at_once_is_nothing_but_smtp,
         exim_is_smtp, openssh_is_ssh, rsyslog_takes_syslog_of_both_transports,
         openssl_is_tls_of_every_version_it_has, bind_is_dns, net_snmp_is_snmp,
         nothing_was_told_as_the_wrong_service]


def main():
    reason = live.why_not()
    if reason:
        return tap.run(CASES, why_not=reason)
    with tempfile.TemporaryDirectory() as folder, live.beside() as (hosts, sensor, _):
        return tap.run(CASES, World(hosts, sensor, folder))


if __name__ == '__main__':
    live.PORTOLAN = os.path.abspath(sys.argv[1])
    sys.exit(main())
