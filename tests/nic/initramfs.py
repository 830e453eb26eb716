"""The guest's memory disk: busybox, the kernel's modules for user-space drivers, portolan."""
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
CONFIGS = HERE.parent.parent / 'configs'
DIRECTORY, FILE, SYMLINK = 0o040755, 0o100755, 0o120777
MODULES = ['vfio_iommu_type1', 'vfio-pci']
PLUGINS = ['bus_pci', 'mempool_ring', 'net_e1000', 'net_vmxnet3', 'net_virtio']


class Missing(Exception):
    """A prerequisite that is not there: the tests are skipped."""


def first(folder, pattern):
    for path in sorted(pathlib.Path(folder).glob(pattern), reverse=True):
        return path
    raise Missing(f'no {pattern} in {folder}: `make packages-nic`')


class Archive:
    """A cpio archive as the kernel wants it: ASCII headers, no checksums."""

    def __init__(self):
        self.body, self.names = [], set()

    def entry(self, name, mode, data=b''):
        encoded = name.encode() + b'\0'
        fields = [len(self.names) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
        head = b'070701' + b''.join(b'%08x' % f for f in fields) + encoded
        self.body += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]
        self.names.add(name)

    def folders(self, name):
        for folder in reversed(pathlib.PurePath(name).parents):
            if str(folder) not in ('.', *self.names):
                self.entry(str(folder), DIRECTORY)

    def put(self, name, data, mode=FILE):
        name = str(name).lstrip('/')
        if name not in self.names:
            self.folders(name)
            self.entry(name, mode, data)

    def file(self, path):
        """At its place; where that is a link, what it points at is found there, too: a library
        loaded under two names must stay one file."""
        path = pathlib.Path(path)
        place = path.parent.resolve() / path.name
        if place.is_symlink():
            self.put(place, str(place.resolve()).encode(), SYMLINK)
        self.put(place.resolve(), place.resolve().read_bytes())
        if path.parent != place.parent:
            self.put(path, str(place).encode(), SYMLINK)

    def tree(self, path, place):
        for file in sorted(p for p in path.rglob('*') if p.is_file()):
            self.put(pathlib.PurePath(place) / file.relative_to(path), file.read_bytes())

    def bytes(self):
        self.entry('TRAILER!!!', 0)
        return b''.join(self.body)


def libraries(path):
    """What the loader would load, the loader itself included."""
    text = subprocess.run(['ldd', path], capture_output=True, text=True, check=True).stdout
    if 'not found' in text:
        raise Missing(f'{path} lacks libraries')
    return re.findall(r'(/\S+) \(0x', text)


def modules(kernel, names):
    """Files of these modules, each after those that it needs."""
    found = []
    for name in names:
        file = first(kernel, f'lib/modules/*/kernel/**/{re.sub("[-_]", "[-_]", name)}.ko')
        needs = re.search(rb'\0depends=([^\0]*)\0', file.read_bytes())[1].decode()
        found += [f for f in modules(kernel, [n for n in needs.split(',') if n]) if f not in found]
        found += [] if file in found else [file]
    return found


def add_modules(archive, kernel):
    files = modules(kernel, MODULES)
    for file in files:
        archive.put(f'modules/{file.name}', file.read_bytes())
    archive.put('modules/order', ''.join(f'{f.name}\n' for f in files).encode())


def add_portolan(archive, portolan):
    sensor = pathlib.Path(portolan).parent / 'portolan-sensor'
    libs = libraries(sensor)
    eal = [lib for lib in libs if 'librte_eal' in lib]
    if not eal:
        raise Missing('portolan is built without DPDK')
    folder = first(pathlib.Path(eal[0]).resolve().parent, 'dpdk/pmds-*')
    files = [first(folder, f'librte_{plugin}.so.*.*') for plugin in PLUGINS]
    loaded = [portolan, *files]
    for file in {*libs, *files, *(lib for f in loaded for lib in libraries(f))}:
        archive.file(file)
    for program in (pathlib.Path(portolan), sensor):
        archive.put(f'bin/{program.name}', program.read_bytes())
    archive.tree(CONFIGS, 'configs')


def build(kernel, portolan, out):
    """Writes the memory disk and returns the kernel to go with it."""
    archive = Archive()
    archive.put('bin/busybox', first(kernel, '**/bin/busybox').read_bytes())
    archive.put('init', (HERE / 'init').read_bytes())
    archive.put('site.yaml', (HERE / 'site.yaml').read_bytes())
    for folder in 'proc', 'sys', 'dev', 'tmp', 'run':
        archive.entry(folder, DIRECTORY)
    add_modules(archive, kernel)
    add_portolan(archive, portolan)
    out.write_bytes(archive.bytes())
    return first(kernel, 'boot/vmlinuz-*')
