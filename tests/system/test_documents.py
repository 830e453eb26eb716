#!/usr/bin/env python3
"""What comments and documents cite is there.

Documents are the *.md files. Files are cited as a relative link or as a path in backquotes, in
comments of the code as a path from the tree or from a top-level folder, such as core/flow/table.h
or control/base/errors.h; a bare name such as table.h means any file of that name. Sections of
docs/design.md are cited as DESIGN n. `make` and `portolan` in a document are followed by a target
and a command that there are.
"""
import fnmatch
import re
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
TOPS = ('include', 'dataplane', 'control', 'bench', 'tests', 'configs', 'docs', '.ci')
README_LINES = 120

SKIPPED = ('build', '.git')
FILES = sorted(str(p.relative_to(TREE)) for p in TREE.rglob('*')
               if p.is_file() and p.relative_to(TREE).parts[0] not in SKIPPED
               and '__pycache__' not in p.parts)
FOLDERS = {str(parent) for f in FILES for parent in Path(f).parents}
NAMES = {Path(f).name for f in FILES}
DOCUMENTS = {f: (TREE / f).read_text() for f in FILES if f.endswith('.md')}

# What may be cited in a comment or a document: a path with a suffix that the tree has.
SUFFIX = r'(?:c|h|py|yaml|md|build|csv|jsonl|json|service|txt)'
PATH = re.compile(rf'(?<![\w/.$~*-])((?:[\w.*-]+/)*[\w*-][\w.*-]*\.{SUFFIX})(?![\w/-])')
TOP = '|'.join(map(re.escape, TOPS))
FOLDER = re.compile(rf'(?<![\w/.$~-])((?:{TOP})/(?:[\w.-]+/)*)(?![\w.*])')

# A user's files, others' programs, examples.
NO_FILES = {'site.yaml', 'other.yaml', 'flows.jsonl', 'events.jsonl', 'stats.json', 'noun.h',
            'noun.c', 'dpdk-telemetry.py', 'manifest.csv', 'labels.csv', 'a.b.c'}
# Where it says what somebody is to make: x.c, test_x.c, x/, cmd_NAME.c.
PLACEHOLDER = re.compile(r'(^|[/_])x([._/]|$)|NAME')


def comments(name):
    """the comments of a file, without its code"""
    text = (TREE / name).read_text()
    if name.endswith(('.c', '.h')):
        kept = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
        return '\n'.join(re.findall(r'/\*.*?\*/|//[^\n]*', kept, re.S))
    if name.endswith('.py'):
        return '\n'.join(re.findall(r'""".*?"""|(?<!["\'])#[^\n]*', text, re.S))
    return '\n'.join(re.findall(r'#[^\n]*', text))


COMMENTS = {f: comments(f) for f in FILES
            if f.endswith(('.c', '.h', '.py', 'meson.build', '.service', 'GNUmakefile', '.ci/run'))
            or f.startswith('configs/') and f.endswith('.yaml')}


def is_there(path):
    if '/' not in path:
        return any(fnmatch.fnmatch(name, path) for name in NAMES)
    places = [path] + [f'{top}/{path}' for top in (*TOPS, 'bench/generate', 'tests/unit')]
    if '*' in path:
        return any(fnmatch.fnmatch(f, p) for p in places for f in FILES)
    return any(p in FILES for p in places)


def is_exempt(path):
    return path in NO_FILES or PLACEHOLDER.search(path) is not None


def cited_files(name, text):
    """what a text cites and the tree has not"""
    for path in dict.fromkeys(PATH.findall(text)):
        first = path.split('/')[0]
        if is_exempt(path) or is_there(path):
            continue
        # <sys/socket.h> and others' files: only what begins in our folders is ours to keep.
        if '/' in path and not any(f == first or f.endswith(f'/{first}') for f in FOLDERS):
            continue
        yield f'{name}: {path}'


def every_link_of_a_document_leads_somewhere():
    wrong = []
    for name, text in DOCUMENTS.items():
        for target in re.findall(r'\]\(([^)\s]+)\)', text):
            if re.match(r'[a-z]+:', target):
                continue
            path, _, anchor = target.partition('#')
            to = (TREE / name).parent / path if path else TREE / name
            if not to.exists():
                wrong.append(f'{name}: {target}')
            elif anchor and anchor not in anchors(to.read_text()):
                wrong.append(f'{name}: {target}')
    return wrong


def anchors(text):
    return {re.sub(r'[^\w -]', '', h).strip().lower().replace(' ', '-')
            for h in re.findall(r'^#+ (.*)$', text, re.M)}


def every_file_that_a_document_cites_is_there():
    wrong = []
    for name, text in DOCUMENTS.items():
        prose = re.sub(r'^```.*?^```', '', text, flags=re.S | re.M)
        quoted = '\n'.join(re.findall(r'`([^`\n]+)`', prose))
        wrong += cited_files(name, quoted)
        wrong += [f'{name}: {folder}' for folder in FOLDER.findall(quoted)
                  if folder.rstrip('/') not in FOLDERS and not is_exempt(folder)]
    return wrong


def every_file_that_a_comment_cites_is_there():
    return [w for name, text in COMMENTS.items() for w in cited_files(name, text)]


def every_section_of_the_design_that_is_cited_is_there():
    design = DOCUMENTS['docs/design.md']
    sections = re.findall(r'^## (\d+)\. ', design, re.M)
    wrong = [] if sections == [str(i + 1) for i in range(len(sections))] else ['numbers have gaps']
    texts = {**COMMENTS, **DOCUMENTS}
    for name, text in texts.items():
        for cited in re.findall(r'\bDESIGN\b((?:[\s*#]+\d+(?:,| and|))*)', text):
            numbers = re.findall(r'\d+', cited)
            wrong += [f'{name}: DESIGN {n}' for n in numbers if n not in sections]
            if not numbers and 'DESIGN n' not in text:
                wrong.append(f'{name}: DESIGN without a section')
    for name, text in DOCUMENTS.items():
        for n in re.findall(r'design\.md\), section (\d+)', text):
            if n not in sections:
                wrong.append(f'{name}: section {n}')
    return wrong


def commands():
    text = (TREE / 'control/cli/cli.h').read_text()
    block = re.search(r'#define COMMAND_LIST\(X\)(.*?)\n\n', text, re.S)[1]
    return re.findall(r'X\((\w+)\)', block)


def the_readme_has_every_command_and_no_other():
    table = re.search(r'^## Commands$(.*?)^## ', DOCUMENTS['README.md'], re.S | re.M)[1]
    rows = '\n'.join(row.split(' | ')[0] for row in re.findall(r'^\| (.*)$', table, re.M))
    named, there = set(re.findall(r'`(\w+)`', rows)), set(commands())
    return [f'not in the README: {c}' for c in sorted(there - named)] + \
        [f'no command: {c}' for c in sorted(named - there)]


def every_command_that_a_document_names_is_there():
    wrong = []
    for name, text in DOCUMENTS.items():
        called = re.findall(r'(?:`|^    )portolan ([a-z]+)', text, re.M)
        wrong += [f'{name}: portolan {c}' for c in called if c not in commands() and c != 'x']
    return wrong


def every_target_of_make_that_a_document_names_is_there():
    makefile = (TREE / 'GNUmakefile').read_text()
    targets = set(re.findall(r'^([a-z-]+):', makefile, re.M))
    return [f'{name}: make {t}' for name, text in DOCUMENTS.items()
            for t in re.findall(r'(?:`|^    )make ([a-z-]+)', text, re.M) if t not in targets]


def every_list_that_a_document_names_is_there():
    code = '\n'.join((TREE / f).read_text() for f in FILES if f.endswith(('.h', '.py', '.c')))
    return [f'{name}: {word}' for name, text in DOCUMENTS.items()
            for word in dict.fromkeys(re.findall(r'`([A-Z]+_[A-Z_]+)`', text))
            if not re.search(rf'\b{word}\b', code)]


def listed(file, macro):
    """the texts of a list of the code: the first one of each line, or all"""
    text = (TREE / file).read_text()
    block = re.search(rf'#define {macro}\(X\)(.*?)\n(?!\t)', text, re.S)[1]
    return [re.findall(r'"([^"]*)"', line) for line in re.findall(r'X\((.*?)\)\s*(?:\\|$)', block, re.S)]


def every_term_is_explained():
    """verdicts, connections, bases, states of channels, and the parts of a summary"""
    terms = DOCUMENTS['docs/terms.md']
    names = [words[0] for macro in ('VERDICT_LIST', 'CONNECTION_LIST', 'BASIS_LIST')
             for words in listed('include/verdict.h', macro)]
    states = listed('control/base/channel_state.h', 'CHANNEL_STATE_LIST')
    summary = (TREE / 'control/report/summary.c').read_text()
    heads = re.findall(r'%s([A-Z][A-Z ]+)%s', summary)
    assert len(names) > 20 and len(states) > 8 and len(heads) > 8, (names, states, heads)
    return [f'docs/terms.md: `{n}`' for n in [*names, *(s[0] for s in states)] if f'`{n}`' not in terms] + \
        [f'docs/terms.md: {t}' for t in [*(s[1] for s in states), *heads] if f'| {t} |' not in terms]


# Words that people stumbled over, and what is said instead. Of the code, only its texts are read.
OLD_WORDS = {
    r'gravest first': 'by severity', r'what is spoken|\bwas spoken|may be spoken': 'detected protocol',
    r'none is near': 'no similar rule', r'no list of the policy': 'is not permitted',
    r'worth knowing': 'clear text and weak protocols', r'what only several flows': 'correlated findings',
    r'does no more|no more does': 'no traffic since',
    r'that is not seen nothing': 'no conclusions about appliances not seen',
    r'for want of': 'no buffer available', r'used a documented row': 'no traffic on RULE since TIME',
    r'connections? stands?\b': 'established', r'nothing comes any more': 'idle',
    r'repeats counted': 'suppressed duplicates', r'from relations': 'correlated',
    r'\bjudge[sd]?\b|\bjudging\b': 'classify',
    r'whether it belongs|whether it\n? *belongs|does not belong|do not belong|that belonged': 'is allowed',
    r'\bstrangers?\b': 'unknown peers', r'\bdoubles\b': 'duplicates',
    r'turns? (?:the|a) flow': 'reverses the initiator', r'is a suspect|\bsuspect\b': 'mirror (SPAN) quality',
    r'\bin doubt\b': 'degraded', r"machine's floor": 'baseline',
    r'a look at what is': 'payload inspection', r'place by place': 'rule by rule',
    r'\bsays more\b': 'see ... for details',
    r'may not capture|not for this user': 'permission denied',
    r'(?:is|:) no text\b': 'binary file', r'(?:is|:) no capture\b(?! file)': 'not a capture file',
    r'not scraped|nothing is watched': 'no monitoring', r'have not both': 'only partly connected',
    r'hardly (?:has )?room': 'almost full', r'(?:crossed|sends|goes)(?: \w+){0,2} in clear\b(?! text)': 'in clear text',
    r'wrong with the mirror': 'mirror problems',
    r'(?<!status: )(?<!status is )(?<!inherited: )\brecalled\b': 'unverified'}
# Files, beside documents, that users read whole: alerts, dashboards, units, sites, profiles, the package.
READ_WHOLE = ('configs/', 'GNUmakefile')


def texts_for_people():
    for name in FILES:
        text = ''
        if name.startswith(READ_WHOLE) and not name.startswith('configs/signatures') or name in DOCUMENTS:
            text = re.sub(r'`[^`\n]*`', '', (TREE / name).read_text())  # names of files and fields
        if name.startswith('control/') and name.endswith(('.c', '.h')):
            code = re.sub(r'/\*.*?\*/', '', (TREE / name).read_text(), flags=re.S)
            code = re.sub(r'"\s*\n\s*"', '', code)
            # names of machine-readable fields keep what they were called
            strings = re.findall(r'"((?:\\.|[^"\\\n])*)"', code)
            text = '\n'.join(s for s in strings if not re.fullmatch(r'[a-z_.-]*', s)).replace('\\n', ' ')
        yield name, text


def nobody_reads_the_old_words():
    return [f'{name}: {word}: want {want}' for name, text in texts_for_people()
            for word, want in OLD_WORDS.items() if re.search(word, text, re.I)]


def alerts_have_every_flagged_verdict():
    """the rule for flagged packets, against the list of verdicts, mild ones first"""
    rules = (TREE / 'configs/alerts/portolan.rules.yaml').read_text()
    named = set(re.search(r'portolan_verdict_packets_total\{verdict=~"([^"]+)"', rules)[1].split('|'))
    flagged = {words[0] for words in listed('include/verdict.h', 'VERDICT_LIST')} - \
        {'expected', 'implied', 'not-covered'}
    assert len(flagged) == 5, flagged
    return [f'configs/alerts: {v}' for v in sorted(flagged ^ named)]


def the_readme_is_short():
    count = len(DOCUMENTS['README.md'].splitlines())
    return [f'{count} lines, not at most {README_LINES}'] if count > README_LINES else []


def main():
    tests = [every_link_of_a_document_leads_somewhere, every_file_that_a_document_cites_is_there,
             every_file_that_a_comment_cites_is_there,
             every_section_of_the_design_that_is_cited_is_there,
             the_readme_has_every_command_and_no_other,
             every_command_that_a_document_names_is_there,
             every_target_of_make_that_a_document_names_is_there,
             every_list_that_a_document_names_is_there, every_term_is_explained,
             nobody_reads_the_old_words, alerts_have_every_flagged_verdict, the_readme_is_short]
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        wrong = test()
        print(f"{'not ok' if wrong else 'ok'} {number} - {test.__name__.replace('_', ' ')}")
        for line in wrong:
            print('#', line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
