"""The files of hosts as JSON documents. docs/json.md explains them."""

from collections.abc import Iterable

from portinfra.hosts.render import Files
from portinfra.hosts.status import HostState
from portinfra.model.plain import Document


def hosts_document(scope: str, files: Files) -> Document:
    """Return every file of every host, without contents. The digest of a host is that of its manifest."""
    return {
        "schema": "portinfra.hosts/1",
        "scope": scope,
        "hosts": {
            host: {
                "digest": some[-1].digest,
                "files": [
                    {
                        "path": file.path,
                        "mode": f"{file.mode:04o}",
                        "digest": file.digest,
                        "check": file.check,
                        "reload": file.reload,
                    }
                    for file in some
                ],
            }
            for host, some in files.items()
        },
    }


def hosts_status_document(scope: str, states: Iterable[HostState], unknown: Iterable[str]) -> Document:
    """Return the comparison of the files of every host with the rendered ones."""
    states = list(states)
    return {
        "schema": "portinfra.hosts-status/1",
        "scope": scope,
        "differs": any(each.state != "same" for each in states),
        "hosts": {
            each.host: {"state": each.state, "edited": list(each.edited), "missing": list(each.missing)}
            for each in states
        },
        "unknown": list(unknown),
    }
