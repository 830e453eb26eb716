#!/usr/bin/env python3
"""Measures portolan beside the machine's floor, beside libpcap and beside its peers.

    compare.py BUILD [--rounds N] [--document FILE] [--without-peers]

BUILD is a build directory. The generator makes A (64-byte frames, 1,000 flows), B (64-byte
frames, 1,000,000 flows) and C (IMIX with handshakes, 10,000 flows), each with all flows
monitored and with 1 %, flows that begin with every packet, and flows of 200 packets. Everything
runs pinned to one core; what is compared runs in turn, round after round; the first round is
thrown away; medians are printed. A replay is measured as a process from its start to its end;
"first start" is one that has to compile the signatures. Peers that are not installed are left
out, and said. With --document the tables, and when and on what they were measured, replace
what stands between the markers in FILE.
"""
import argparse
import datetime
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

CORE = max(os.sched_getaffinity(0))
GOALS = {'core A': 2.0, 'core B': 2.0, 'core A 1 %': 1.6, 'core B 1 %': 1.6, 'core flood': 4.0}

OPENINGS = {'DNS queries': 'udp/53/dns-query', 'TLS hellos': 'tcp/443/tls-client-hello',
            'random bytes over TCP': 'tcp/443/random(200)',
            'random bytes over UDP': 'udp/443/random(200)'}


def generate(build):
    """paths of the captures by name, and of their site"""
    folder = os.path.join(build, 'captures')
    os.makedirs(folder, exist_ok=True)
    tool = os.path.join(build, 'bench', 'generate', 'portolan-generate')
    site = os.path.join(folder, 'site.yaml')
    subprocess.run([tool, 'site', '-o', site], check=True)
    made = {}
    for name, options in {
            'A': ['--mix', 'a'], 'B': ['--mix', 'b'], 'C': ['--mix', 'c'],
            'A 1 %': ['--mix', 'a', '--monitored', '1%'],
            'B 1 %': ['--mix', 'b', '--monitored', '1%'],
            'flood': ['--mix', 'b', '--syn-flood'],
            'A 100000': ['--mix', 'a', '--packets', '100000'],
            'C 200': ['--mix', 'c', '--flows', '5000', '--alive', '100', '--rate', '250'],
            **{name: ['--opening', opening, '--packets', '300000', '--rate', '1000']
               for name, opening in OPENINGS.items()}}.items():
        made[name] = os.path.join(folder, name.replace(' %', 'percent').replace(' ', '-') + '.pcap')
        if not os.path.exists(made[name]):
            subprocess.run([tool, 'load', *options, '-o', made[name]], check=True)
    return made, site


def seconds(command):
    start = time.monotonic()
    run = subprocess.run(['taskset', '-c', str(CORE), *command], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, check=False)
    took = time.monotonic() - start
    return took if run.returncode in (0, 1) else None


def interleaved(commands, rounds, thrown_away=1):
    """name -> median seconds, or None where it failed"""
    times = {name: [] for name in commands}
    for i in range(1 - thrown_away, rounds + 1):
        for name, command in commands.items():
            if None in times[name]:
                continue
            took = seconds(command)
            if i > 0 or took is None:
                times[name].append(took)
    return {name: None if not t or None in t else statistics.median(t)
            for name, t in times.items()}


def benched(portolan, site, rounds, capture, *options, pinned=True):
    command = [portolan, 'bench', '--site', site, '--rounds', str(rounds), '--json', *options, capture]
    run = subprocess.run(['taskset', '-c', str(CORE), *command] if pinned else command,
                         capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def core_table(portolan, captures, site, rounds):
    lines = ['| core, one thread | Mpps | cycles a packet | floor, ns | core, ns | ratio | goal |',
             '| --- | --- | --- | --- | --- | --- | --- |']
    for name in ('A', 'B', 'C', 'A 1 %', 'B 1 %', 'flood'):
        r = benched(portolan, site, rounds, captures[name])
        print('measured: core', name, file=sys.stderr)
        floor = r['floor_header_ns']
        if not name.endswith('1 %'):
            floor += r['floor_flow_ns']
        goal = GOALS.get('core ' + name)
        lines.append(f"| {name} | {r['mpps']:.1f} | {r['cycles_per_packet']:.0f} | {floor:.1f} | "
                     f"{r['ns_per_packet']:.1f} | {r['ns_per_packet'] / floor:.2f} | "
                     f"{goal if goal else ''} |")
    return lines


def opened_table(portolan, captures, site, rounds):
    """every packet opens a flow and has a payload: a millisecond apart, so that when the capture
    comes round again all have timed out; and the same with a table that holds half of them, where
    what is worth no more than those that are there is judged and counted without a flow"""
    full = os.path.join(os.path.dirname(site), 'full.yaml')
    with open(site) as f, open(full, 'w') as out:
        out.write(f.read() + 'flow: {max: 131072}\n')
    lines = ['| every packet a new flow, looked into | million/s | with a full table | goal |',
             '| --- | --- | --- | --- |']
    for name in OPENINGS:
        free, filled = (benched(portolan, s, rounds, captures[name])['mpps'] for s in (site, full))
        lines.append(f'| {name} | {free:.2f} | {filled:.2f} | 3 |')
    print('measured: new flows', file=sys.stderr)
    return lines


def inspection_table(portolan, captures, site, rounds):
    """what it costs to look at what is spoken where a flow has 200 packets: a hundred flows at a
    time, so that when the capture comes round again all have timed out"""
    pairs = [[benched(portolan, site, rounds, captures['C 200'], *o)['ns_per_packet']
              for o in ([], ['--uninspected'])] for _ in range(3)]
    looked, not_looked = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    print('measured: inspection', file=sys.stderr)
    return ['| C, 200 packets a flow | looked into, ns | not looked into, ns | ratio | goal |',
            '| --- | --- | --- | --- | --- |',
            f'| core, one thread | {looked:.1f} | {not_looked:.1f} | {looked / not_looked:.2f} | 1.1 |']


def workers_table(portolan, captures, site, rounds):
    """two workers on two cores beside one"""
    if len(os.sched_getaffinity(0)) < 2:
        return ['Two workers were not measured: there is one core.']
    lines = ['| workers | one, Mpps | two, Mpps | ratio | goal |', '| --- | --- | --- | --- | --- |']
    for name in ('A', 'B', 'C'):
        mpps = [benched(portolan, site, rounds, captures[name], '--workers', str(n),
                        pinned=False)['mpps'] for n in (1, 2)]
        print('measured: two workers', name, file=sys.stderr)
        lines.append(f'| {name} | {mpps[0]:.1f} | {mpps[1]:.1f} | {mpps[1] / mpps[0]:.2f} | 1.8 |')
    return lines


def received_by_testpmd(device, duration, *options):
    """packets a second of DPDK's own program that receives and counts"""
    command = ['dpdk-testpmd', '-l', '0,1', '--main-lcore', '0', '--no-pci', '--in-memory', '--vdev',
               device, '--', '--forward-mode=rxonly', '--total-num-mbufs=140000', '--nb-cores=1',
               '--rxq=1', '--txq=1', '--no-lsc-interrupt', '--auto-start', '--stats-period', '1',
               *options]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True)
    time.sleep(duration + 3)
    run.terminate()
    rates = [int(n) for n in re.findall(r'Rx-pps:\s+(\d+)', run.communicate()[0])]
    return statistics.median(rates[2:]) if len(rates) > 3 else None


def snapshot_of(portolan, control):
    """when, in seconds, and how many packets by then"""
    run = subprocess.run([portolan, 'status', '--json', '--socket', control], text=True,
                         capture_output=True, check=True)
    status = json.loads(run.stdout)['result']
    whole, _, part = status['now'].rstrip('Z').partition('.')
    when = datetime.datetime.fromisoformat(whole).timestamp() + float('0.' + part)
    return when, status['accounting']['frames']['received']


def received_by_portolan(portolan, device, site, duration):
    """packets a second between two answers of the sensor: as testpmd's, without its start"""
    folder = os.path.dirname(site)
    path, control = os.path.join(folder, 'dpdk.yaml'), os.path.join(folder, 'control.sock')
    with open(site) as f, open(path, 'w') as out:
        out.write(f.read() + 'capture:\n  source: dpdk\n  dpdk: {devices: ["' + device +
                  '"], lcores: "1"}\noutputs: {control: {socket: ' + control + '}}\n')
    run = subprocess.Popen([portolan, 'run', '--site', path], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    time.sleep(3)
    first = snapshot_of(portolan, control)
    time.sleep(duration)
    last = snapshot_of(portolan, control)
    run.terminate()
    run.wait()
    return (last[1] - first[1]) / (last[0] - first[0])


def dpdk_table(portolan, captures, site):
    """the whole worker beside testpmd, both reading 100,000 packets of A over and over: bound by
    memory, which neighbours of a virtual machine share, so the fastest rounds are told as well.
    Ours makes buffers as long as the file's frames; testpmd makes them of 2 KiB, as it does by
    itself, and in rounds of their own as small as ours"""
    if not shutil.which('dpdk-testpmd') or os.geteuid() != 0:
        return ['DPDK was not measured: it takes root, two cores and dpdk-testpmd (dpdk-dev).']
    device = f'net_pcap0,rx_pcap={captures["A 100000"]},infinite_rx=1'
    rates = {'testpmd': [], 'small': [], 'portolan': []}
    for _ in range(7):
        rates['testpmd'].append(received_by_testpmd(device, 5))
        rates['small'].append(received_by_testpmd(device, 5, '--mbuf-size=192'))
        rates['portolan'].append(received_by_portolan(portolan, device, site, 4))
    print('measured: DPDK', file=sys.stderr)
    if None in rates['testpmd'] + rates['small']:
        return ['DPDK was not measured: dpdk-testpmd said no rate.']
    lines = ['| DPDK, net_pcap, A | testpmd rxonly, Mpps | portolan, Mpps | ratio | goal |',
             '| --- | --- | --- | --- | --- |']
    for name, peer, of, goal in (
            ('medians', 'testpmd', statistics.median, '0.5'),
            ('fastest rounds', 'testpmd', max, '0.5'),
            ("medians, testpmd's buffers as small as ours", 'small', statistics.median, '0.5'),
            ("fastest rounds, testpmd's buffers as small as ours", 'small', max, '0.5')):
        theirs, ours = (of(rates[n]) / 1e6 for n in (peer, 'portolan'))
        lines.append(f'| one worker, {name} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} | {goal} |')
    return lines


def peers(capture, temporary):
    found = {'ndpiReader': ['-q', '-i', capture], 'softflowd': ['-m', '2000000', '-r', capture],
             'nfpcapd': ['-r', capture, '-l', temporary], 'argus': ['-r', capture, '-w', '/dev/null'],
             'tshark': ['-q', '-z', 'conv,tcp', '-r', capture]}
    return {name: [path, *arguments] for name, arguments in found.items()
            if (path := shutil.which(name) or shutil.which('/usr/sbin/' + name))}


def replay_table(build, captures, site, rounds, with_peers):
    portolan = os.path.join(build, 'control', 'portolan')
    temporary = os.path.join(build, 'captures', 'nfcapd')
    cache = os.path.join(build, 'captures', 'cache')
    os.makedirs(temporary, exist_ok=True)
    lines = ['| from a file | packets | first start | portolan | pcap_next_ex alone | ratio | '
             'fastest peer | ratio |', '| --- | --- | --- | --- | --- | --- | --- | --- |']
    missing = set()
    for name in ('A', 'B', 'C'):
        replay = [portolan, 'replay', '--site', site, '--stats',
                  os.path.join(build, 'captures', 'stats.json'), captures[name]]
        commands = {
            'portolan': ['env', 'PORTOLAN_CACHE=' + os.path.abspath(cache), *replay],
            'first': ['env', 'PORTOLAN_CACHE=off', *replay],
            'bare': [os.path.join(build, 'bench', 'bench_read'), captures[name]]}
        there = peers(captures[name], temporary) if with_peers else {}
        missing |= {'ndpiReader', 'softflowd', 'nfpcapd', 'argus', 'tshark'} - set(there)
        quick = interleaved(commands, rounds)
        slow = interleaved(there, 1, 0) if name == 'B' else interleaved(there, 2)
        fastest = min((t, n) for n, t in slow.items() if t) if any(slow.values()) else None
        packets = {'A': 1, 'B': 4, 'C': 1}[name]
        print('measured:', name, file=sys.stderr)
        lines.append(
            f"| {name} | {packets},000,000 | {quick['first']:.3f} s | {quick['portolan']:.3f} s | "
            f"{quick['bare']:.3f} s | "
            f"{quick['bare'] / quick['portolan']:.2f} x its speed | " +
            (f"{fastest[1]} {fastest[0]:.2f} s | {fastest[0] / quick['portolan']:.1f} x its speed |"
             if fastest else '| |'))
    if not with_peers:
        lines += ['', 'The peers were not run.']
    elif missing:
        lines += ['', 'Not installed: ' + ', '.join(sorted(missing)) + '.']
    return lines


def machine():
    """a line that says when, what and on what was measured"""
    with open('/proc/cpuinfo') as f:
        model = re.search(r'^model name\s*: (.*)$', f.read(), re.M)
    commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], capture_output=True, text=True,
                            check=False).stdout.strip()
    return (f"Measured on {datetime.date.today()}{' at commit ' + commit if commit else ''}, on "
            f"{len(os.sched_getaffinity(0))} cores of: {model[1] if model else 'unknown'}.")


def write_document(path, lines):
    with open(path) as f:
        text = f.read()
    begin, end = '<!-- bench -->\n', '<!-- /bench -->'
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    with open(path, 'w') as f:
        f.write(before + begin + '\n'.join([machine(), '', *lines]) + '\n' + end + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--document')
    parser.add_argument('--without-peers', action='store_true')
    a = parser.parse_args()
    captures, site = generate(a.build)
    portolan = os.path.join(a.build, 'control', 'portolan')
    lines = core_table(portolan, captures, site, a.rounds)
    lines += [''] + opened_table(portolan, captures, site, a.rounds)
    lines += [''] + inspection_table(portolan, captures, site, a.rounds)
    lines += [''] + workers_table(portolan, captures, site, a.rounds)
    lines += [''] + dpdk_table(portolan, captures, site)
    lines += [''] + replay_table(a.build, captures, site, a.rounds, not a.without_peers)
    print('\n'.join(lines))
    if a.document:
        write_document(a.document, lines)
    return 0


if __name__ == '__main__':
    sys.exit(main())
