#!/usr/bin/env python3
"""The command line, seen from outside: exit statuses, messages, streams (DESIGN 8).

usage: test_cli.py PORTOLAN PORTOLAN-GENERATE [CASE…]

Every function whose name begins with `test_` is a case, and its name the sentence.
"""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
COMMANDS = ["replay", "check", "policy", "explain", "discover", "import", "diff", "doctor", "bench"]

SITE = """appliances:
  - {name: fmc-1, role: management-center, addresses: [10.10.0.5]}
  - {name: ftd-1, role: managed-device, addresses: [10.20.0.1]}
"""
TRAFFIC = """host fmc 10.10.0.5
host ftd 10.20.0.1
host stranger 198.51.100.66
0 tcp ftd:40001 > fmc:8305 handshake data tls-client-hello tls-server-hello close
1 tcp fmc:40002 > ftd:8305 handshake data tls-client-hello tls-server-hello
2 tcp stranger:50001 > ftd:4444 handshake data 100 100 close
3 udp ftd:40003 > 10.1.1.14:514 send syslog repeat 50 every 10ms
5 tcp stranger:50002 > 10.1.1.14:443 handshake close
6 tcp ftd:40004 > 203.0.113.9:443 handshake close
"""
CHANNELS = """host fmc 10.10.0.5
host ftd-1 10.20.0.1
host ftd-2 10.20.0.2
host prober 198.51.100.66
host stranger 198.51.100.77
host web 198.51.100.88
define hellos data tls-client-hello tls-server-hello
define beat data tls-data(180) tls-data(90)
0 tcp ftd-1:40001 > fmc:8305 handshake hellos beat times 20 every 2s
1 tcp fmc:40002 > ftd-2:8305 handshake hellos beat times 20 every 2s
2 tcp prober:50001 > ftd-1:8305 handshake hellos close
3 tcp prober:50002 > ftd-2:8305 handshake hellos close
4 tcp stranger:50003 > ftd-1:8305 handshake hellos
5 tcp ftd-1:8305 > web:443 handshake hellos beat times 20 every 2s
"""
QUIET = "host ftd 10.20.0.1\n0 udp ftd:40003 > 10.1.1.14:514 send syslog\n"

PORTOLAN = GENERATE = ""


class World:
    """A scratch folder with a site and captures, and ways to run portolan in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.site = self.write("site.yaml", SITE)
        self.capture = self.make("capture.pcap", TRAFFIC)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def make(self, name, script, *options):
        out = str(self.folder / name)
        source = self.write(name + ".script", script)
        subprocess.run([GENERATE, "script", source, "-o", out, *options], check=True)
        return out

    def run(self, *arguments, stdin=subprocess.DEVNULL, env=None, **more):
        environment = {**os.environ, "PORTOLAN_CONFIGS": str(TREE / "configs"), **(env or {})}
        more.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([PORTOLAN, *map(str, arguments)], stdin=stdin, stderr=subprocess.PIPE,
                              text=True, timeout=60, env=environment, **more)

    def replay(self, *arguments, **more):
        return self.run("replay", "--site", self.site, *arguments, **more)

    def stats(self, *captures, **more):
        out = self.folder / "stats.json"
        done = self.replay("--stats", out, *captures, **more)
        return done, json.loads(out.read_text())

    def records(self):
        """Where the records of the whole capture lie in the file."""
        data, at, ends = pathlib.Path(self.capture).read_bytes(), 24, []
        while at < len(data):
            at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
            ends.append(at)
        return data, ends


def equal(found, want, what="value"):
    assert found == want, f"{what}: found {found!r}, want {want!r}"


def status(done, want):
    assert done.returncode == want, f"exit status: found {done.returncode}, want {want}; stderr: {done.stderr!r}"


def complains(done, want_status, *words):
    """One `portolan: what: why` on standard error, with these words."""
    status(done, want_status)
    lines = done.stderr.splitlines()
    assert lines and lines[0].startswith("portolan: "), f"standard error: {done.stderr!r}"
    assert ": " in lines[0][len("portolan: "):], f"no `what: why`: {lines[0]!r}"
    for word in words:
        assert word in done.stderr, f"standard error lacks {word!r}: {done.stderr!r}"


def silent(done):
    equal(done.stderr, "", "standard error")


# --- captures that are not what they should be ----------------------------------------------


def test_a_capture_cut_in_the_middle_of_a_record_is_said_and_what_was_read_counts(w):
    data, ends = w.records()
    for cut in (ends[10] + 5, ends[10] + 20):
        path = w.write("cut.pcap", data[:cut])
        done, stats = w.stats(path)
        complains(done, 1, "cut.pcap")
        equal(stats["frames"]["received"], 11)
        assert "flows" in done.stdout or "packets" in done.stdout, "no summary"


def test_what_follows_a_broken_capture_is_read(w):
    data, ends = w.records()
    cut = w.write("cut.pcap", data[:ends[10] + 5])
    done, stats = w.stats(cut, w.capture)
    complains(done, 1, "cut.pcap")
    equal(stats["frames"]["received"], 11 + len(ends))


def test_an_empty_file_is_no_capture(w):
    done, stats = w.stats(w.write("empty.pcap", b""))
    complains(done, 1, "empty.pcap")
    equal(stats["frames"]["received"], 0)


def test_a_text_file_is_no_capture(w):
    complains(w.replay(w.write("text.pcap", "hello, this is only text, no capture at all")), 1, "text.pcap")


def test_a_directory_is_no_capture(w):
    complains(w.replay(w.folder), 1, str(w.folder), "directory")


def test_a_missing_file_is_said(w):
    complains(w.replay(w.folder / "no-such.pcap"), 1, "no-such.pcap", "No such file")


def test_a_capture_without_packets_is_fine(w):
    data, _ = w.records()
    done, stats = w.stats(w.write("none.pcap", data[:24]))
    status(done, 0)
    equal(stats["frames"]["received"], 0)


# --- where output cannot go -------------------------------------------------------------------


def test_a_full_disk_is_said_for_every_output(w):
    for option in ("--flows", "--events", "--stats"):
        done = w.replay(option, "/dev/full", w.capture)
        complains(done, 1, "/dev/full", "No space left")
        assert "packets" in done.stdout, f"{option}: the summary is gone too"


def test_a_full_disk_is_said_for_standard_output(w):
    with open("/dev/full", "w", encoding="ascii") as full:
        complains(w.replay(w.capture, stdout=full), 1, "No space left")
        for arguments in (["policy"], ["policy", "--format", "csv"], ["policy", "--format", "json"],
                          ["check", "--site", w.site], ["discover", w.capture],
                          ["import", w.write("one.csv", "name,role,addresses\na-1,ftd,10.0.0.1\n")],
                          ["explain", "--site", w.site, "tcp", "10.20.0.1:1", "10.10.0.5:8305"],
                          ["diff", "cloud-delivered", "on-premises-7"], ["--help"], ["replay", "--help"],
                          ["--version"]):
            done = w.run(*arguments, stdout=full)
            complains(done, 1, "No space left")


def test_an_output_that_cannot_be_opened_is_said_before_anything_is_read(w):
    for option in ("--flows", "--events", "--stats"):
        complains(w.replay(option, w.folder / "no" / "such" / "folder", w.capture), 1, "such/folder")


def test_a_closed_pipe_ends_it_without_a_word(w):
    for arguments in (["replay", "--site", w.site, w.capture],
                      ["replay", "--site", w.site, "--flows", "-", w.capture],
                      ["policy", "--format", "csv"]):
        read, write = os.pipe()
        os.close(read)
        done = w.run(*arguments, stdout=write)
        os.close(write)
        equal(done.returncode, 1, "exit status")
        assert "portolan:" not in done.stderr, done.stderr


def test_a_pipe_that_closes_early_ends_it_without_a_word(w):
    big = w.make("big.pcap", "host ftd 10.20.0.1\n0 udp ftd:1 > 10.1.1.14:514 send syslog repeat 3000 advance from-port 1\n")
    command = [PORTOLAN, "replay", "--site", w.site, "--flows", "-", big]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PORTOLAN_CONFIGS": str(TREE / "configs")}) as child:
        child.stdout.readline()
        child.stdout.close()
        error = child.stderr.read()
        equal(child.wait(60), 1, "exit status")
    assert "portolan:" not in error, f"standard error: {error!r}"


def test_a_capture_that_is_not_there_gives_no_summary(w):
    done = w.replay(w.folder / "no-such.pcap")
    complains(done, 1, "no-such.pcap: No such file")
    equal(done.stdout, "", "standard output")


def test_captures_in_another_order_have_the_same_range(w):
    early = w.make("early.pcap", "start 2026-01-01T00:00:00Z\nhost ftd 10.20.0.1\n"
                   "0 udp ftd:1 > 10.1.1.14:514 send syslog repeat 9 every 1s\n")
    late = w.make("late.pcap", "start 2026-01-02T00:00:00Z\nhost ftd 10.20.0.1\n"
                  "0 udp ftd:1 > 10.1.1.14:514 send syslog repeat 9 every 1s\n")
    heads = [w.replay(*order).stdout.splitlines()[0] for order in ((early, late), (late, early))]
    assert all("2026-01-01 00:00:00 to 2026-01-02 00:00:08 UTC" in h for h in heads), heads


def test_all_shows_what_the_summary_leaves_out(w):
    lines = ["host ftd 10.20.0.1"] + [f"{i} tcp 198.51.{i}.9:5000 > ftd:{4000 + i} handshake close" for i in range(45)]
    many = w.make("many.pcap", "\n".join(lines) + "\n")
    few, all_of_them = (w.replay(*more, many).stdout for more in ([], ["--all"]))
    assert "and 5 more, less grave: replay --all shows them" in few, few
    equal(len(re.findall("inbound 40[0-9][0-9]/tcp from", few)), 40, "findings")
    equal(len(re.findall("inbound 40[0-9][0-9]/tcp from", all_of_them)), 45, "findings")


def test_short_options_and_words_ask_for_help_and_version(w):
    equal(w.run("-h").stdout, w.run("--help").stdout, "-h")
    for arguments in (["replay", "-h"], ["help", "replay"], ["-h", "replay"]):
        equal(w.run(*arguments).stdout, w.run("replay", "--help").stdout, " ".join(arguments))
    for word in ("-V", "version"):
        equal(w.run(word).stdout, w.run("--version").stdout, word)
    assert "one of bytes|packets|pps|bits|age|idle|start|last|severity|" in w.run("flows", "-h").stdout


def test_check_takes_its_site_as_an_argument(w):
    equal(w.run("check", w.site).stdout, w.run("check", "--site", w.site).stdout, "overview")
    complains(w.run("check"), 2, "want FILE")
    complains(w.run("check", "--site", w.site, w.site), 2, "want one")


def test_a_limit_that_limits_nothing_is_said(w):
    site = w.folder / "open.yaml"
    site.write_text(pathlib.Path(w.site).read_text() + "extra_rules:\n  - {role: managed-device, direction: outbound,"
                    " port: 8305, transport: tcp, feature: other}\n")
    done = w.run("check", site)
    equal((done.returncode, done.stderr), (0, ""), "status and standard error")
    assert ("managed-device/outbound/8305/tcp: anybody may use it all the same: appliance-communications is "
            "switched off or bound to peers, and other is not") in done.stdout, done.stdout
    assert "warning: managed-device/outbound/8305/tcp" in w.run("policy", "--site", site).stderr


def test_rows_that_nobody_has_read_are_no_warnings_at_a_start(w):
    site = w.write("seven.yaml", "profile: on-premises-7\n" + SITE)
    for command in (["replay", "--site", site, w.capture], ["check", site], ["policy", "--site", site]):
        done = w.run(*command)
        status(done, 0)
        silent(done)
    assert "unverified   6, not read in the vendor's guide" in w.run("check", site).stdout


# --- streams ------------------------------------------------------------------------------------


def test_a_dash_reads_standard_input(w):
    _, want = w.stats(w.capture)
    with open(w.capture, "rb") as stdin:
        done, found = w.stats("-", stdin=stdin)
    status(done, 0)
    silent(done)
    equal(found["digest"], want["digest"], "digest")
    equal(found["frames"], want["frames"])


def test_pcapng_and_microseconds_give_the_same_flows(w):
    _, want = w.stats(w.capture)
    for options in (["--pcapng"], ["--micro"]):
        done, found = w.stats(w.make("other.pcap", TRAFFIC, *options))
        status(done, 0)
        equal(found["digest"], want["digest"], "digest")
        equal(found["verdict"], want["verdict"])


def test_a_capture_cut_in_two_files_is_one_stream(w):
    _, want = w.stats(w.capture)
    data, ends = w.records()
    for cut in (ends[0], ends[12], ends[30], ends[-2]):
        first, second = w.write("1.pcap", data[:cut]), w.write("2.pcap", data[:24] + data[cut:])
        done, found = w.stats(first, second)
        status(done, 0)
        equal(found["digest"], want["digest"], "digest")
        equal(found["frames"], want["frames"])
        equal(found["verdict"], want["verdict"])


def test_records_go_to_standard_output_and_the_summary_makes_way(w):
    for option in ("--flows", "--events"):
        done = w.replay(option, "-", w.capture)
        status(done, 0)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines, f"{option}: nothing on standard output"
    done = w.replay("--stats", "-", w.capture)
    assert json.loads(done.stdout)["frames"]["received"] > 0


def test_the_summary_is_on_standard_output_and_nothing_on_standard_error(w):
    done = w.replay(w.capture)
    status(done, 0)
    silent(done)
    for word in ("4444/tcp", "198.51.100.66", "ftd-1", "unexpected-port"):
        assert word in done.stdout, f"the summary lacks {word}"
    assert done.stdout.index("packets") < done.stdout.index("4444/tcp"), "how much was seen comes first"
    assert done.stdout.rindex("appliance-communications") > done.stdout.index("4444/tcp"), \
        "what was used comes after what is flagged"


def test_there_is_no_colour_and_no_progress_bar_where_there_is_no_terminal(w):
    done = w.replay(w.capture)
    assert "\x1b" not in done.stdout + done.stderr


def terminal_output(w, env):
    master, slave = os.openpty()
    environment = {**os.environ, "PORTOLAN_CONFIGS": str(TREE / "configs"), "TERM": "xterm", **env}
    with subprocess.Popen([PORTOLAN, "replay", "--site", w.site, w.capture], stdout=slave,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment) as child:
        os.close(slave)
        output = b""
        while True:
            try:
                block = os.read(master, 65536)
            except OSError:
                break
            if not block:
                break
            output += block
        child.wait(60)
    os.close(master)
    return output


def test_colour_is_for_terminals_unless_no_color_is_set(w):
    env = {k: "" for k in ("NO_COLOR",)}
    assert b"\x1b[" in terminal_output(w, env), "no colour on a terminal"
    assert b"\x1b[" not in terminal_output(w, {"NO_COLOR": "1"}), "colour in spite of NO_COLOR"


def interrupted(w, feed):
    """Replays standard input, which `feed` writes to, and interrupts it after a second."""
    out = w.folder / "stats.json"
    with subprocess.Popen([PORTOLAN, "replay", "--site", w.site, "--stats", str(out), "-"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, "PORTOLAN_CONFIGS": str(TREE / "configs")}) as child:
        threading.Thread(target=feed, args=(child.stdin,), daemon=True).start()
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired as error:
            child.kill()
            raise AssertionError("it does not end") from error
        summary, error = child.stdout.read().decode(), child.stderr.read().decode()
        child.stdin = None
    equal(child.returncode, 1, "exit status")
    assert "interrupted" in error, f"standard error: {error!r}"
    assert "packets" in summary, f"no summary: {summary!r}"
    return json.loads(out.read_text())["frames"]["received"]


def test_an_interrupt_reports_what_was_read_of_a_stream_without_end(w):
    data, _ = w.records()

    def feed(pipe):
        try:
            pipe.write(data)
            while True:
                pipe.write(data[24:])
        except OSError:
            pass

    assert interrupted(w, feed) > 0


def test_an_interrupt_reports_what_was_read_while_the_pipe_is_quiet(w):
    data, ends = w.records()

    def feed(pipe):
        pipe.write(data)
        pipe.flush()

    equal(interrupted(w, feed), len(ends), "frames")


# --- options and commands -------------------------------------------------------------------------


def test_help_of_every_command_is_on_standard_output(w):
    for arguments in (["--help"], *([c, "--help"] for c in COMMANDS)):
        done = w.run(*arguments)
        status(done, 0)
        silent(done)
        assert done.stdout.startswith("usage: portolan"), f"{arguments}: {done.stdout[:60]!r}"
    for command in COMMANDS:
        assert command in w.run("--help").stdout, f"--help does not list {command}"


def test_version_says_which_portolan_it_is(w):
    done = w.run("--version")
    status(done, 0)
    silent(done)
    assert re.fullmatch(r"portolan \d+\.\d+\.\d+\S*\n", done.stdout), f"found {done.stdout!r}"


def test_what_is_not_understood_is_misuse(w):
    for arguments in (["sail"], ["replay", "--nope", w.capture], ["replay"], ["check"], ["explain"],
                      ["diff", "cloud-delivered"], ["diff", "a", "b", "c"], ["policy", "--format", "xml"],
                      ["replay", "--site", w.site, "--fail-on", "weather", w.capture],
                      ["bench", "--rounds", "none", w.capture], ["--nope"]):
        done = w.run(*arguments)
        complains(done, 2)
        equal(done.stdout, "", "standard output")


def test_no_command_is_misuse(w):
    done = w.run()
    status(done, 2)
    assert "usage: portolan" in done.stderr, f"standard error: {done.stderr!r}"


# --- sites -----------------------------------------------------------------------------------------


def test_replay_without_a_site_says_how_to_get_one(w):
    complains(w.run("replay", w.capture), 2, "portolan discover")


def test_replay_of_a_site_without_appliances_says_how_to_get_some(w):
    site = w.write("nobody.yaml", "profile: cloud-delivered\n")
    complains(w.run("replay", "--site", site, w.capture), 2, "nobody.yaml", "portolan discover")


def test_a_missing_site_is_a_matter_of_configuration(w):
    for command in (["replay", "--site", "no-such.yaml", w.capture], ["check", "--site", "no-such.yaml"],
                    ["policy", "--site", "no-such.yaml"]):
        complains(w.run(*command), 2, "no-such.yaml")


def test_a_wrong_site_is_refused_with_file_and_line(w):
    wrong = w.write("wrong.yaml", SITE + "colour: blue\n")
    for command in (["replay", "--site", wrong, w.capture], ["check", "--site", wrong],
                    ["policy", "--site", wrong], ["diff", wrong, "cloud-delivered"],
                    ["explain", "--site", wrong, "tcp", "10.20.0.1:1", "10.10.0.5:8305"]):
        done = w.run(*command)
        complains(done, 2, "wrong.yaml:4: ", "colour")
        equal(done.stdout, "", "standard output")


def test_every_mistake_of_a_site_is_refused(w):
    mistakes = {
        "a bad address": "  - {name: x, role: managed-device, addresses: [10.20.0.300]}\n",
        "an appliance twice": "  - {name: ftd-1, role: managed-device, addresses: [10.20.9.9]}\n",
        "overlapping roles": "  - {name: x, role: management-center, addresses: [10.20.0.0/16]}\n",
        "a port moved onto another": "features: {ldap: {ports: {389/tcp: 443/tcp}}}\n",
        "a row that cannot be moved": "features: {dns: {ports: {53/udp: 54/udp}}}\n",
        "an unknown feature": "features: {teleport: {enabled: false}}\n",
        "an unknown protocol": "protocols: {not_covered: [morse]}\n",
        "an unknown profile": "profile: no-such-profile\n",
        "broken YAML": "features: {ldap: [\n",
    }
    for what, text in mistakes.items():
        done = w.run("check", "--site", w.write("wrong.yaml", SITE + text))
        assert done.returncode == 2, f"{what}: exit status {done.returncode}"
        assert re.search(r"wrong\.yaml:\d+: ", done.stderr), f"{what}: {done.stderr!r}"


def test_check_says_what_a_site_compiles_to(w):
    done = w.run("check", "--site", w.site)
    status(done, 0)
    silent(done)
    for word in ("fmc-1", "ftd-1", "51", "cloud-delivered", "sha256:"):
        assert word in done.stdout, f"lacks {word}"


# --- verdicts ----------------------------------------------------------------------------------------


def test_fail_on_flagged_is_3_only_where_something_is_flagged(w):
    done = w.replay("--fail-on", "flagged", w.capture)
    status(done, 3)
    assert "4444/tcp" in done.stdout, "no summary"
    status(w.replay("--fail-on", "flagged", w.make("quiet.pcap", QUIET)), 0)
    status(w.replay(w.capture), 0)


def test_explain_says_what_a_flow_would_get(w):
    cases = [
        (["tcp", "10.20.0.1:49152", "10.10.0.5:8305"], "expected", "managed-device/outbound/8305/tcp"),
        (["tcp", "198.51.100.1:1", "10.20.0.1:8305"], "peer-not-allowed", "managed-device/inbound/8305/tcp"),
        (["tcp", "198.51.100.1:1", "10.10.0.5:22"], "unexpected-port", "managed-device/inbound/22/tcp"),
        (["udp", "10.20.0.1:1", "10.1.1.1:53"], "expected", "managed-device/outbound/53/udp"),
        (["gre", "10.20.0.1", "192.0.2.1"], "unexpected-protocol", "ftd-1"),
        (["icmp", "10.20.0.1", "192.0.2.1"], "not-covered", "ftd-1"),
        (["udp", "198.51.100.1:1", "10.20.0.1:443"], "implied", "implied managed-device/inbound/443/udp"),
        (["udp", "[::ffff:10.20.0.1]:1", "10.10.0.5:123"], "implied", "management-center/inbound/123/udp"),
    ]
    for arguments, verdict, word in cases:
        done = w.run("explain", "--site", w.site, *arguments)
        status(done, 0)
        silent(done)
        assert re.search(rf"\b{verdict}\b", done.stdout) and word in done.stdout, \
            f"{arguments}: {done.stdout!r}"
    both = w.run("explain", "--site", w.site, "tcp", "10.20.0.1:1", "10.10.0.5:22").stdout
    assert "ftd-1" in both and "fmc-1" in both, f"one end is missing: {both!r}"


def test_text_is_as_wide_as_the_terminal_and_in_its_characters(w):
    demo, site = w.folder / "wide.pcap", w.folder / "wide.yaml"
    subprocess.run([GENERATE, "demo", "-o", demo, "--site", site], check=True)
    store = w.folder / "wide-store"
    status(w.run("replay", "--site", site, "--store", store, demo), 0)
    for command in (["replay", "--site", site, demo], ["triage", "findings", "--store", store],
                    ["triage", "matrix", "--store", store], ["triage", "channels", "--store", store],
                    ["triage", "silent", "--store", store], ["triage", "coverage", "--store", store],
                    ["check", site], ["policy", "--site", site],
                    ["explain", "--site", site, "tcp", "10.20.0.1:1", "10.10.0.5:4444"]):
        for columns in (60, 100):
            out = w.run(*command, env={"COLUMNS": str(columns), "LC_ALL": "C.UTF-8"}).stdout
            longest = max(out.splitlines(), key=len)
            assert len(longest) <= columns, f"{command} in {columns} columns: {longest!r}"
        out = w.run(*command, env={"LC_ALL": "C"}).stdout
        assert out.isascii(), f"{command}: {[c for c in out if not c.isascii()]}"


def test_help_fits_the_terminal(w):
    for command in ([], *([c] for c in COMMANDS + ["run", "flows", "top", "triage", "reload"])):
        done = w.run(*command, "--help", env={"COLUMNS": "60"})
        status(done, 0)
        longest = max(done.stdout.splitlines(), key=len)
        assert len(longest) <= 60, f"{command}: {longest!r}"


def test_check_names_outputs_store_and_evidence(w):
    site = w.write("outputs.yaml", SITE + f"""outputs:
  events: [{{kind: json, path: {w.folder}/e.jsonl, rotate: 10MB, keep: 3, flows: yes}}]
  metrics: {{listen: "127.0.0.1:9464"}}
  silence: 2h
store: {{path: {w.folder}/store, keep: 30d}}
evidence: {{path: {w.folder}/evidence}}
""")
    text = w.run("check", site).stdout
    for part in ("1 sink, repeats within 1m", f"json         {w.folder}/e.jsonl, as JSON, with flows, rotate 10MB, keep 3",
                 "silence      after 2h without traffic", "metrics      127.0.0.1:9464\n", "baseline     learns for ",
                 f"store       {w.folder}/store, flagged flows, kept 30d and up to ",
                 f"evidence    {w.folder}/evidence, up to "):
        assert part in text, f"{part!r} is not in {text}"
    assert "store       none" in w.run("check", w.site).stdout


def test_explain_takes_names_of_the_site(w):
    site = w.write("names.yaml", SITE + "groups: {admins: [198.51.100.0/28]}\n")
    done = w.run("explain", "--site", site, "tcp", "fmc-1:50000", "ftd-1:443")
    status(done, 0)
    lines = done.stdout.splitlines()
    equal(lines[:2], ["fmc-1 is taken as 10.10.0.5", "ftd-1 is taken as 10.20.0.1"], "names")
    equal(lines[2:], w.run("explain", "--site", site, "tcp", "10.10.0.5:50000",
                           "10.20.0.1:443").stdout.splitlines(), "the rest")
    assert "admins is taken as 198.51.100.1\n" in \
        w.run("explain", "--site", site, "udp", "admins:1", "ftd-1:443").stdout
    wrong = w.run("explain", "--site", site, "tcp", "fmc-l:1", "ftd-1:443")
    status(wrong, 2)
    assert 'no appliance or group \'fmc-l\'; want an address, or "fmc-1"' in wrong.stderr, wrong.stderr


def test_site_that_flags_what_is_implied_is_judged_without_it(w):
    site = w.write("strict.yaml", SITE + "implied: flag\n")
    done = w.run("explain", "--site", site, "udp", "198.51.100.1:1", "10.20.0.1:443")
    assert done.stdout.startswith("unexpected-port\n"), done.stdout
    equal(len(w.run("policy", "--site", site, "--implied", "--format", "csv").stdout.splitlines()), 52, "rows")
    equal(len(w.run("policy", "--implied", "--format", "csv").stdout.splitlines()), 56, "rows with implied ones")
    equal(len(w.run("policy", "--format", "csv").stdout.splitlines()), 52, "documented rows")
    done = w.run("diff", site, w.site)
    assert re.search(r"\+ managed-device +inbound +443/udp +remote-access-vpn +unexpected-port -> implied\n",
                     done.stdout), done.stdout


def test_explain_and_replay_agree(w):
    out = w.folder / "flows.jsonl"
    w.replay("--flows", out, w.capture)
    for flow in map(json.loads, out.read_text().splitlines()):
        ends = [f"{flow[side]['ip']}:{flow[side]['port']}" for side in ("source", "destination")]
        done = w.run("explain", "--site", w.site, flow["network"]["transport"], *ends)
        equal(done.stdout.split()[0], flow["portolan"]["verdict"], " > ".join(ends))


def test_explain_refuses_what_is_no_flow(w):
    for arguments in (["tcp", "10.20.0.1", "10.10.0.5:1"], ["tcp", "10.20.0.1:99999", "10.10.0.5:1"],
                      ["tcp", "10.20.0:1", "10.10.0.5:1"], ["morse", "10.20.0.1", "10.10.0.5"],
                      ["tcp", "[2001:db8::1]:1", "10.10.0.5:1"]):
        complains(w.run("explain", "--site", w.site, *arguments), 2)


# --- tables ---------------------------------------------------------------------------------------------


def test_policy_prints_the_table_in_every_format(w):
    table = list(csv.DictReader((TREE / "tests/unit/control/cloud-delivered.csv").open()))
    done = w.run("policy", "--format", "csv")
    status(done, 0)
    silent(done)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    equal(done.stdout.splitlines()[0], "role,direction,port,transport,feature,service,required,configurable,enabled")
    keys = list(table[0])[:8]
    key = lambda row: tuple(row[k] for k in keys)
    equal(sorted(map(key, rows)), sorted(map(key, table)), "rows")
    equal({row["enabled"] for row in rows}, {"yes"})
    rules = json.loads(w.run("policy", "--format", "json").stdout)["rules"]
    equal(len(rules), 51, "rules")
    text = w.run("policy")
    status(text, 0)
    equal(w.run("policy", "--format", "table").stdout, text.stdout)
    assert "appliance-communications" in text.stdout and "8305" in text.stdout


def test_policy_of_a_site_shows_what_it_changed(w):
    site = w.write("changed.yaml", SITE + "features:\n  captive-portal: {enabled: false}\n"
                   "  radius: {ports: {1812/udp: 1645/udp}}\n")
    rows = list(csv.DictReader(io.StringIO(w.run("policy", "--site", site, "--format", "csv").stdout)))
    equal({r["enabled"] for r in rows if r["feature"] == "captive-portal"}, {"no"})
    equal({r["port"] for r in rows if r["feature"] == "radius"}, {"1645", "1813"})


def proposed(text):
    """addresses that stand in a proposal, and those that are comments in it"""
    lines = [line for line in text.splitlines() if "addresses:" in line]
    return [set(re.findall(r'"([^"]+)"', " ".join(line for line in lines if line.startswith("#") == guess)))
            for guess in (False, True)]


def test_discover_proposes_a_site_that_check_accepts(w):
    done = w.run("discover", w.make("channels.pcap", CHANNELS))
    status(done, 0)
    status(w.run("check", w.write("proposal.yaml", done.stdout)), 0)
    sure, guessed = proposed(done.stdout)
    equal(sure, {"10.10.0.5", "10.20.0.1", "10.20.0.2"}, "proposed")
    # who sends hellos to each device, and who connects to a device alone; nobody of port 8305's clients
    equal(guessed, {"198.51.100.66", "198.51.100.77"}, "guessed")
    assert "198.51.100.88" not in done.stdout, done.stdout
    assert "none of them settled" in done.stdout and "role: management-center" in done.stdout


def test_discover_guesses_nothing_of_a_single_pair(w):
    done = w.run("discover", w.make("pair.pcap", "\n".join(CHANNELS.splitlines()[:9])))
    sure, guessed = proposed(done.stdout)
    equal((sure, guessed), (set(), {"10.10.0.5", "10.20.0.1"}), "proposed, guessed")


def test_discover_says_where_it_found_nothing(w):
    done = w.run("discover", w.make("quiet.pcap", QUIET))
    assert "8305" in done.stdout + done.stderr, f"found {done.stdout!r} {done.stderr!r}"
    complains(w.run("discover", w.folder / "no-such.pcap"), 1, "no-such.pcap")


def test_a_second_start_takes_the_signatures_as_the_first_one_compiled_them(w):
    cache = w.folder / "cache"
    env = {"PORTOLAN_CACHE": str(cache)}
    _, compiled = w.stats(w.capture, env={"PORTOLAN_CACHE": "off"})
    assert not cache.exists(), "it was switched off"
    _, first = w.stats(w.capture, env=env)
    [jar] = cache.iterdir()
    kept = jar.stat()
    _, second = w.stats(w.capture, env=env)
    assert (jar.stat().st_ino, jar.stat().st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns), \
        "what was kept was not taken, but made again"
    assert compiled == first == second, "it judges otherwise than what was compiled"


def test_damaged_signatures_are_compiled_again_and_change_nothing(w):
    cache = w.folder / "cache"
    env = {"PORTOLAN_CACHE": str(cache)}
    _, first = w.stats(w.capture, env=env)
    [jar] = cache.iterdir()
    good = jar.read_bytes()
    for bad in (b"", good[:100], good[:-1], good[:5000] + b"?" + good[5001:], b"x" * 5000):
        jar.write_bytes(bad)
        done, again = w.stats(w.capture, env=env)
        assert done.returncode == 0 and again == first and not done.stderr, done.stderr
        assert jar.read_bytes()[:136] == good[:136], "it was not written again"


def test_a_cache_that_cannot_be_written_is_no_matter(w):
    for place in ("/proc/nowhere", w.capture, "/dev/null"):
        done, _ = w.stats(w.capture, env={"PORTOLAN_CACHE": place})
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_diff_says_what_becomes_expected_or_flagged(w):
    done = w.run("diff", "cloud-delivered", "on-premises-7")
    status(done, 0)
    for port in ("22/tcp", "161/udp", "8302/tcp", "8910/tcp"):
        assert port in done.stdout, f"lacks {port}"
    back = w.run("diff", "on-premises-7", "cloud-delivered")
    assert re.search(r"^\s*-.*22/tcp", back.stdout, re.M), f"found {back.stdout!r}"
    same = w.run("diff", "cloud-delivered", "cloud-delivered")
    status(same, 0)
    assert "8305" not in same.stdout, f"found {same.stdout!r}"


def test_diff_says_what_changes_for_which_appliances(w):
    head = ("appliances:\n  - {name: fmc, role: management-center, addresses: [10.9.9.9]%s}\n"
            "  - {name: fmc-2, role: management-center, addresses: [10.9.9.8]}\n"
            "  - {name: ftd, role: managed-device, addresses: [10.9.8.1], managers: [%s]}\n")
    before, after = w.folder / "before.yaml", w.folder / "after.yaml"
    before.write_text(head % ("", "fmc"))
    after.write_text(head % (", profile: on-premises-7", "fmc-2")
                     + "  - {name: new, role: managed-device, addresses: [10.9.8.2]}\n")
    done = w.run("diff", before, after)
    status(done, 0)
    part = done.stdout.split("  fmc:\n")
    assert len(part) == 2, f"found {done.stdout!r}"
    assert "+ appliance new (managed-device): a new appliance" in part[0], f"found {part[0]!r}"
    assert "22/tcp" not in part[0], f"found {part[0]!r}"
    fmc, ftd = part[1].split("  ftd:\n")
    assert re.search(r"^\s*\+ management-center .*22/tcp", fmc, re.M), f"found {fmc!r}"
    assert re.search(r"^\s*~ managed-device .*8305/tcp.*other managers", ftd, re.M), f"found {ftd!r}"
    told = [json.loads(line) for line in w.run("diff", "--format", "json", before, after).stdout.splitlines()]
    assert {"ftd"} == {a for line in told if line.get("differs") == "(other managers)"
                       for a in line["appliances"]}, f"found {told!r}"
    same = w.run("diff", after, after)
    assert "the same" in same.stdout, f"found {same.stdout!r}"


def test_diff_with_a_capture_says_which_flows_change(w):
    other = w.write("other.yaml", SITE + "extra_rules:\n  - {role: managed-device, direction: inbound, "
                    "port: 4444, transport: tcp, feature: lab}\n")
    done = w.run("diff", "--capture", w.capture, w.site, other)
    status(done, 0)
    for word in ("4444", "198.51.100.66", "unexpected-port", "expected"):
        assert word in done.stdout, f"lacks {word}: {done.stdout!r}"
    complains(w.run("diff", "--capture", w.folder / "no-such.pcap", w.site, other), 1, "no-such.pcap")


def test_diff_with_a_capture_hears_what_is_spoken(w):
    rule = "extra_rules:\n  - {role: managed-device, direction: inbound, port: 4444, transport: tcp, " \
           "feature: lab, service: %s}\n"
    ssh, tls = (w.write(f"{s}.yaml", SITE + rule % s) for s in ("ssh", "tls"))
    capture = w.make("ssh.pcap", "host ftd 10.20.0.1\nhost admin 10.9.9.9\n"
                     "0 tcp admin:50001 > ftd:4444 handshake data ssh-banner ssh-server-banner close\n")
    done = w.run("diff", "--capture", capture, ssh, tls)
    status(done, 0)
    assert re.search(r"^  ~ .* 4444/tcp .*\(other services\)$", done.stdout, re.M), done.stdout
    assert "expected -> wrong-service" in done.stdout, done.stdout
    assert "1 of 1 flows change" in done.stdout, done.stdout


def test_diff_with_a_capture_groups_flows_as_findings(w):
    other = w.write("grouped.yaml", SITE + "extra_rules:\n  - {role: managed-device, direction: inbound, "
                    "port: 4444, transport: tcp, feature: lab}\n  - {role: managed-device, direction: inbound, "
                    "port: 4445, transport: tcp, feature: lab}\n")
    script = "host ftd 10.20.0.1\n"
    for n in range(40):  # one peer often, and many peers once
        script += f"{n} tcp 198.51.100.66:{50000 + n} > ftd:4444 handshake close\n"
        script += f"{n} tcp 203.0.113.{n + 1}:50000 > ftd:4445 handshake close\n"
    capture = w.make("grouped.pcap", script)
    done = w.run("diff", "--capture", capture, w.site, other)
    status(done, 0)
    lines = [x for x in done.stdout.splitlines() if "unexpected-port -> expected" in x and "ftd-1" in x]
    assert len(lines) == 2, done.stdout
    assert re.search(r"ftd-1 +inbound +4444/tcp .* 40  .*  198\.51\.100\.66$", lines[0] + "\n", re.M), lines
    assert re.search(r"4445/tcp .* 40  .*  40 peers: 203\.0\.113\.1, 203\.0\.113\.2, 203\.0\.113\.3$",
                     lines[1]), lines
    assert "80 of 80 flows change their verdict, in 2 groups" in done.stdout, done.stdout
    told = w.run("diff", "--format", "json", "--capture", capture, w.site, other)
    status(told, 0)
    objects = [json.loads(x) for x in told.stdout.splitlines()]
    equal([o["what"] for o in objects], ["port", "port", "flows", "flows", "total"], "objects")
    equal([objects[-1][k] for k in ("flows", "changed", "groups")], [80, 80, 2], "total")
    many = next(o for o in objects if o.get("port") == "4445/tcp" and o["what"] == "flows")
    equal((many["peers"], len(many["examples"]), many["was"], many["would_be"]),
          (40, 3, "unexpected-port", "expected"), "many peers")
    assert many["first"].startswith("2026-01-01T00:00:00") and many["last"] > many["first"], many


def test_bench_measures_in_json(w):
    done = w.run("bench", "--json", "--rounds", "1", w.capture)
    status(done, 0)
    found = json.loads(done.stdout)
    keys = ["packets", "flows", "mpps", "ns_per_packet", "cycles_per_packet", "floor_header_ns", "floor_flow_ns"]
    for key in keys:
        assert isinstance(found.get(key), (int, float)), f"lacks {key}: {found}"
        assert found[key] > 0, f"{key}: {found[key]}"
    _, ends = w.records()
    equal(found["packets"], len(ends), "packets")
    site = json.loads(w.run("bench", "--json", "--rounds", "1", "--site", w.site, w.capture).stdout)
    equal(site["packets"], len(ends), "packets")


def test_bench_measures_without_a_look_at_what_is_spoken(w):
    done = w.run("bench", "--rounds", "2", "--uninspected", "--json", "--site", w.site, w.capture)
    status(done, 0)
    assert json.loads(done.stdout)["ns_per_packet"] > 0


def test_bench_refuses_what_is_no_capture(w):
    complains(w.run("bench", w.folder / "no-such.pcap"), 1, "no-such.pcap")
    complains(w.run("bench", w.write("text.pcap", "no capture")), 1, "text.pcap")


def generated_load(w, *options):
    out = str(w.folder / "load.pcap")
    done = subprocess.run([GENERATE, "load", *options, "-o", out], stderr=subprocess.PIPE, text=True)
    status(done, 0)
    site = str(w.folder / "load.yaml")
    subprocess.run([GENERATE, "site", "-o", site], check=True)
    flows = w.folder / "load.jsonl"
    status(w.run("replay", "--site", site, "--flows", flows, out), 0)
    return [json.loads(line) for line in flows.read_text().splitlines()]


def test_generate_opens_a_flow_with_every_packet(w):
    for opening, transport, service in (("udp/53/dns-query", "udp", "dns"),
                                        ("tcp/443/tls-client-hello", "tcp", None)):
        flows = generated_load(w, "--opening", opening, "--packets", "300")
        equal(len(flows), 300, "flows")
        equal({f["network"]["transport"] for f in flows}, {transport}, "transports")
        equal({f["network"]["packets"] for f in flows}, {1}, "packets of a flow")
        equal({f["portolan"]["service"].get("observed") for f in flows}, {service}, "services")


def test_generate_refuses_what_is_no_opening(w):
    for opening in ("udp", "udp/53", "sctp/53/dns-query", "udp/65536/dns-query", "udp/53/gibberish"):
        done = subprocess.run([GENERATE, "load", "--opening", opening, "-o", str(w.folder / "x")],
                              stderr=subprocess.PIPE, text=True)
        status(done, 2)
        assert "opening: want PROTOCOL/PORT/PAYLOAD" in done.stderr, done.stderr


def test_generate_lets_some_flows_live_at_a_time(w):
    flows = generated_load(w, "--mix", "c", "--flows", "100", "--alive", "10", "--packets", "2000",
                           "--rate", "1000")
    equal(len(flows), 100, "flows")
    equal({f["network"]["packets"] for f in flows}, {20}, "packets of a flow")
    longest = max(f["event"]["duration"] for f in flows) / 1e9
    assert longest < 0.4, f"a flow lived for {longest} s of 2, want a tenth"


def test_demonstration_shows_what_there_is_to_see_on_two_screens(w):
    capture, site = w.folder / "demo.pcap", w.folder / "demo.yaml"
    subprocess.run([GENERATE, "demo", "-o", capture, "--site", site], check=True)
    done = w.run("replay", "--site", site, capture, env={"COLUMNS": "100", "LC_ALL": "C.UTF-8"})
    for part in ("17 findings", "51 of 51 rows",
                 "6 pairs of appliances, 6 with both established\n",  # channels that are up
                 "fmc-2 and ftd-5; reconnected 4 times, the last at",  # one that flapped
                 "HIGH  ftd-3 outbound 4444/tcp to 198.51.100.200  ",  # a back door
                 # an admin interface, from outside
                 "MED   fmc-1 inbound 443/tcp from 198.51.100.23  peer-not-allowed, established",
                 # a device that fell silent
                 "ftd-4: no traffic on managed-device/outbound/514/udp since 2026-01-05 07:30:02 UTC",
                 "IMPLIED PORTS IN USE"):
        assert part in done.stdout, f"{part!r} is not in {done.stdout}"
    assert "EVASION" not in done.stdout, done.stdout
    equal(done.stdout.count("no traffic on"), 1, "rows that fell silent")
    lines = done.stdout.splitlines()
    assert len(lines) <= 80, f"{len(lines)} lines:\n{done.stdout}"
    graves = [number for number, line in enumerate(lines, 1) if line.startswith("  HIGH")]
    assert len(graves) == 8 and graves[-1] <= 38, graves
    warned = w.run("check", site)
    assert "warnings    none" in warned.stdout, warned.stdout


def test_readme_quotes_the_demonstration_as_it_is(w):
    folder = w.folder / "build"
    folder.mkdir()
    capture, site = folder / "demo.pcap", folder / "demo-site.yaml"
    subprocess.run([GENERATE, "demo", "-o", capture, "--site", site], check=True)
    out = w.run("replay", "--site", site, capture, env={"COLUMNS": "100", "LC_ALL": "C.UTF-8"}).stdout
    printed = " ".join(out.replace(f"{w.folder}/", "").split())  # its long names may have broken a line
    quoted = (TREE / "README.md").read_text().split("```\n")[1].splitlines()
    gone = [line for line in quoted if line.strip() not in ("", "…") and " ".join(line.split()) not in printed]
    assert len(quoted) > 10 and not gone, f"README has what is not printed: {gone}"


def records_of(capture):
    """the header of a pcap file, and its records"""
    data = pathlib.Path(capture).read_bytes()
    records, at = [], 24
    while at < len(data):
        end = at + 16 + int.from_bytes(data[at + 8:at + 12], "little")
        records.append(data[at:end])
        at = end
    return data[:24], records


def test_replay_tells_of_a_live_pipe_before_its_next_packet(w):
    head, records = records_of(w.make("udp.pcap", """host ftd 10.20.0.1
0 udp 198.51.100.66:50001 > ftd:4001 send 0x00
1 udp 198.51.100.67:50002 > ftd:4002 send 0x00
2 udp 198.51.100.68:50003 > ftd:4003 send 0x00
"""))
    for workers in "1", "3":
        with subprocess.Popen(
                [PORTOLAN, "replay", "--site", w.site, "--workers", workers, "--events", "-", "-"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "PORTOLAN_CONFIGS": str(TREE / "configs")}) as child:
            watch = threading.Timer(20, child.kill)
            watch.start()
            child.stdin.write(head)
            for number, record in enumerate(records, 1):
                child.stdin.write(record)
                child.stdin.flush()
                event = json.loads(child.stdout.readline() or "{}")
                equal(event["destination"]["port"], 4000 + number, f"event {number}, {workers} workers")
            child.stdin.close()
            equal(child.wait(20), 0, "exit status")
            watch.cancel()


def test_replay_ends_on_a_signal_while_it_waits_for_a_pipe(w):
    head, records = records_of(w.capture)
    with subprocess.Popen([PORTOLAN, "replay", "--site", w.site, "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, "PORTOLAN_CONFIGS": str(TREE / "configs")}) as child:
        child.stdin.write(head + records[0])
        child.stdin.flush()
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        equal(child.wait(20), 1, "exit status")
        out, err = child.stdout.read(), child.stderr.read()
        assert b"interrupted" in err and b"1 packet" in out, (out, err)


def test_run_without_its_program_beside_says_so(w):
    alone = w.folder / "portolan"
    shutil.copy(PORTOLAN, alone)
    done = subprocess.run([alone, "run", "--site", w.site], capture_output=True, text=True)
    complains(done, 1, str(w.folder / "portolan-sensor"), "beside portolan")


def main():
    global PORTOLAN, GENERATE
    if len(sys.argv) < 3:
        sys.exit("usage: test_cli.py PORTOLAN PORTOLAN-GENERATE [CASE…]")
    PORTOLAN, GENERATE = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    cases = [(name, case) for name, case in globals().items() if name.startswith("test_")]
    if sys.argv[3:]:
        cases = [(name, case) for name, case in cases if name in sys.argv[3:]]
    print(f"1..{len(cases)}")
    failed = 0
    for number, (name, case) in enumerate(cases, 1):
        sentence, why = name[len("test_"):].replace("_", " "), ""
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(World(folder))
            except (AssertionError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
                why = f"{type(error).__name__}: {error}"
        failed += bool(why)
        print(f"{'not ok' if why else 'ok'} {number} - {sentence}")
        for line in why.splitlines():
            print(f"# {line}")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
