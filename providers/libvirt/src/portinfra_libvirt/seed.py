"""The seed: the first-boot data of a guest, in NoCloud's form, as a small ISO image.

https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import pycdlib

LABEL = "cidata"
BLOCK = 4096
"""The block size of file systems. The image has a multiple of it, so its file is full once it is written."""


def documents(
    instance_id: str, hostname: str, network: Mapping[str, Any], ssh_keys: tuple[str, ...], user_data: str
) -> dict[str, str]:
    """Return file → its text. JSON is valid YAML."""
    meta: dict[str, Any] = {"instance-id": instance_id, "local-hostname": hostname}
    if ssh_keys:
        meta["public-keys"] = list(ssh_keys)
    return {
        "meta-data": json.dumps(meta, indent=1) + "\n",
        "network-config": json.dumps(network, indent=1) + "\n",
        "user-data": user_data or "#cloud-config\n{}\n",
    }


def network(mac: str, address: str, prefix: int, gateway: str | None) -> dict[str, Any]:
    """Return the configuration of the network card: a fixed address, and a route if there is a gateway."""
    card: dict[str, Any] = {
        "match": {"macaddress": mac},
        "addresses": [f"{address}/{prefix}"],
        "dhcp4": False,
    }
    if gateway:
        card["routes"] = [{"to": "0.0.0.0/0", "via": gateway}]
    return {"version": 2, "ethernets": {"nic0": card}}


def image(files: Mapping[str, str]) -> bytes:
    """Return the ISO image with these files. Its length is a multiple of 4096 bytes."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    for number, name in enumerate(sorted(files)):
        content = files[name].encode()
        short = f"/FILE{number}.;1"
        iso.add_fp(io.BytesIO(content), len(content), short, rr_name=name, joliet_path=f"/{name}")
    written = io.BytesIO()
    iso.write_fp(written)
    iso.close()
    data = written.getvalue()
    return data + bytes(-len(data) % BLOCK)
