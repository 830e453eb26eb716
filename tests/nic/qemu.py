"""A computer with one NIC, emulated in software, that does what it is told on a serial line."""
import base64
import gzip
import re
import socket
import subprocess
import time

BOOT_SECONDS = 75
LIFE_SECONDS = 130  # it ends by itself, whatever becomes of us
ANSWER = re.compile(rb'(.*?)=status (\d+)\n', re.S)
QEMU = 'qemu-system-x86_64'
KERNEL_LINE = ('console=ttyS0 quiet panic=-1 mitigations=off no5lvl nokaslr no_timer_check '
               'intel_iommu=on iommu=pt hugepages=200')
NIC = '0000:00:03.0'


class Broken(Exception):
    """The machine does not do what it should."""


class Machine:
    """`nic` and `backend` as QEMU's -device and -netdev have them."""

    def __init__(self, folder, kernel, image, nic, backend, prefix=(), iommu=''):
        self.folder, self.unread, self.boot_seconds = folder, b'', 0
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / 'agent'))
        listener.listen(1)
        listener.settimeout(10)
        self.log = open(folder / 'qemu.log', 'wb')
        self.process = subprocess.Popen(
            [*prefix, 'timeout', '-k', '5', str(LIFE_SECONDS), QEMU,
             '-accel', 'tcg,thread=multi', '-machine', 'q35', '-cpu', 'max',
             '-smp', '2', '-m', '1024', '-nodefaults', '-display', 'none', '-no-reboot',
             '-device', f'intel-iommu,intremap=on,caching-mode=on{iommu}',
             '-kernel', kernel, '-initrd', image, '-append', KERNEL_LINE,
             '-serial', f'file:{folder}/console', '-chardev', f'socket,id=agent,path={folder}/agent',
             '-serial', 'chardev:agent', '-netdev', f'{backend},id=n0',
             '-device', f'{nic},netdev=n0,addr=03.0'],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        try:
            self.agent = listener.accept()[0]
        except OSError:
            self.close()
            raise Broken(self.last_words()) from None
        finally:
            listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.agent.close()
        self.close()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def last_words(self):
        texts = [(self.folder / name).read_text(errors='replace')[-1500:]
                 for name in ('qemu.log', 'console') if (self.folder / name).exists()]
        return 'the machine does not answer: ' + ' | '.join(t.strip() for t in texts if t.strip())

    def read_until(self, pattern, seconds):
        limit = time.monotonic() + seconds
        while not (found := pattern.match(self.unread)):
            self.agent.settimeout(max(0.01, limit - time.monotonic()))
            try:
                more = self.agent.recv(1 << 16)
            except TimeoutError:
                more = b''
            if not more:
                raise Broken(self.last_words())
            self.unread += more
        self.unread = self.unread[found.end():]
        return found

    def boot(self):
        """Until the NIC is there for a program to drive."""
        begin = time.monotonic()
        self.read_until(re.compile(rb'.*?=ready\n', re.S), BOOT_SECONDS)
        self.boot_seconds = time.monotonic() - begin
        self.run(f'echo vfio-pci >/sys/bus/pci/devices/{NIC}/driver_override')
        self.run(f'echo {NIC} >/sys/bus/pci/drivers_probe')
        if self.run('ls /dev/vfio').split() == ['vfio']:
            raise Broken('the NIC cannot be bound to vfio-pci')

    def ask(self, command, seconds=20):
        self.agent.sendall(command.encode() + b'\n')
        text, status = self.read_until(ANSWER, seconds).groups()
        return int(status), text.decode(errors='replace')

    def run(self, command, seconds=20):
        status, text = self.ask(command, seconds)
        if status:
            raise Broken(f'{command}: status {status}: {text}')
        return text

    def fetch(self, path):
        return gzip.decompress(base64.b64decode(self.run(f'gzip -c {path} | base64'))).decode()
