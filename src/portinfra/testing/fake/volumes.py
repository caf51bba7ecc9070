"""The volumes of hosts that run no software: this module writes and reads them as hosts would.

    python -m portinfra.testing.fake.volumes write ACCOUNT REGION TEXT
    python -m portinfra.testing.fake.volumes read HOST...

`write` writes on the volumes of every host of an account in a region. `read` is a probe for a recovery plan:
it reads every volume of these hosts, and fails if one is blank. It finds the volumes in the inventory that
`PORTINFRA_INVENTORY` names.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from portinfra.errors import PortinfraError
from portinfra.model.environment import Environment
from portinfra.testing.fake.plugin import FakePlugin

INVENTORY = "PORTINFRA_INVENTORY"


def main(arguments: Sequence[str]) -> int:
    """Return 0 on success, 1 if a volume is blank or nothing can be read, 2 for bad usage."""
    try:
        match arguments:
            case ["write", account, region, text]:
                return _write(account, region, text)
            case ["read", *hosts] if hosts and INVENTORY in os.environ:
                return _read(_inventory(Path(os.environ[INVENTORY])), hosts)
    except PortinfraError as error:
        sys.stderr.write(f"{error}\n  {error.fix}\n")
        return 1
    sys.stderr.write(__doc__ or "")
    return 2


def _inventory(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found = error
    if not isinstance(found, dict) or "hosts" not in found:
        why = found if isinstance(found, Exception) else "it has no hosts"
        raise PortinfraError(f"{file} is no inventory: {why}", fix=f"portinfra sets {INVENTORY} for a probe.")
    return found


def _write(account: str, region: str, text: str) -> int:
    provider = FakePlugin().connect(Environment("hosts", on=f"fake:{region}", account=account))
    try:
        records = provider.cloud.ground_truth(account, region)
        attached = [each for each in records if each["kind"] == "volume" and each["attachment"]]
        for volume in attached:
            provider.cloud.write(volume["id"], f"{text} ({volume['name']})")
    finally:
        provider.close()
    sys.stdout.write(f"{len(attached)} volumes written\n")
    return 0 if attached else 1


def _read(inventory: Mapping[str, Any], hosts: Sequence[str]) -> int:
    volumes = {host["name"]: host["volumes"] for host in inventory["hosts"]}
    provider = FakePlugin().connect(Environment("probe", on=inventory["on"]))
    try:
        contents = {
            f"{host} {volume['name']}": provider.cloud.read(volume["id"]).decode(errors="replace")
            for host in hosts
            for volume in volumes.get(host, ())
        }
    finally:
        provider.close()
    for volume, text in contents.items():
        sys.stdout.write(f"{volume}: {text or 'BLANK'}\n")
    without = [host for host in hosts if not volumes.get(host)]
    for host in without:
        sys.stdout.write(f"{host} has no volume\n")
    return 1 if without or not all(contents.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
