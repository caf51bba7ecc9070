"""Images: what is fetched is what was published. What is built boots in `test_real_guest.py`."""

import hashlib
import json
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portinfra import errors
from portinfra_libvirt import images
from portinfra_libvirt.images import debian, files

BOOT_SECONDS = 600

needs_qemu_img = pytest.mark.skipif(files.tool("qemu-img") is None, reason="needs qemu-utils")


def image_file(place: Path, form: str = "raw", *options: str) -> Path:
    path = place / f"published.{form}"
    command = ["qemu-img", "create", "-q", "-f", form, *options, str(path)]
    subprocess.run([*command, "1M"], check=True, timeout=60)
    if form == "raw":
        with path.open("rb+") as file:
            file.seek(510)
            file.write(b"\x55\xaa")
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def told(path: Path) -> dict[str, object]:
    said = subprocess.run(
        ["qemu-img", "info", "--output=json", path], check=True, capture_output=True, timeout=60
    )
    found: dict[str, object] = json.loads(said.stdout)
    return found


@needs_qemu_img
def test_a_raw_image_is_fetched_as_qcow2_of_version_3(tmp_path: Path) -> None:
    source = image_file(tmp_path)
    got = images.fetch(source, tmp_path / "into", sha256=digest(source).upper(), name="debian-12@1")
    assert got == images.Image("debian-12@1", tmp_path / "into/debian-12@1.qcow2", digest(got.path), 2**20)
    found = told(got.path)
    assert (found["format"], found["virtual-size"]) == ("qcow2", 2**20)
    assert found["format-specific"]["data"]["compat"] == "1.1"  # type: ignore[index]
    assert [each.name for each in (tmp_path / "into").iterdir()] == ["debian-12@1.qcow2"]


@needs_qemu_img
def test_a_qcow2_image_stays_as_it_is_published(tmp_path: Path) -> None:
    source = image_file(tmp_path, "qcow2", "-o", "compat=1.1")
    got = images.fetch(str(source), tmp_path / "into", sha256=digest(source))
    assert (got.name, got.sha256) == ("published", digest(source))


@needs_qemu_img
def test_a_qcow2_image_of_version_2_becomes_one_of_version_3(tmp_path: Path) -> None:
    source = image_file(tmp_path, "qcow2", "-o", "compat=0.10")
    got = images.fetch(source, tmp_path / "into", sha256=digest(source))
    assert told(got.path)["format-specific"]["data"]["compat"] == "1.1"  # type: ignore[index]


@needs_qemu_img
def test_an_image_with_another_digest_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = image_file(tmp_path)
    with pytest.raises(errors.InvalidRequest, match=f"has the SHA-256 {digest(source)}") as caught:
        images.fetch(source, tmp_path / "into", sha256="0" * 64)
    assert "publisher" in caught.value.fix
    assert not list((tmp_path / "into").iterdir())


@needs_qemu_img
def test_a_transfer_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    with (
        published(b"x" * 10, length=1000) as url,
        pytest.raises(errors.Unavailable, match="after 10 of 1000"),
    ):
        images.fetch(url, tmp_path / "into", sha256=hashlib.sha256(b"x" * 10).hexdigest(), name="debian-12")
    assert not list((tmp_path / "into").iterdir())


@needs_qemu_img
def test_an_image_comes_over_http_under_the_name_of_its_file(tmp_path: Path) -> None:
    source = image_file(tmp_path)
    with published(source.read_bytes()) as url:
        got = images.fetch(url, tmp_path / "into", sha256=digest(source))
    assert got.path == tmp_path / "into/some-debian.qcow2"


@needs_qemu_img
def test_what_a_url_keeps_secret_is_in_no_error(tmp_path: Path) -> None:
    with published(b"", status="404 Not Found") as url:
        with pytest.raises(errors.NotFound) as absent:
            images.fetch(url, tmp_path / "into", sha256="0" * 64)
        with pytest.raises(errors.InvalidRequest) as refused:
            images.fetch(url.replace("//", "//me:hunter2@"), tmp_path / "into", sha256="0" * 64)
    assert "signature" not in str(absent.value)
    assert "hunter2" not in str(refused.value)
    assert "contains a user" in str(refused.value)


@needs_qemu_img
def test_a_name_that_is_taken_stays_what_it_is_and_nothing_is_fetched(tmp_path: Path) -> None:
    source = image_file(tmp_path)
    first = images.fetch(source, tmp_path / "into", sha256=digest(source), name="debian-12")
    with pytest.raises(errors.AlreadyExists) as caught:
        images.fetch(tmp_path / "nothing", tmp_path / "into", sha256="0" * 64, name="debian-12")
    assert "debian-12@VERSION" in caught.value.fix
    assert digest(first.path) == first.sha256


@needs_qemu_img
def test_a_name_that_somebody_else_takes_meanwhile_stays_what_it_is(tmp_path: Path) -> None:
    made, other = image_file(tmp_path), tmp_path / "debian-12.qcow2"
    other.write_bytes(b"theirs")
    with pytest.raises(errors.AlreadyExists):
        files.publish_file(made, tmp_path, "debian-12")
    assert other.read_bytes() == b"theirs"


@needs_qemu_img
def test_what_is_no_disk_or_half_a_disk_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "image.tar.xz"
    packed.write_bytes(b"\xfd7zXZ" + bytes(4096))
    lower = image_file(tmp_path)
    upper = image_file(tmp_path, "qcow2", "-F", "raw", "-b", str(lower))
    for source, why in ((packed, "unpack"), (upper, "Merge them")):
        with pytest.raises(errors.InvalidRequest) as caught:
            images.fetch(source, tmp_path / "into", sha256=digest(source), name="debian-12")
        assert why in caught.value.fix
    assert not list((tmp_path / "into").iterdir())


@pytest.mark.parametrize("name", ["../debian", "Debian 12", "debian-12@", "@1", ""])
def test_a_name_that_no_declaration_can_say_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(errors.InvalidRequest, match="not a valid image name"):
        images.fetch("/dev/full/..", tmp_path, sha256="0" * 64, name=name)


@needs_qemu_img
def test_nothing_to_fetch_is_said(tmp_path: Path) -> None:
    with pytest.raises(errors.NotFound, match="no image was found at"):
        images.fetch(tmp_path / "nothing.qcow2", tmp_path, sha256="0" * 64)
    with pytest.raises(errors.InvalidRequest, match="64 hexadecimal digits"):
        images.fetch(tmp_path / "nothing.qcow2", tmp_path, sha256="12")


def test_everything_missing_is_said_at_once_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_PLACES", str(tmp_path))
    monkeypatch.setattr(debian, "_GRUB", tmp_path)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    packages = "e2fsprogs fakeroot fdisk grub-common grub-pc-bin mmdebstrap qemu-utils uidmap"
    assert images.missing() == packages.split()
    with pytest.raises(errors.Unsupported) as caught:
        images.build(tmp_path / "into")
    assert caught.value.fix == f"apt-get install -y --no-install-recommends {packages}"
    assert not (tmp_path / "into").exists()


def test_a_release_that_apt_does_not_know_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "missing", list)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    listing = "Packages Debian bookworm main http://mirror/debian/\nPackages Debian bookworm-updates"
    monkeypatch.setattr(debian, "run_tool", lambda *_, **__: listing)
    with pytest.raises(errors.InvalidRequest, match="no mirror of Debian trixie"):
        images.build(tmp_path / "into", release="trixie")


@pytest.mark.parametrize(
    ("packages", "name", "why"),
    [
        (["age"], "", "needs a name of its own"),
        (["age,rclone"], "helper", "not a valid Debian package name"),
        (["--variant=x"], "helper", "not a valid Debian package name"),
        ([], "../helper", "not a valid image name"),
        ([], "helper@1", "not a valid image name"),
    ],
)
def test_more_packages_need_a_name_and_both_be_names(
    tmp_path: Path, packages: list[str], name: str, why: str
) -> None:
    with pytest.raises(errors.InvalidRequest, match=why):
        images.build(tmp_path / "into", packages=packages, name=name)
    assert not (tmp_path / "into").exists()


def test_packages_come_from_the_release_its_updates_and_security(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (
        "Packages Debian bookworm main http://mirror/debian/",
        "Sources Debian bookworm main http://mirror/debian/",
        "Packages Debian bookworm non-free http://mirror/debian/",
        "Packages Debian bookworm-updates main http://mirror/debian/",
        "Packages Debian bookworm-backports main http://mirror/debian/",
        "Packages Debian-Security bookworm-security main http://mirror/security/",
        "Packages Somebody bookworm main http://elsewhere/",
        "Translations Debian bookworm main http://mirror/debian/",
    )
    monkeypatch.setattr(debian, "run_tool", lambda *_, **__: "\n".join(lines))
    assert debian._sources("bookworm") == [
        "deb http://mirror/debian/ bookworm main",
        "deb http://mirror/debian/ bookworm-updates main",
        "deb http://mirror/security/ bookworm-security main",
    ]


def test_a_tool_that_fails_says_what_it_complained_of() -> None:
    with pytest.raises(errors.InvalidRequest, match=r"sh failed \(3\): mirror gone"):
        files.run_tool("sh", "-c", "echo mirror gone >&2; exit 3")


def test_no_password_of_a_url_is_in_what_a_tool_complained_of() -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        files.run_tool("sh", "-c", "echo no http://me:hunter2@mirror/debian >&2; exit 1")
    assert "no http://mirror/debian" in str(caught.value)


def test_a_tool_is_asked_to_end_and_waited_for_when_its_caller_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    script = "trap 'echo > ended; exit' TERM; echo > begun; while :; do sleep 0.05; done"
    with pytest.raises(KeyboardInterrupt):
        files.run_tool("sh", "-c", script, directory=tmp_path)
    assert (tmp_path / "ended").exists()


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(place: Path, *_: object) -> None:
        (place / "root.tar").write_bytes(b"half")
        raise errors.InvalidRequest("the mirror is gone")

    monkeypatch.setattr(debian, "missing", list)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(debian, "_sources", lambda _: [])
    monkeypatch.setattr(debian, "_install", fails)
    with pytest.raises(errors.InvalidRequest, match="gone"):
        images.build(tmp_path / "into")
    assert not list((tmp_path / "into").iterdir())


@needs_qemu_img
def test_a_directory_that_cannot_hold_an_image_is_said(tmp_path: Path) -> None:
    source = image_file(tmp_path)
    with pytest.raises(errors.InvalidRequest, match="cannot hold an image"):
        images.fetch(source, source / "into", sha256=digest(source))


@needs_qemu_img
@pytest.mark.parametrize(
    ("release", "text", "name"),
    [("bookworm", 'ID=debian\nVERSION_ID="12"\n', "debian-12"), ("sid", "ID=debian\n", "debian-sid")],
)
def test_an_image_without_a_name_is_called_after_its_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str, text: str, name: str
) -> None:
    def assembled(place: Path, _: object) -> None:
        (place / "root/usr/lib").mkdir(parents=True)
        (place / "root/usr/lib/os-release").write_text(text)
        image_file(place).rename(place / "disk.raw")

    monkeypatch.setattr(debian, "missing", list)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(debian, "_sources", lambda _: [])
    monkeypatch.setattr(debian, "_install", lambda *_: None)
    monkeypatch.setattr(debian, "_assemble", assembled)
    assert images.build(tmp_path / "into", release=release).name.startswith(f"{name}@")


@contextmanager
def published(contents: bytes, *, length: int | None = None, status: str = "200 OK") -> Iterator[str]:
    """A URL, with a signature, that answers with these contents and ends, whatever length it promises."""
    promised = len(contents) if length is None else length

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(f"HTTP/1.0 {status}\r\nContent-Length: {promised}\r\n\r\n".encode() + contents)

    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/some-debian.raw?signature=1"
        server.shutdown()
