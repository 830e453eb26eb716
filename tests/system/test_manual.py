#!/usr/bin/env python3
"""What is made of the command line's tables says all of it; the unit is one that systemd takes.

    test_manual.py PORTOLAN MANUAL

MANUAL is portolan-manual. mandoc, bash, zsh and systemd-analyze check their own files, where
they are installed; skipped, visibly, where not.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tap
from tap import Skip

PORTOLAN, MANUAL = sys.argv[1:3]
TREE = Path(__file__).resolve().parent.parent.parent
SITE, PROFILE = TREE / 'configs/sites/example.yaml', TREE / 'configs/profiles/on-premises-7.yaml'


def made(*arguments):
    return subprocess.run([MANUAL, *map(str, arguments)], check=True, capture_output=True,
                          text=True).stdout


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f'{name} is not installed')
    return path


def commands():
    """command -> its long options, as --help has them"""
    def helped(*arguments):
        return subprocess.run([PORTOLAN, *arguments, '--help'], check=True, capture_output=True,
                              text=True).stdout
    overview = helped().split('Commands:\n')[1].split('\n\n')[0]
    names = [line.split()[0] for line in overview.splitlines()]
    return {name: re.findall(r'^  (--[a-z-]+)', helped(name), re.M) for name in names}


def checked(text, suffix, *command):
    with tempfile.NamedTemporaryFile('w', suffix=suffix) as f:
        f.write(text)
        f.flush()
        run = subprocess.run([*command, f.name], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def the_page_of_triage_has_every_question_and_option():
    text = made('portolan-triage.1').replace('\\-', '-')
    told = subprocess.run([PORTOLAN, 'triage', '--help'], check=True, capture_output=True,
                          text=True).stdout
    for question in re.findall(r'^  ([a-z]+)[A-Z ]*: ', told, re.M):
        assert f'.B {question}' in text, question
    for option in re.findall(r'^  (--[a-z-]+)', told, re.M):
        assert option == '--help' or f'.B {option}' in text, option


def the_manual_has_every_command_and_option():
    text = made('portolan.1').replace('\\-', '-')
    for name, options in commands().items():
        part = text.split(f'.SS portolan {name} ')[1].split('\n.SS ')[0]
        for option in options:
            assert f'.B {option}' in part, (name, option)


def completions_have_every_command_and_option():
    for shell in ('bash', 'zsh'):
        text = made(shell)
        for name, options in commands().items():
            part = text.split(f'\t{name})')[1].split(';;\n\t')[0]
            for option in options:
                assert option in part, (shell, name, option)


def bash_completes(*words):
    """what bash offers for the last of the words"""
    script = ('compopt() { :; }\n' + made('bash') + '\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_portolan\n'
              'printf "%s\\n" "${COMPREPLY[@]}"\n')
    return set(subprocess.run([tool('bash'), '-c', script, 'bash', 'portolan', *words], check=True,
                              capture_output=True, text=True).stdout.split())


def completions_have_the_questions_of_triage():
    told = subprocess.run([PORTOLAN, 'triage', '--help'], check=True, capture_output=True, text=True).stdout
    questions = set(re.findall(r'^  ([a-z]+)[A-Z ]*: ', told, re.M))
    assert {'findings', 'why', 'whatif', 'coverage', 'ack'} <= questions, questions
    assert bash_completes('triage', '') == questions
    assert bash_completes('triage', 'w') == {'why', 'whatif'}
    assert bash_completes('triage', '--limit', '5', 'fi') == {'findings'}
    assert bash_completes('triage', '--store', 'fi') == set(), 'a folder is asked for'
    assert bash_completes('triage', 'findings', '') == set()
    assert {'--since', '--peer', '--state'} <= bash_completes('triage', 'findings', '--')
    assert bash_completes('triage', 'findings', '--state', 'ack') == {'acknowledged'}
    assert f"'1:word:({' '.join(re.findall(r'^  ([a-z]+)[A-Z ]*: ', told, re.M))})'" in made('zsh')


def mandoc_takes_the_pages():
    mandoc = tool('mandoc')
    for page in (made('portolan.1'), made('portolan-site.5', SITE),
                 made('portolan-profile.5', PROFILE)):
        checked(page, '.man', mandoc, '-T', 'lint', '-W', 'warning')


def the_site_page_has_every_key_of_the_example():
    text = made('portolan-site.5', SITE).replace('\\-', '-')
    for key in ('mirror_endpoints', 'deduplicate', 'extra_rules', 'events', 'metrics', 'control'):
        assert key in text.replace('\\-', '-'), key


def the_site_page_has_its_keys_by_part():
    text = made('portolan-site.5', SITE).replace('\\-', '-')
    parts = re.findall(r'^\.SS (.*)$', text, re.M)
    assert parts == ['The deployment', 'The policy', 'capture', 'flow', 'store', 'evidence', 'outputs'], parts
    for words in ('warmup is the time after the start', 'max is a number of flows for each worker',
                  'keep is how long flows are kept'):
        assert words in ' '.join(text.split()), words
    keys = re.findall(r'^\.TP\n\.B (\w+)$', text, re.M)
    source = (TREE / 'control/config/site_schema.c').read_text()
    hints = re.search(r'site_hint\[\] = \{(.*?)\{NULL', source, re.S)[1]
    for key in re.findall(r'\{"(\w+)"', hints):
        assert keys.count(key) == 1, (key, keys.count(key))


def bash_takes_its_completion():
    checked(made('bash'), '.bash', tool('bash'), '-n')


def zsh_takes_its_completion():
    checked(made('zsh'), '.zsh', tool('zsh'), '-n')


def systemd_takes_the_unit():
    unit = (TREE / 'configs/units/portolan.service').read_text()
    checked(unit.replace('/usr/bin/portolan', str(Path(PORTOLAN).resolve())), '.service',
            tool('systemd-analyze'), 'verify', '--man=no')


TESTS = [the_manual_has_every_command_and_option,
         the_page_of_triage_has_every_question_and_option, completions_have_every_command_and_option,
         completions_have_the_questions_of_triage,
         mandoc_takes_the_pages, the_site_page_has_every_key_of_the_example,
         the_site_page_has_its_keys_by_part,
         bash_takes_its_completion, zsh_takes_its_completion, systemd_takes_the_unit]


def main():
    return tap.run(TESTS)


if __name__ == '__main__':
    sys.exit(main())
