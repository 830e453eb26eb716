"""A headless Chromium, spoken to in its DevTools protocol through two pipes: no driver, no port.

Every request of a page but the one for the page itself is noted, as is everything that its console
says.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome')
ANSWER_S = 60


def program():
    """the path of a browser, or None"""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One window. Used as `with Browser() as browser`."""

    def __enter__(self):
        self.home = tempfile.mkdtemp()
        # The browser reads its descriptor 3 and writes 4.
        read, self.to = os.pipe()
        self.answers, write = os.pipe()

        def descriptors():
            high = [os.dup(read), os.dup(write)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program(), '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
             '--no-first-run', '--disable-background-networking', '--disable-dev-shm-usage',
             '--disable-component-update', '--remote-debugging-pipe',
             f'--user-data-dir={self.home}', 'about:blank'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=descriptors, close_fds=False, env=dict(os.environ, HOME=self.home))
        os.close(read)
        os.close(write)
        self.rest, self.number, self.session = b'', 0, None
        self.loaded, self.requests, self.said = False, [], []
        target = self.ask('Target.createTarget', url='about:blank')['targetId']
        self.session = self.ask('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Network', 'Runtime', 'Log'):
            self.ask(f'{domain}.enable')
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.answers)
        shutil.rmtree(self.home, ignore_errors=True)

    def message(self, until):
        while b'\0' not in self.rest:
            if not select.select([self.answers], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError('the browser does not answer')
            more = os.read(self.answers, 1 << 20)
            if not more:
                raise EOFError('the browser has ended')
            self.rest += more
        text, _, self.rest = self.rest.partition(b'\0')
        return json.loads(text)

    def note(self, event):
        method, of = event.get('method'), event.get('params', {})
        if method == 'Page.loadEventFired':
            self.loaded = True
        elif method == 'Network.requestWillBeSent':
            self.requests.append(of['request']['url'])
        elif method == 'Runtime.consoleAPICalled':
            self.said.append(json.dumps(of['args']))
        elif method == 'Runtime.exceptionThrown':
            self.said.append(json.dumps(of['exceptionDetails']))
        elif method == 'Log.entryAdded':
            self.said.append(of['entry']['text'])

    def ask(self, method, **params):
        """the result of a command"""
        self.number += 1
        command = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            command['sessionId'] = self.session
        data, until = json.dumps(command).encode() + b'\0', time.monotonic() + ANSWER_S
        while data:
            data = data[os.write(self.to, data):]
        while True:
            got = self.message(until)
            if got.get('id') != self.number:
                self.note(got)
            elif 'error' in got:
                raise RuntimeError(f"{method}: {got['error']}")
            else:
                return got['result']

    def look(self, width=1280, height=900, scheme='light', media=''):
        """how wide and how bright pages are, and whether they are paper (`media` is print)"""
        self.ask('Emulation.setDeviceMetricsOverride', width=width, height=height,
                 deviceScaleFactor=1, mobile=width < 500)
        self.ask('Emulation.setEmulatedMedia', media=media,
                 features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        # It comes to the page on a way of its own, behind a script or before it.
        self.wait(f"matchMedia('{media or 'screen'} and (prefers-color-scheme: {scheme})').matches")
        self.paint()

    def wait(self, condition):
        until = time.monotonic() + ANSWER_S
        while not self.run(condition):
            if time.monotonic() > until:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def open(self, path):
        """seconds until a file has been loaded and painted"""
        self.loaded, self.requests, self.said = False, [], []
        start = time.monotonic()
        self.ask('Page.navigate', url=f'file://{os.path.abspath(path)}')
        while not self.loaded:
            self.note(self.message(start + ANSWER_S))
        self.paint()
        return time.monotonic() - start

    def paint(self):
        """until what was changed has been drawn"""
        self.run('new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))')

    def run(self, script):
        """what a script gives, beside the page's own policy"""
        got = self.ask('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True)
        if 'exceptionDetails' in got:
            raise RuntimeError(json.dumps(got['exceptionDetails'])[:1000])
        return got['result'].get('value')

    def picture(self, path, whole=True, height=None):
        """a screenshot: of the whole page, or of so much of it as is seen"""
        size = self.ask('Page.getLayoutMetrics')['cssContentSize']
        clip = {'x': 0, 'y': 0, 'width': size['width'], 'scale': 1,
                'height': height or min(size['height'], 12000)}
        got = self.ask('Page.captureScreenshot', format='png', captureBeyondViewport=whole,
                       **({'clip': clip} if whole else {}))
        with open(path, 'wb') as file:
            file.write(base64.b64decode(got['data']))

    def paper(self, path):
        got = self.ask('Page.printToPDF', preferCSSPageSize=True, printBackground=True)
        with open(path, 'wb') as file:
            file.write(base64.b64decode(got['data']))
