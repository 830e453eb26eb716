#!/usr/bin/env python3
"""Reports of made-up models, as a browser shows them.

    test_report_page.py REPORT_SAMPLES

Screenshots (light, dark, 360 px wide) and paper (PDF) of each are kept beside the program, in
report/. Needs Chromium; axe-core looks for what keeps people from reading, where it was installed
(`make test` does).
"""
import subprocess
import sys
from pathlib import Path

import browser
import tap

TREE = Path(__file__).resolve().parent.parent.parent
RULES = TREE / 'tests/unit/control/cloud-delivered.csv'
AXE = TREE / 'build/browser/node_modules/axe-core/axe.min.js'
AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']

SAMPLES = ('busy', 'quiet', 'blind', 'crowd', 'hostile')
LOOKS = {'light': (1280, 900, 'light'), 'dark': (1280, 900, 'dark'), 'narrow': (360, 740, 'light')}
LOAD_S = 2
CROWD_BYTES = 5_000_000
TRIES = 3  # of a page that takes too long: the machine may be busy

FORBIDDEN = """(() => {
    const wrong = [];
    for (const e of document.querySelectorAll('*')) {
        if (['SCRIPT', 'IMG', 'IFRAME', 'OBJECT', 'EMBED', 'LINK', 'FORM'].includes(e.tagName.toUpperCase()))
            wrong.push(e.outerHTML.slice(0, 100));
        for (const a of e.attributes)
            if (a.name.startsWith('on') || a.name === 'style' || a.name === 'src' ||
                    (a.name === 'href' && !a.value.startsWith('#')))
                wrong.push(a.name + '=' + a.value.slice(0, 100));
    }
    return wrong;
})()"""
CLIPPED = """[...document.querySelectorAll('main *')]
    .filter(e => !e.closest('svg, .scroll') && !e.matches('.unseen') && e.scrollWidth > e.clientWidth + 1 &&
        getComputedStyle(e).overflowX !== 'visible')
    .map(e => e.outerHTML.slice(0, 100))"""
CLOSED = """[...document.querySelectorAll('details:not([open]) > :not(summary)')]
    .filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length"""
STRUCTURE = """({lang: document.documentElement.lang, h1: document.querySelectorAll('h1').length,
    landmarks: ['header', 'nav', 'main', 'footer'].filter(t => document.querySelectorAll(t).length === 1),
    unscoped: document.querySelectorAll('th:not([scope])').length,
    pictures: [...document.querySelectorAll('svg')].filter(s => s.getAttribute('role') !== 'img' ||
        !s.querySelector('title') || !s.querySelector('desc')).length})"""


SCRIPTS = {'forbidden': FORBIDDEN, 'clipped': CLIPPED, 'structure': STRUCTURE,
           'sideways': 'Math.max(0, document.documentElement.scrollWidth - innerWidth)'}
RUN_AXE = f"""axe.run(document, {{runOnly: {AXE_TAGS}}}).then(r => r.violations.map(v =>
    [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)]))"""


class World:
    """The samples, written, a browser, and what it says of each page in each look."""

    def __init__(self, samples, window):
        self.folder = Path(samples).resolve().parent / 'report'
        self.folder.mkdir(exist_ok=True)
        subprocess.run([samples, RULES, self.folder], check=True, stdout=subprocess.DEVNULL)
        self.window = window
        self.pages = {f'{sample}, {look}': self.seen(sample, look)
                      for sample in SAMPLES for look in LOOKS}
        print(f'# pictures of each page are in {self.folder}')

    def open(self, sample, look='light'):
        self.window.look(*LOOKS[look])
        return self.window.open(self.folder / f'{sample}.html')

    def seen(self, sample, look):
        """opens a page once, and keeps its picture"""
        self.open(sample, look)
        page = {name: self.window.run(script) for name, script in SCRIPTS.items()}
        self.window.picture(self.folder / f'{sample}-{look}.png')
        if look == 'light':
            self.window.paper(self.folder / f'{sample}.pdf')
        page |= {'requests': list(self.window.requests), 'said': list(self.window.said)}
        if AXE.exists():  # last: it says and asks what the page does not
            self.window.run(AXE.read_text() + ';0')
            page['axe'] = self.window.run(RUN_AXE)
        return page

    def holds(self, name, want):
        wrong = {page: seen[name] for page, seen in self.pages.items() if seen[name] != want}
        assert not wrong, wrong


def no_request_leaves_a_page(world):
    for page, seen in world.pages.items():
        left = [url for url in seen['requests'] if not url.startswith('file://')]
        assert not left and len(seen['requests']) == 1, (page, seen['requests'])


def the_console_says_nothing(world):
    world.holds('said', [])


def a_page_has_nothing_that_runs_or_loads(world):
    world.holds('forbidden', [])


def a_hostile_page_keeps_its_title_and_says_what_it_was_given(world):
    world.open('hostile')
    assert world.window.run('document.title').startswith('portolan: </title>')
    assert '\u27e8U+202E\u27e9' in world.window.run('document.body.innerText')


def a_page_has_one_heading_landmarks_scopes_and_described_pictures(world):
    world.holds('structure', {'lang': 'en', 'h1': 1, 'unscoped': 0, 'pictures': 0,
                              'landmarks': ['header', 'nav', 'main', 'footer']})


def no_page_scrolls_sideways(world):
    world.holds('sideways', 0)


def nothing_is_cut_off(world):
    world.holds('clipped', [])


def a_page_is_dark_where_that_is_asked_for(world):
    colour = 'getComputedStyle(document.body).backgroundColor'
    world.open('busy', 'light')
    light = world.window.run(colour)
    world.open('busy', 'dark')
    assert world.window.run(colour) != light == 'rgb(255, 255, 255)'


def what_scrolls_is_reached_by_keyboard_and_shows_it(world):
    world.open('busy', 'narrow')
    for _ in range(60):
        for kind in ('keyDown', 'keyUp'):
            world.window.ask('Input.dispatchKeyEvent', type=kind, key='Tab', code='Tab',
                             windowsVirtualKeyCode=9)
        if world.window.run("document.activeElement.className === 'scroll'"):
            style = world.window.run('getComputedStyle(document.activeElement).outlineStyle')
            assert style == 'solid', style
            return
    raise AssertionError('no region was reached')


def axe_finds_nothing(world):
    if not AXE.exists():
        raise tap.Skip('axe-core is not installed')
    world.holds('axe', [])


def ten_thousand_findings_are_small_and_open_soon(world):
    size = (world.folder / 'crowd.html').stat().st_size
    times = []
    while len(times) < TRIES and (not times or times[-1] >= LOAD_S):
        times.append(world.open('crowd'))
    print(f'# crowd.html: {size} bytes, open after {times[-1]:.2f} s')
    assert size < CROWD_BYTES and times[-1] < LOAD_S, (size, times)


def paper_shows_what_is_closed_on_the_screen(world):
    world.open('busy')
    closed = world.window.run(CLOSED)
    world.window.look(media='print')
    on_paper = world.window.run(CLOSED)
    world.window.look()
    assert closed > 0 and on_paper == 0, (closed, on_paper)


CASES = [no_request_leaves_a_page, the_console_says_nothing, a_page_has_nothing_that_runs_or_loads,
         a_hostile_page_keeps_its_title_and_says_what_it_was_given,
         a_page_has_one_heading_landmarks_scopes_and_described_pictures, no_page_scrolls_sideways,
         nothing_is_cut_off, a_page_is_dark_where_that_is_asked_for,
         what_scrolls_is_reached_by_keyboard_and_shows_it, axe_finds_nothing,
         ten_thousand_findings_are_small_and_open_soon, paper_shows_what_is_closed_on_the_screen]


def main():
    if not browser.program():
        return tap.run(CASES, None, why_not='there is no Chromium')
    with browser.Browser() as window:
        return tap.run(CASES, World(sys.argv[1], window))


if __name__ == '__main__':
    sys.exit(main())
