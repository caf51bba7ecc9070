"""What a guest reads at birth."""

import io
import json

import pycdlib

from portinfra_libvirt import seed


def read_back(image):
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(image))
    found = {}
    for name in ("meta-data", "network-config", "user-data"):
        text = io.BytesIO()
        iso.get_file_from_iso_fp(text, joliet_path=f"/{name}")
        found[name] = text.getvalue().decode()
    label = iso.pvd.volume_identifier.decode().strip()
    iso.close()
    return label, found


def test_the_image_has_what_cloud_init_looks_for():
    network = seed.network("52:00:00:00:00:01", "10.0.0.4", 16, "10.0.255.254")
    files = seed.documents("web1-1", "web1", network, ("ssh-ed25519 AAAA ada",), "#!/bin/sh\necho ö\n")
    image = seed.image(files)
    assert len(image) % 4096 == 0
    label, found = read_back(image)
    assert label.lower() == "cidata"
    assert json.loads(found["meta-data"]) == {
        "instance-id": "web1-1",
        "local-hostname": "web1",
        "public-keys": ["ssh-ed25519 AAAA ada"],
    }
    card = json.loads(found["network-config"])["ethernets"]["nic0"]
    assert card["addresses"] == ["10.0.0.4/16"]
    assert card["routes"] == [{"to": "0.0.0.0/0", "via": "10.0.255.254"}]
    assert found["user-data"] == "#!/bin/sh\necho ö\n"


def test_a_host_without_a_way_out_is_told_of_none():
    card = seed.network("52:00:00:00:00:01", "10.0.0.4", 16, None)["ethernets"]["nic0"]
    assert "routes" not in card
