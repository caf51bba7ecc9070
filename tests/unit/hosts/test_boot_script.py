"""The script of a boot: it writes all files once, the manifest last, and loads the firewall each time."""

import gzip
import stat
import subprocess

import pytest
from service_shop import PRODUCTION, SHOP, platform

from portinfra.hosts import haproxy, hosts_file, manifest, nftables, systemd
from portinfra.hosts.boot_script import boot_script
from portinfra.hosts.render import render
from portinfra.placement import place

FILES = render(place(SHOP, PRODUCTION), platform)["app1"]


def packed(text):
    return len(gzip.compress(text.encode(), mtime=0))


WHOLE = boot_script(FILES, packed, 16_384)


class Host:
    """A folder that stands for the root of a host, with an nft that notes each call."""

    def __init__(self, root):
        self.root = root
        self.calls = root / "calls"
        programs = root / "bin"
        programs.mkdir()
        (programs / "nft").write_text(f'#!/bin/sh\necho "nft $*" >> {self.calls}\n')
        (programs / "systemctl").write_text("#!/bin/sh\n")
        for program in programs.iterdir():
            program.chmod(0o755)
        self.environment = {"PATH": f"{programs}:/usr/bin:/bin"}

    def boot(self, script=WHOLE.text, more=""):
        for folder in ("/etc/", "/usr/local/"):
            script = script.replace(f" {folder}", f" {self.root}{folder}")
        return subprocess.run(
            ["sh", "-c", more + script], env=self.environment, capture_output=True, text=True, check=False
        )

    def path(self, path):
        return self.root / path.lstrip("/")

    def read(self, path):
        """Return a file with the paths of a real host: the root is replaced in contents, too."""
        return self.path(path).read_text().replace(str(self.root), "")

    def count_loads(self):
        return len(self.calls.read_text().splitlines()) if self.calls.exists() else 0


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_the_first_boot_writes_every_file_as_it_is_rendered(host):
    done = host.boot()
    assert (done.returncode, done.stderr) == (0, "")
    for file in FILES:
        assert host.read(file.path) == file.content
        assert stat.S_IMODE(host.path(file.path).stat().st_mode) == file.mode
    assert host.count_loads() == 1


def test_later_boots_load_the_firewall_and_write_nothing(host):
    host.boot()
    host.path(hosts_file.PATH).write_text("delivered\n")
    host.path(haproxy.PATH).unlink()
    host.boot()
    assert host.path(hosts_file.PATH).read_text() == "delivered\n"
    assert not host.path(haproxy.PATH).exists()
    assert host.count_loads() == 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_a_boot_that_ends_before_any_file_is_written_again(host, file):
    """The `mv` of that file fails, as it does where the host loses its power."""
    path = host.path(file.path)
    dies = f'mv() {{ [ "$2" = "{path}" ] && exit 1; command mv "$@"; }}\n'
    host.boot(more=dies)
    assert not host.path(manifest.PATH).exists()
    host.boot()
    assert {each.path: host.read(each.path) for each in FILES} == {each.path: each.content for each in FILES}


def test_the_firewall_is_loaded_before_any_other_file_is_written(host):
    host.boot(more=f'mv() {{ [ "$2" = "{host.path(haproxy.PATH)}" ] && exit 1; command mv "$@"; }}\n')
    assert host.count_loads() == 1


def test_it_may_be_followed_by_another_script(host):
    done = host.boot(WHOLE.text + "#!/bin/sh\necho mounted\n")
    assert done.stdout.endswith("mounted\n")


def test_it_is_small():
    assert packed(WHOLE.text) < 3000
    assert WHOLE.left_out == ()


def test_what_has_no_room_is_left_out_in_order_and_named():
    proxy = (haproxy.PATH, systemd.SCRIPT, systemd.UNIT)
    sizes = [packed(WHOLE.text) - 1, 1000, 10]
    found = [boot_script(FILES, packed, most) for most in sizes]
    assert [each.left_out for each in found] == [
        (hosts_file.PATH,),
        (*(hosts_file.PATH,), *proxy),
        (*(hosts_file.PATH,), *proxy),
    ]
    assert [each.fits for each in found] == [True, False, False]
    for each in found:
        assert nftables.PATH in each.text
        assert f"{FILES[-1].content}" in each.text, "the manifest names what is missing, too"
