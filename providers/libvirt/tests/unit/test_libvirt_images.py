"""Which files of a pool are images: whole, newest, and the same everywhere."""

import sys

import pytest

from portinfra.commands.main import main as program
from portinfra_libvirt import catalogue, pool_images

DIGEST, OTHER = "a" * 64, "b" * 64


def image(name, digest=""):
    file = f"{name}.qcow2"
    return [file, pool_images.digest_file(file, digest)] if digest else [file]


def test_what_is_on_its_way_is_no_image_yet():
    names = [*image("debian-12", DIGEST), *image("debian-12@2"), "part-debian-12@2.qcow2", "part-x.qcow2"]
    assert pool_images.whole(names) == {"debian-12.qcow2": DIGEST}
    assert pool_images.digest_files("debian-12.qcow2", names) == [f"debian-12.qcow2.sha256-{DIGEST}"]


def test_versions_are_told_apart_by_their_numbers():
    names = ("debian-12@10.qcow2", "debian-12.qcow2", "debian-12@9.qcow2", "debian-12@9.1.qcow2")
    same, _ = pool_images.everywhere([names])
    assert same == ["debian-12.qcow2", "debian-12@9.qcow2", "debian-12@9.1.qcow2", "debian-12@10.qcow2"]


def test_an_image_is_used_where_every_hypervisor_has_the_same():
    here = [*image("debian-12", DIGEST), *image("debian-12@2", DIGEST), *image("helper")]
    there = [*image("debian-12", DIGEST), *image("debian-12@2", OTHER), *image("ubuntu-24.04")]
    assert pool_images.everywhere([here, there]) == (
        ["debian-12.qcow2"],
        ["debian-12@2.qcow2", "helper.qcow2", "ubuntu-24.04.qcow2"],
    )
    by_hand = image("debian-12")
    assert pool_images.everywhere([here, by_hand])[0] == ["debian-12.qcow2"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fetch", "--package", "age"], "--package would have no effect"),
        (["build", "--from", "x", "--sha256", DIGEST], "--from and --sha256 would have no effect"),
    ],
)
def test_an_option_of_the_other_verb_is_refused(words, told, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["portinfra", "image", *words, "--on", "libvirt:qemu:///system"])
    with pytest.raises(SystemExit) as ended:
        program()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_file_of_the_pool_may_be_named_as_an_image():
    pool = [*image("debian-12@1"), *image("debian-12@2")]
    assert catalogue.images([{"images": pool}, {"images": pool}]) == {
        "debian-12": "debian-12@2.qcow2",
        "debian-12@1.qcow2": "debian-12@1.qcow2",
        "debian-12@2.qcow2": "debian-12@2.qcow2",
    }
