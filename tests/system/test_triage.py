#!/usr/bin/env python3
"""A responder's questions to the store of a made-up week, one command each.

    test_triage.py PORTOLAN PORTOLAN_GENERATE [--update]

triage/week.script says what happened in that week. Every answer is read as JSON, and held against
what is known of the script; CSV and Markdown of the same answers are only looked over. triage/answers/
holds the whole answer to each question, as people and as programs get it; --update writes them anew.
"""
import csv
import difflib
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, GENERATE = (str(Path(a).resolve()) for a in sys.argv[1:3])
TREE = Path(__file__).resolve().parent.parent.parent
os.environ['PORTOLAN_CONFIGS'] = str(TREE / 'configs')
WEEK = TREE / 'tests' / 'system' / 'triage' / 'week.script'


ANSWERS = WEEK.parent / 'answers'
UPDATE = '--update' in sys.argv
QUESTIONS = {
    'findings': ('findings',),
    'flows': ('flows', '--peer', '198.51.100.0/24', '--limit', '20'),
    'flows-of-finding': ('flows', '20260307T02'),
    'new': ('new', '--since', '2026-03-06'),
    'silent': ('silent', '--since', '2026-03-08'),
    'matrix': ('matrix', '--limit', '0'),
    'channels': ('channels', '--at', '2026-03-06T03:30:00Z'),
    'exposed': ('exposed',),
    'reached': ('reached', 'fmc-1', '--port', '443/tcp', '--outside', '10.0.0.0/8'),
    'rhythm': ('rhythm', '--since', '2026-03-06'),
    'timeline': ('timeline', '--since', '2026-03-06T03:00:00Z', '--until', '2026-03-06T05:00:00Z'),
    'coverage': ('coverage',),
    'why': ('why', '20260307T02'),
    'whatif': ('whatif', '--site', 'draft.yaml'),
}


class World:
    """The week's capture, its site, and its store."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.capture, self.site = self.folder / 'week.pcap', self.folder / 'week.yaml'
        subprocess.run([GENERATE, 'script', WEEK, '-o', self.capture, '--site', self.site], check=True)
        self.store = self.folder / 'store'
        self.summary = self.replay(self.store, self.capture)

    def replay(self, store, *arguments, site=None):
        return subprocess.run(
            [PORTOLAN, 'replay', '--site', site or self.site, '--store', store, *arguments],
            capture_output=True, text=True, check=True, cwd=self.folder).stdout

    def run(self, *words, store=None, status=0):
        done = subprocess.run([PORTOLAN, 'triage', *words, '--store', store or self.store],
                              capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done

    def ask(self, *words, store=None):
        """(rows, the last line)"""
        lines = [json.loads(line) for line in
                 self.run(*words, '--format', 'json', store=store).stdout.splitlines()]
        assert 'coverage' in lines[-1] and 'read' in lines[-1]
        return lines[:-1], lines[-1]



def steady(text, w):
    """an answer without what depends on the machine, the version and the profile's hash"""
    for pattern, name in ((re.escape(str(w.folder)), 'FOLDER'), (r'sha256:[0-9a-f]+', 'sha256:HASH'),
                          (r'"host":"[^"]*"', '"host":"HOST"'), (r'"version":"[^"]*"', '"version":"VERSION"')):
        text = re.sub(pattern, name, text)
    return text


def each_question_is_answered_as_it_was(w):
    (w.folder / 'draft.yaml').write_text(w.site.read_text() + 'features:\n  syslog-audit: {enabled: false}\n')
    asked = {word for words in QUESTIONS.values() for word in words[:1]}
    told = subprocess.run([PORTOLAN, 'triage', '--help'], capture_output=True, text=True, check=True).stdout
    every = set(re.findall(r'^  ([a-z]+)[A-Z ]*: ', told, re.M))
    assert every - asked == {'pcap', 'note', 'ack'}, every - asked  # these are no answers
    differ = []
    for name, words in QUESTIONS.items():
        for suffix, form in (('txt', 'table'), ('json', 'json')):
            if name == 'why' and suffix == 'json':
                continue
            answer = steady(w.run(*words, '--format', form).stdout, w)
            path = ANSWERS / f'{name}.{suffix}'
            if UPDATE:
                path.write_text(answer)
            elif not path.exists() or path.read_text() != answer:
                was = path.read_text().splitlines() if path.exists() else []
                differ.append('\n'.join(difflib.unified_diff(was, answer.splitlines(), path.name, 'now', n=1)))
    assert not differ, '\n'.join(differ)[:6000]


def of(rows, **wanted):
    return [r for r in rows if all(r[k] == v for k, v in wanted.items())]


def undocumented_connections_of_devices_between_two_and_four(w):
    rows, last = w.ask('findings', '--since', '2026-03-07 02:00', '--until', '2026-03-07 04:00',
                       '--verdict', 'unexpected-port')
    assert len(rows) == 1 and rows[0]['appliance'] == 'ftd-1' and rows[0]['port'] == '4444/tcp', rows
    assert rows[0]['severity'] == 3 and rows[0]['connection'] == 'established'
    assert rows[0]['id'] in w.summary, 'the summary names another id'
    assert last['coverage']['conclusive'] is True


def why_a_finding_reads_like_a_note(w):
    told = w.run('why', '20260307T02').stdout
    for words in ('unexpected-port, severity HIGH', 'ftd-1 outbound 4444/tcp to 198.51.100.23',
                  'evidence handshake, seen', 'this peer was not seen with ftd-1 before',
                  'extra_rules: [{role: managed-device, direction: outbound, port: 4444',
                  'triage flows 20260307T02', 'listened for 100.0 %', 'none were kept'):
        assert words in told, (words, told)
    assert "no finding 'nonsense'" in w.run('why', 'nonsense', status=1).stderr


def channels_and_since_when(w):
    rows, _ = w.ask('channels', '--at', '2026-03-06 03:30')
    assert {r['state'] for r in of(rows, other='ftd-2')} == {'refused'}, rows
    assert {r['state'] for r in rows if r['other'] != 'ftd-2'} == {'up'}
    rows, _ = w.ask('channels', '--appliance', 'ftd-2', '--limit', '0')
    states = [r['state'] for r in rows]
    assert states[0] in ('half', 'up') and 'reset' in states and 'refused' in states, states
    up = of(rows, state='up')
    assert len(up) == 2 and up[0]['until'].startswith('2026-03-06T02:56'), up
    assert up[1]['from'].startswith('2026-03-06T04:15'), up
    assert all(a['until'] == b['from'] for a, b in zip(rows, rows[1:])), 'bands have holes'


def rows_that_were_used_and_those_that_were_not(w):
    rows, _ = w.ask('matrix', '--limit', '0')
    assert of(rows, appliance='ftd-1', rule='managed-device/outbound/514/udp', state='used')
    assert not [r for r in rows if 'sftp' in r['rule']]
    assert of(rows, appliance='ftd-1', rule='(undocumented)', state='violated', violations=1)


def rows_that_nobody_used_are_listed_when_asked_for(w):
    used, last = w.ask('matrix', '--limit', '0')
    never, _ = w.ask('matrix', '--state', 'never', '--limit', '0')
    assert any('--state never' in note for note in last['notes']), last
    assert {r['state'] for r in never} == {'never'}
    assert len(of(never, appliance='ftd-1')) + len({
        r['rule'] for r in of(used, appliance='ftd-1') if r['rule'] != '(undocumented)'}) == 21
    assert of(never, appliance='fmc-1', rule='management-center/outbound/25/tcp')
    assert not of(never, appliance='ftd-1', rule='managed-device/outbound/514/udp')
    assert w.ask('matrix', '--state', 'violated')[0] == of(used, state='violated')


def a_port_may_be_named_without_its_transport(w):
    assert w.ask('findings', '--port', '4444')[0] == w.ask('findings', '--port', '4444/tcp')[0] != []
    assert w.ask('exposed', '--port', '514')[0] == w.ask('exposed', '--port', '514/udp')[0] != []


def a_finding_of_several_flows_says_what_it_is_about(w):
    rows, _ = w.ask('findings', '--verdict', 'enabled-feature-silent')
    assert len({r['about'] for r in rows}) == len(rows) > 10, rows
    assert all(r['about'] is None for r in w.ask('findings', '--verdict', 'unexpected-port')[0])


def flows_that_are_not_stored_are_said(w):
    _, last = w.ask('flows', '--peer', '198.51.100.23')
    assert any('only flagged flows are listed' in note for note in last['notes']), last
    _, last = w.ask('flows', '--peer', '192.0.2.99')
    assert not last['notes'], last


def what_is_in_clear(w):
    rows, _ = w.ask('exposed')
    assert {r['appliance'] for r in rows if 'syslog' in r['what']} == {'ftd-1', 'ftd-2', 'ftd-3'}, rows


def peers_that_are_new(w):
    rows, _ = w.ask('new', '--since', '2026-03-06')
    peers = {(r['appliance'], r['peer']) for r in of(rows, what='peer')}
    assert peers == {('fmc-1', '203.0.113.77'), ('fmc-1', '198.51.100.200'),
                     ('ftd-1', '198.51.100.23'), ('ftd-3', '198.51.100.23')}, peers
    rows, last = w.ask('new')
    assert any("give --since" in note for note in last["notes"]), last


def all_flows_of_a_peer_around_a_time(w):
    rows, _ = w.ask('flows', '--peer', '198.51.100.23', '--since', '2026-03-07T02:00:00Z',
                    '--until', '2026-03-07T03:00:00Z')
    assert len(rows) == 1 and rows[0]['responder'] == '198.51.100.23:4444', rows
    assert rows[0]['finding'].startswith('20260307T02')
    by_id, _ = w.ask('flows', '20260307T02')
    assert by_id == rows
    network, _ = w.ask('flows', '--peer', '198.51.100.0/24')
    assert network == rows  # only flagged flows are kept, unless the site says all


def what_stopped_and_when(w):
    rows, _ = w.ask('silent', '--since', '2026-03-08')
    assert [(r['appliance'], r['rule']) for r in rows] == [
        ('ftd-2', 'managed-device/outbound/514/udp')], rows
    assert rows[0]['last'].startswith('2026-03-07T13:50'), rows
    # also where it stopped within the window
    for words in (('--since', '2026-03-06'), ()):
        within, _ = w.ask('silent', *words)
        assert [(r['appliance'], r['rule'], r['last']) for r in within] == [
            (r['appliance'], r['rule'], r['last']) for r in rows], within
    _, last = w.ask('silent', '--until', '2026-03-02 06:00')
    assert any('too young' in note for note in last['notes']), last


def who_reached_the_management_center_from_outside(w):
    rows, _ = w.ask('reached', 'fmc-1', '--port', '443/tcp', '--outside', '10.0.0.0/8')
    assert [r['peer'] for r in rows] == ['198.51.100.200'], rows
    rows, _ = w.ask('reached', 'fmc-1', '--port', '443/tcp')
    assert {r['peer'] for r in rows} == {'198.51.100.200', '10.1.9.20'}


def what_calls_home_at_intervals(w):
    rows, _ = w.ask('rhythm', '--since', '2026-03-06')
    beacons = [r for r in rows if r['new']]
    assert [(r['appliance'], r['peer']) for r in beacons] == [('ftd-3', '198.51.100.23')], rows
    assert beacons[0]['every'] == 600 * 10 ** 9 and beacons[0]['jitter_percent'] <= 1


def what_differs_from_the_learning_time_is_a_finding(w):
    store = w.folder / 'learned'
    events = w.folder / 'learned.jsonl'
    summary = w.replay(store, '--learn', '3d', '--events', events, w.capture)
    rows, _ = w.ask('findings', '--limit', '0', store=store)
    found = {(r['verdict'], r['appliance'], r['peer'] or r['rule']): r for r in rows
             if r['verdict'] in ('new-peer', 'regular-connections', 'quiet-row', 'appliance-not-seen')}
    # What the script does, and nothing else: its downloads end on Sunday at 20:46.
    assert set(found) == {
        ('new-peer', 'ftd-3', '198.51.100.23'), ('new-peer', 'fmc-1', '203.0.113.77'),
        ('regular-connections', 'ftd-3', '198.51.100.23'),
        ('quiet-row', 'ftd-2', 'managed-device/outbound/514/udp'),
        ('quiet-row', 'fmc-1', 'management-center/outbound/443/tcp')}, found
    assert all(r['severity'] == 1 for r in found.values())
    told = [json.loads(line) for line in events.read_text().splitlines()]
    ids = {e['portolan']['finding']['id'] for e in told
           if e['portolan'].get('relation', {}).get('kind') in {k for k, _, _ in found}}
    assert ids == {r['id'] for r in found.values()}, 'events and store have other ids'
    assert 'every 600 s (jitter 0 %), 300 times' in summary
    why = w.run('why', found['quiet-row', 'ftd-2', 'managed-device/outbound/514/udp']['id'], store=store)
    assert 'last on 2026-03-07 13:50' in why.stdout
    # again from the same captures: nothing is told twice; without being asked, nothing is told
    again = w.replay(store, '--learn', '3d', w.capture)
    assert 'BASELINE' not in again and 'BASELINE' not in w.summary


def nothing_is_inconclusive_where_one_side_is_missing(w):
    words = ('findings', '--since', '2026-03-07 09:55', '--until', '2026-03-07 11:05')
    rows, last = w.ask(*words)
    assert rows == [] and last['coverage']['conclusive'] is False
    assert re.search('one side only of many TCP connections, 2026-03-07 10:00',
                     ' '.join(last['coverage']['reasons'])), last
    assert 'inconclusive' in w.run(*words).stdout
    quiet = w.run('findings', '--since', '2026-03-04', '--until', '2026-03-05').stdout
    assert quiet.startswith('nothing\n'), quiet


def nothing_is_inconclusive_where_nobody_listened(w):
    told = w.run('findings', '--since', '2026-02-01', '--until', '2026-03-01').stdout
    assert 'inconclusive' in told and 'listened for 0.0 %' in told, told


def what_another_policy_would_have_said(w):
    draft = w.folder / 'draft.yaml'
    draft.write_text(w.site.read_text() + 'features:\n  syslog-audit: {enabled: false}\nextra_rules:\n'
                     '  - {role: managed-device, direction: outbound, port: 4444, transport: tcp,'
                     ' feature: shell}\n')
    rows, last = w.ask('whatif', '--site', draft)
    changed = {(r['appliance'], r['port'], r['was'], r['would_be'], r['judged_by']) for r in rows}
    assert changed == {('ftd-1', '4444/tcp', 'unexpected-port', 'expected', 'flows')} | {
        (f'ftd-{i}', '514/udp', 'expected', 'feature-disabled', 'sums') for i in (1, 2, 3)}, changed
    assert re.search(r'classified one by one, with the detected protocol: 1', ' '.join(last['notes'])), last
    assert w.ask('whatif', '--site', w.site)[0] == []


def another_policy_judges_what_was_spoken(w):
    script, site, capture = (w.folder / f'spoken.{x}' for x in ('script', 'yaml', 'pcap'))
    script.write_text('host ftd-1 10.20.0.1 role managed-device\n'
                      '0 tcp ftd-1:47001 > 198.51.100.23:4444 handshake data ssh-banner ssh-server-banner close\n'
                      '9 tcp ftd-1:47002 > 198.51.100.23:4445 handshake close\n')
    subprocess.run([GENERATE, 'script', script, '-o', capture, '--site', site], check=True)
    store = w.folder / 'spoken'
    w.replay(store, capture, site=site)
    for service, verdict in (('ssh', 'expected'), ('tls', 'wrong-service')):
        draft = w.folder / f'{service}.yaml'
        draft.write_text(site.read_text() + 'extra_rules:\n' + ''.join(
            f'  - {{role: managed-device, direction: outbound, port: {port}, transport: tcp,'
            f' feature: shell, service: {service}}}\n' for port in (4444, 4445)))
        rows, last = w.ask('whatif', '--site', draft, store=store)
        assert [(r['port'], r['would_be'], r['judged_by']) for r in rows] == [
            ('4444/tcp', verdict, 'flows'), ('4445/tcp', 'expected', 'flows')], rows
        assert 'of 1 flows that change the protocol was not detected' in ' '.join(last['notes']), last


def another_policy_judges_all_flows_where_all_are_stored(w):
    keeps = w.folder / 'keeps.yaml'
    store = w.folder / 'all'
    keeps.write_text(w.site.read_text() + f'store: {{path: {store}, flows: all}}\n')
    w.replay(store, w.capture, site=keeps)
    draft = w.folder / 'draft.yaml'
    draft.write_text(w.site.read_text() + 'features:\n  syslog-audit: {enabled: false}\n')
    rows, last = w.ask('whatif', '--site', draft, store=store)
    assert [(r['appliance'], r['flows'], r['judged_by']) for r in rows] == [
        (f'ftd-{i}', n, 'flows') for i, n in ((1, 1000), (2, 804), (3, 1000))], rows
    assert last['read']['segments'] == last['read']['of_segments'] > 10, last
    assert not re.search('sums of', ' '.join(last['notes'])), last
    window = ('--since', '2026-03-02T06:00:00Z', '--until', '2026-03-02T08:00:00Z')
    short, _ = w.ask('whatif', '--site', draft, *window, store=store)
    assert 0 < sum(r['flows'] for r in short) <= sum(r['flows'] for r in rows), short
    only, _ = w.ask('whatif', '--site', draft, '--appliance', 'ftd-2', '--port', '514/udp', store=store)
    assert {r['appliance'] for r in only} == {'ftd-2'}, only


def the_packets_of_a_finding(w):
    store, folder, out = w.folder / 'kept', w.folder / 'packets', w.folder / 'one.pcapng'
    w.replay(store, '--evidence', folder, w.capture)
    told = w.run('pcap', '20260307T02', '--output', out, store=store)
    assert '10 packets of 20260307T02' in told.stderr, told.stderr
    assert f'10 in {folder}' in w.run('why', '20260307T02', store=store).stdout
    again = subprocess.run([PORTOLAN, 'replay', '--site', w.site, '--stats', '-', out],
                           capture_output=True, text=True, check=True).stdout
    assert json.loads(again)['verdict']['packets']['unexpected-port'] == 10
    assert 'no packets of' in w.run('pcap', '20260307T02', '--output', w.folder / 'x', status=1).stderr
    assert w.run('pcap', '20260307T02', '--output', out, store=store, status=1).stderr, 'overwrites'


def a_page_for_a_ticket(w):
    page = w.run('timeline', '--format', 'html').stdout
    assert page.startswith('<!DOCTYPE html>') and '20260307T02' in page and '<script' not in page
    out = w.folder / 'report.html'
    subprocess.run([PORTOLAN, 'replay', '--site', w.site, '--report', out, w.capture],
                   capture_output=True, check=True)
    text = out.read_text()
    for words in ('ftd-1', '4444/tcp', 'one side only of many TCP connections', 'week.pcap', '10 packets'):
        assert words in text, words
    assert 'html is for timeline' in w.run('findings', '--format', 'html', status=2).stderr


def a_timeline_is_in_the_order_of_time(w):
    rows, _ = w.ask('timeline', '--limit', '0')
    times = [r['time'] for r in rows]
    assert times == sorted(times)
    what = {r['what'] for r in rows}
    assert {'replay begins', 'replay stopped', 'policy', 'connection up', 'connection refused',
            'finding new'} <= what, what
    of_one, _ = w.ask('timeline', '--appliance', 'ftd-1', '--limit', '0')
    assert [r for r in of_one if r['what'].startswith('connection')] == \
        [r for r in rows if r['what'].startswith('connection') and re.search(r'\bftd-1\b', r['text'])]
    some, last = w.ask('timeline', '--limit', '7')
    assert some == rows[:7] and last['read']['more'] == len(rows) - 7
    some, last = w.ask('timeline', '--appliance', 'ftd-1', '--limit', '7')
    assert some == of_one[:7] and last['read']['more'] == len(of_one) - 7


def notes_are_kept(w):
    w.run('note', '20260307T02', 'the shell of the implant; ticket 4711')
    w.run('ack', '20260307T02')
    told = w.run('why', '20260307T02').stdout
    assert 'the shell of the implant; ticket 4711' in told and 'acknowledged' in told
    rows, _ = w.ask('findings', '--state', 'acknowledged')
    assert len(rows) == 1 and rows[0]['acknowledged'] is True and rows[0]['notes'] == 1


def two_captures_become_one_store(w):
    """the policy changes in between, and findings keep their ids"""
    halves = [w.folder / 'first.pcap', w.folder / 'second.pcap']
    if subprocess.run(['which', 'editcap'], capture_output=True, check=False).returncode:
        raise Skip('needs editcap')
    cut = ('2026-03-05T00:00:00Z', '2026-03-05T00:00:00Z')
    subprocess.run(['editcap', '-B', cut[0], w.capture, halves[0]], check=True)
    subprocess.run(['editcap', '-A', cut[1], w.capture, halves[1]], check=True)
    other = w.folder / 'other.yaml'
    other.write_text(w.site.read_text() + 'features:\n  captive-portal: {enabled: false}\n')
    store = w.folder / 'halves'
    w.replay(store, halves[0])
    w.replay(store, halves[1], site=other)
    both, last = w.ask('findings', '--verdict', 'unexpected-port', store=store)
    whole, _ = w.ask('findings', '--verdict', 'unexpected-port')
    assert [r['id'] for r in both] == [r['id'] for r in whole]
    policies = of(w.ask('timeline', '--limit', '0', store=store)[0], what='policy')
    assert len({r['text'] for r in policies}) == 2
    assert last['coverage']['share'] > 0.999


def the_same_answer_in_every_format(w):
    rows, _ = w.ask('matrix', '--limit', '0')
    table = list(csv.DictReader(io.StringIO(
        w.run('matrix', '--limit', '0', '--format', 'csv').stdout)))
    assert [r['rule'] for r in table] == [r['rule'] for r in rows]
    assert [int(r['flows']) for r in table] == [r['flows'] for r in rows]
    lines = w.run('matrix', '--limit', '0', '--format', 'markdown').stdout.splitlines()
    assert len([x for x in lines if x.startswith('| ')]) == len(rows) + 2


def what_is_left_out_is_said(w):
    told = w.run('matrix', '--limit', '2').stdout
    assert re.search(r'\d+ more: --limit 0 shows all', told), told
    _, last = w.ask('matrix', '--limit', '2')
    assert last['read']['complete'] is False and last['read']['more'] > 0


def wrong_questions_say_what_would_be_right(w):
    for words, want in ((('nonsense',), "unknown question 'nonsense'"),
                        (('findings', '--since', 'soon'), 'want a time such as'),
                        (('findings', '--peer', 'x'), 'want an address or a network'),
                        (('findings', '--since', '2h', '--until', '3h'), 'later than'),
                        (('why',), 'want an id'),
                        (('findingz',), 'want "findings"'),
                        (('findings', '--appliance', 'fmc1'), 'no appliance \'fmc1\'; want "fmc-1"'),
                        (('reached', 'ftd-9'), "no appliance 'ftd-9'"),
                        (('flows', '--verdict', 'unexpectedport'), 'want "unexpected-port"'),
                        (('findings', '--port', 'https'), 'want a port such as 443'),
                        (('findings', '--at', '2h'), 'findings does not look at --at'),
                        (('coverage', '--peer', '10.0.0.1'), 'coverage does not look at --peer'),
                        (('findings', '--state', 'never'), 'is of matrix'),
                        (('matrix', '--state', 'new'), 'is of findings')):
        done = w.run(*words, status=2)
        assert want in done.stderr and not done.stdout, done.stderr
    done = subprocess.run([PORTOLAN, 'triage', 'findings'], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and '--store DIR' in done.stderr
    assert 'no store there' in w.run('findings', store=w.folder, status=1).stderr


def people_can_ask_with_sqlite(w):
    """the tables that docs/store.md describes"""
    state = sqlite3.connect(f'file:{w.store}/state.db?mode=ro', uri=True)
    assert state.execute('PRAGMA application_id').fetchone()[0] == 0x70746c53
    assert state.execute('PRAGMA user_version').fetchone()[0] == 2
    tables = {r[0] for r in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    text = (TREE / 'docs' / 'store.md').read_text()
    assert not [t for t in tables if f'`{t}`' not in text], tables
    for segment in w.store.glob('flows-*.db'):
        flows = sqlite3.connect(f'file:{segment}?mode=ro', uri=True)
        row = flows.execute('SELECT start, initiator, responder, verdict FROM flows').fetchone()
        assert re.match(r'2026-03-0\dT.*Z$', row[0]) and row[1].count('.') == 3, row
        assert segment.stat().st_mode & 0o777 == 0o640
    assert w.store.stat().st_mode & 0o777 == 0o750


TESTS = [each_question_is_answered_as_it_was,
         undocumented_connections_of_devices_between_two_and_four,
         why_a_finding_reads_like_a_note,
         channels_and_since_when,
         rows_that_were_used_and_those_that_were_not,
         rows_that_nobody_used_are_listed_when_asked_for,
         a_port_may_be_named_without_its_transport,
         a_finding_of_several_flows_says_what_it_is_about,
         flows_that_are_not_stored_are_said,
         what_is_in_clear,
         peers_that_are_new,
         all_flows_of_a_peer_around_a_time,
         what_stopped_and_when,
         who_reached_the_management_center_from_outside,
         what_calls_home_at_intervals,
         what_differs_from_the_learning_time_is_a_finding,
         nothing_is_inconclusive_where_one_side_is_missing,
         nothing_is_inconclusive_where_nobody_listened,
         what_another_policy_would_have_said,
         another_policy_judges_what_was_spoken,
         another_policy_judges_all_flows_where_all_are_stored,
         the_packets_of_a_finding,
         a_page_for_a_ticket,
         a_timeline_is_in_the_order_of_time,
         notes_are_kept,
         two_captures_become_one_store,
         the_same_answer_in_every_format,
         what_is_left_out_is_said,
         wrong_questions_say_what_would_be_right,
         people_can_ask_with_sqlite]


def main():
    with tempfile.TemporaryDirectory() as folder:
        return tap.run(TESTS, World(folder))


if __name__ == '__main__':
    sys.exit(main())
