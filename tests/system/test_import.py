#!/usr/bin/env python3
"""`portolan import`: what a table or device records propose, and what of it a capture shows.

    test_import.py PORTOLAN PORTOLAN-GENERATE

What is proposed has to pass `portolan check`, also where a person has taken the '#' away.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import tap

PORTOLAN, GENERATE = (str(Path(p).resolve()) for p in sys.argv[1:3])
TREE = Path(__file__).resolve().parent.parent.parent

TABLE = '''Role,Name,Addresses,Managers,Owner,MACs,Profile
fmc,fmc-1,10.10.0.5; 2001:db8::5,,"Smith, J",,
CENTER,FMC two,10.10.0.6,fmc-1,,,
ftd,"HQ ""edge"", 1",10.20.0.1|10.20.1.0/24,fmc-1;FMC two,,02-00-00-00-00-07,legacy-6
,,,,,,

device,yes,10.30.0.1 ::ffff:10.30.0.2,fmc-1,x,,cloud-delivered
'''


def record(number, name, **more):
    """a device record as the API answers it when it is asked for expanded ones"""
    link = f'https://fmc.example.net/api/fmc_config/v1/domain/e276abec/devices/devicerecords/{number}'
    return {'id': f'{number:08d}-ab12-11ee', 'type': 'Device', 'links': {'self': link}, 'name': name,
            'model': 'Cisco Firepower 2110 Threat Defense', 'healthStatus': 'green', 'isConnected': True,
            'metadata': {'readOnly': {'state': False}, 'snortVersion': '3.1.36.1'},
            'license_caps': ['BASE', 'THREAT'], 'ftdMode': 'ROUTED', **more}


RECORDS = {'links': {'self': 'https://fmc.example.net/api?offset=0&limit=25&expanded=true'}, 'items': [
    record(1, 'ftd-1', hostName='10.20.0.1', sw_version='7.2.5'),
    record(2, 'Branch 7', hostName='ftd7.example.net', sw_version='7.4.1'),
    record(3, 'old', hostName='2001:db8::7', sw_version='6.6.4'),
    record(4, 'new', hostName='10.20.0.4', sw_version='10.0.0')],
    'paging': {'offset': 0, 'limit': 25, 'count': 4, 'pages': 1}}

TRAFFIC = '''host fmc 10.10.0.5
host ftd-1 10.20.0.1
host other 10.10.0.9
host prober 198.51.100.66
host web 198.51.100.88
define hellos data tls-client-hello tls-server-hello
define beat data tls-data(180) tls-data(90)
0 tcp ftd-1:40001 > fmc:8305 handshake hellos beat times 20 every 2s
1 tcp other:40002 > ftd-1:8305 handshake hellos beat times 20 every 2s
2 tcp prober:50001 > ftd-1:8305 handshake hellos close
3 tcp ftd-1:50002 > web:443 handshake hellos close
4 tcp web:50003 > prober:8305 handshake hellos close
'''


class World:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.table = self.write('table.csv', TABLE)
        self.records = self.write('records.json', RECORDS)

    def write(self, name, content):
        path = self.folder / name
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run(self, *arguments, **more):
        env = {**os.environ, 'PORTOLAN_CONFIGS': str(TREE / 'configs'), 'LC_ALL': 'C.UTF-8'}
        return subprocess.run([PORTOLAN, *map(str, arguments)], env=env, capture_output=True, text=True,
                              check=False, timeout=60, **more)

    def proposal(self, *arguments, status=0):
        done = self.run('import', *arguments)
        assert done.returncode == status and (status or not done.stderr), done
        return done.stdout

    def check(self, text):
        """passes without a warning; the overview"""
        done = self.run('check', self.write('proposed.yaml', text))
        assert done.returncode == 0 and not done.stderr, done
        assert re.search(r'^warnings +none$', done.stdout, re.M), done.stdout
        return done.stdout

    def refused(self, content, *words, name='bad'):
        done = self.run('import', self.write(name, content))
        assert done.returncode == 2 and not done.stdout, (content[:200], done)
        for word in words:
            assert word in done.stderr, (word, done.stderr)
        assert all(line.startswith('portolan: ') for line in done.stderr.splitlines()), done.stderr
        return done.stderr

    def capture(self):
        out, script = self.folder / 'traffic.pcap', self.write('traffic.script', TRAFFIC)
        subprocess.run([GENERATE, 'script', script, '-o', out], check=True)
        return out


def a_table_becomes_a_site_that_check_accepts(w):
    text = w.proposal(w.table)
    w.check(text)
    for part in ('profile: cloud-delivered\n', '# Columns that were not read: Owner.\n',
                 '  - name: fmc-1\n    role: management-center\n    addresses: ["10.10.0.5", "2001:db8::5"]\n',
                 '  - name: "FMC two"\n    role: management-center\n    addresses: ["10.10.0.6"]\n'
                 '    managers: [fmc-1]\n',
                 '  - name: "HQ \\"edge\\", 1"\n    role: managed-device\n'
                 '    addresses: ["10.20.0.1", "10.20.1.0/24"]\n    macs: ["02-00-00-00-00-07"]\n'
                 '    managers: [fmc-1, "FMC two"]\n    profile: legacy-6\n',
                 '  - name: "yes"\n    role: managed-device\n    addresses: ["10.30.0.1", "10.30.0.2"]\n'):
        assert part in text, (part, text)


def a_table_of_a_spreadsheet_is_the_same(w):
    same = TABLE.replace('\n', '\r\n').encode()
    assert w.proposal(w.write('sheet.csv', b'\xef\xbb\xbf' + same)) == w.proposal(w.table)
    done = w.run('import', '-', input=TABLE)
    assert done.returncode == 0 and done.stdout == w.proposal(w.table), done


def every_row_that_cannot_be_used_is_told_at_once(w):
    text = w.refused('name,role,addresses,managers\nfmc-1,fmc,10.0.0.1,\n,ftd,10.0.0.2,\na,router,10.0.0.3,\n'
                     'b,ftd,10.0.0.300,\nc,ftd,10.1.2.3/8,\nd,ftd,,\ne,ftd\nf,ftd,10.0.0.1,\nfmc-1,ftd,10.0.0.9,\n'
                     'g,ftd,"10.0.0.5,\n')
    for line, found in ((3, 'found "" for a name'), (4, 'found "router" for role'),
                        (5, 'found "10.0.0.300" for addresses'), (6, 'want the network 10.0.0.0/8'),
                        (7, 'found no address of "d"'), (8, 'found 2 fields; want 4'),
                        (9, 'found the address "10.0.0.1" again'), (10, 'found the name "fmc-1" again'),
                        (11, 'found no end of a field in quotes')):
        assert re.search(rf'bad:{line}: {re.escape(found)}|bad:{line}: .*{re.escape(found)}', text), (line, text)


def managers_are_management_centers_of_the_file(w):
    text = w.refused('name,role,addresses,managers\nm,fmc,10.0.0.1,m\na,ftd,10.0.0.2,x\nb,ftd,10.0.0.3,a\n')
    for part in ('bad:2: found "m" for managers, the appliance itself', 'bad:3: found "x" for managers; want',
                 'bad:4: found "a" for managers, a managed device'):
        assert part in text, text


def a_header_is_wanted(w):
    for content in ('', '\n\n', 'fmc-1,fmc,10.0.0.1\n', 'name;role;addresses\n', 'name,role,addresses,NAME\n',
                    'name,role,addresses\n'):
        w.refused(content, 'want')


def roles_that_overlap_are_refused(w):
    w.refused('name,role,addresses\na,fmc,10.0.0.0/8\nb,ftd,10.1.0.0/16\n', 'as a site:')


def records_become_a_site_with_what_is_left_to_do(w):
    text = w.proposal(w.records)
    w.check(text)
    for part in ('profile: on-premises-7\n', '#  # The management center is not among its own records',
                 '  # version 7.2.5: profile on-premises-7, as the site\n  - name: ftd-1\n',
                 '#  # hostName ftd7.example.net is no address: resolve it and write the address\n',
                 '#  - name: "Branch 7"\n', '    addresses: ["2001:db8::7"]\n    profile: legacy-6\n',
                 '  # version 10.0.0: no profile is known for it\n'):
        assert part in text, (part, text)


def the_manager_is_written_and_named_by_every_device(w):
    text = w.proposal(w.records, '--manager', 'fmc-1=10.10.0.5')
    w.check(text)
    assert text.count('managers: [fmc-1]') == 4 and 'addresses: ["10.10.0.5"]' in text, text
    for value in ('fmc-1', 'fmc-1=', '=10.10.0.5', 'fmc-1=fmc.example.net', 'ftd-1=10.10.0.5', 'm=10.20.0.1'):
        done = w.run('import', w.records, '--manager', value)
        assert done.returncode == 2 and not done.stdout and '--manager: ' in done.stderr, (value, done)
    assert w.run('import', w.table, '--manager', 'fmc-9=10.10.0.9').returncode == 2


def a_comment_without_its_sign_is_a_line_of_the_site(w):
    text = w.proposal(w.records, '--manager', 'fmc-1=10.10.0.5')
    there = re.sub(r'^#(  - name: "Branch 7"\n)#(.*\n)#.*\n#(.*\n)', r'\1\2    addresses: [10.20.0.7]\n\3',
                   text, flags=re.M)
    assert there != text
    assert 'Branch 7' in w.check(there)


def records_are_read_as_list_and_alone(w):
    items = RECORDS['items']
    assert w.proposal(w.write('list.json', items)) == w.proposal(w.records)
    assert 'name: ftd-1' in w.proposal(w.write('one.json', items[0]))
    part = {**RECORDS, 'paging': {'count': 31}}
    assert 'there are 27 more records' in w.proposal(w.write('part.json', part))


def records_without_any_address_are_nothing_but_comments(w):
    done = w.run('import', w.write('names.json', [{'name': 'ftd-1', 'hostName': 'a.example'}, {'name': 'b'}]))
    assert done.returncode == 1 and 'no record has an address' in done.stderr, done
    assert not [line for line in done.stdout.splitlines() if 'name:' in line and line[0] != '#'], done.stdout


def records_that_cannot_be_used_are_refused(w):
    good = record(1, 'a', hostName='10.0.0.1')
    for content, word in (('{"items": 5}', 'items'), ([], 'no record'), ('[{"name": "a",}]', 'bad:1: '),
                          ('{"name": "a"', 'broken JSON'), ([good, 7], 'record 2: found no object'),
                          ([good, {'hostName': '10.0.0.2'}], 'record 2: found no name'),
                          ([good, good], 'again'), ([good, {**good, 'name': 'b'}], 'address "10.0.0.1" again'),
                          ([{**good, 'type': 'DeviceGroup'}], 'found the type "DeviceGroup"'),
                          ('{"name": "a", "name": "b"}', 'duplicate')):
        w.refused(content, word)


def hostile_files_are_refused(w):
    deep = '[' * 100000 + ']' * 100000
    table = 'name,role,addresses\n'
    for content in (b'name,role,addresses\na\0b,ftd,10.0.0.1\n', deep, b'\xff\xfe[\0]\0', b'[' * 10000000,
                    table + 'a\x1b[2J,ftd,10.0.0.1\n', table + '"a\nb",ftd,10.0.0.1\n',
                    table + 'a\u202eb,ftd,10.0.0.1\n', table.encode() + b'a\xff,ftd,10.0.0.1\n',
                    table + 'a\uffff,ftd,10.0.0.1\n', table + 'a' * 64 + ',ftd,10.0.0.1\n',
                    'a,' * 100 + '\n', table + 'a,ftd,10.0.0.1\n' * 700000,
                    table + 'a\n' * 1000000, '[{"name": "a\\u0000b", "hostName": "10.0.0.1"}]',
                    '[{"name": "a\\u001b[2J", "hostName": "10.0.0.1"}]'):
        text = w.refused(content, 'found', 'want')
        assert '\x1b' not in text and '\u202e' not in text and len(text) < 3000, text
    text = w.proposal(w.write('hostile.json', [
        {'name': 'a: {b}\\" # - *c', 'hostName': '10.0.0.1', 'sw_version': '7\n- name: x\u202e'},
        {'name': 'd', 'hostName': 'e\nappliances: []\x1b'}]))
    w.check(text)
    assert '\x1b' not in text and '\u202e' not in text and '\nappliances: []' not in text, text
    assert w.run('import', w.folder).returncode == 2 and w.run('import', w.folder / 'none').returncode == 2


def a_capture_says_who_was_seen(w):
    text = w.proposal(w.records, '--manager', 'fmc-1=10.10.0.5', '--compare', w.capture())
    w.check(text)
    stamp = r'20\d\d-\d\d-\d\d \d\d:\d\d:\d\d'
    for part in (rf'  # seen: 4 flows, {stamp} to {stamp} UTC\n  # version 7.2.5.*\n  - name: ftd-1\n',
                 r'  # not seen\n  # version 6.6.4\n  - name: "old"\n',
                 rf'  # seen: 1 flow, {stamp} to {stamp} UTC\n  - name: fmc-1\n',
                 rf'#  # 8305/tcp: 1 flow, {stamp} to {stamp} UTC, with "ftd-1"\n#  - name: center-unknown-1\n'
                 r'#    role: management-center\n#    addresses: \["10.10.0.9"\]\n',
                 r'with "ftd-1"; none of them settled: a probe looks the same\n#  - name: center-unknown-2\n'
                 r'#    role: management-center\n#    addresses: \["198.51.100.66"\]\n'):
        assert re.search(part, text), (part, text)
    assert '198.51.100.88' not in text, text


def a_capture_that_cannot_be_read_is_a_failure(w):
    done = w.run('import', w.table, '--compare', w.folder / 'none.pcap')
    assert done.returncode == 1 and 'none.pcap' in done.stderr, done
    assert w.run('import', '-', '--compare', '-', input='').returncode == 2


def main():
    with tempfile.TemporaryDirectory() as folder:
        return tap.run([
            a_table_becomes_a_site_that_check_accepts, a_table_of_a_spreadsheet_is_the_same,
            every_row_that_cannot_be_used_is_told_at_once, managers_are_management_centers_of_the_file,
            a_header_is_wanted, roles_that_overlap_are_refused,
            records_become_a_site_with_what_is_left_to_do,
            the_manager_is_written_and_named_by_every_device,
            a_comment_without_its_sign_is_a_line_of_the_site, records_are_read_as_list_and_alone,
            records_without_any_address_are_nothing_but_comments, records_that_cannot_be_used_are_refused,
            hostile_files_are_refused, a_capture_says_who_was_seen,
            a_capture_that_cannot_be_read_is_a_failure], World(folder))


if __name__ == '__main__':
    sys.exit(main())
