"""Links to resources, whole or partial, and the paths in them.

https://cloud.google.com/apis/design/resource_names; in Compute Engine a reference may be the whole URL,
`projects/p/zones/z/disks/d`, or what follows the project: `zones/z/disks/d`.
"""

import re

from emulator.errors import GceError, invalid

ROOT = "https://www.googleapis.com/compute/v1/"

_ROOTS = re.compile(r"https?://(?:www|compute|[a-z0-9-]+\.p)\.googleapis\.com/compute/(?:v1|beta|alpha)/")
_PATH = re.compile(
    r"projects/(?P<project>[^/]+)/(?P<scope>global|zones/[^/]+|regions/[^/]+)/(?P<collection>[^/]+)"
    r"/(?P<name>[^/]+(?:/[^/]+)?)\Z"
)
_PLACE = re.compile(r"projects/(?P<project>[^/]+)/(?P<place>(?:zones|regions)/[^/]+)\Z")


def link(path: str) -> str:
    """The whole URL of a path that begins with `projects/`."""
    return ROOT + path


def path_of(project: str, given: str) -> str:
    """The path, from `projects/` on, of a whole or partial URL."""
    found = _ROOTS.match(given)
    path = given[found.end() :] if found else given
    return path if path.startswith("projects/") else f"projects/{project}/{path}"


def parse(project: str, field: str, given: str, *collections: str) -> tuple[str, str, str, str]:
    """Project, scope, collection and name. Raises GceError where it is no link to one of these."""
    found = _PATH.match(path_of(project, given))
    if found is None or found["collection"] not in collections:
        raise malformed(field, given)
    return found["project"], found["scope"], found["collection"], found["name"]


def malformed(field: str, given: str) -> GceError:
    """What is given is no link."""
    return invalid(field, given, "The URL is malformed.")


def name_of(link: str) -> str:
    """The last part."""
    return link.rpartition("/")[2]


def region_of(scope: str) -> str:
    """The region of `zones/z` or `regions/r`; empty for `global`."""
    kind, _, name = scope.partition("/")
    return name.rpartition("-")[0] if kind == "zones" else name
