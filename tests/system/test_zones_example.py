"""examples/zones.py: a request, a zone that is cut off, and the way home; nothing is left on the machine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portinfra.testing.fabric import PROGRAMS, wait_until, why_impossible

pytestmark = [pytest.mark.tools(*PROGRAMS), pytest.mark.slow]

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM = (sys.executable, EXAMPLES / "zones.py")
COMMAND = (*PROGRAM, EXAMPLES / "payments.hcl", "production", "web1", "payments")

ROLES_WITH_LIKE_NAMES = """
topology "shop" {{
  delivery = "files"
  role "app" {{
    count = 2
    service "orders" {{
      tcp         = 8443
      local_port  = 8002
      tls         = "{tls}"
      {ports}
    }}
  }}
  role "app-batch" {{ count = 3 }}
  allow {{
    from    = "app-batch"
    service = "orders"
    why     = "orders"
  }}
}}
environment "demo" {{
  on   = "fake:us-east-1"
  cidr = "10.10.0.0/16"
}}
"""


@pytest.fixture(autouse=True)
def possible():
    if why := why_impossible():
        pytest.skip(why)


def start(folder):
    return subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)}
    )


def programs_of(folder):
    """Return the running programs that were started with a path in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text()
        except OSError:  # it has ended
            continue
        if str(folder) in words:
            found.append(words.replace("\0", " "))
    return found


def test_the_own_zone_answers_then_others_and_then_the_own_zone_again(tmp_path):
    output, _ = start(tmp_path).communicate()
    answers = [line.partition("answered by ")[2] for line in output.splitlines()[1:]]
    own, others = "app1 6, app4 6", "app2 3, app3 3, app5 3, app6 3"
    assert answers == [own, own, others, own], output
    assert programs_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_leaves_no_program(tmp_path):
    """Namespaces have no names: they end with the last program in them."""
    process = start(tmp_path)
    process.stdout.readline()
    assert len(programs_of(tmp_path)) >= 7, "HAProxy of each host"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until(lambda: programs_of(tmp_path) == [])


def test_without_root_it_says_so_in_one_line(tmp_path):
    command = ["setpriv", "--reuid", "65534", "--clear-groups", *COMMAND]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "Not shown here: network namespaces take root.\n"


PORTS = """
      app_port    = 18443
      health      = "/up"
      health_port = 18444
"""


def shown(folder, client, *, tls="proxy"):
    (folder / "shop.hcl").write_text(
        ROLES_WITH_LIKE_NAMES.format(tls=tls, ports=PORTS if tls == "proxy" else "")
    )
    command = [*PROGRAM, folder / "shop.hcl", "demo", client, "orders"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_servers_are_the_hosts_of_the_role_that_offers_the_service(tmp_path):
    """The name of the clients' role begins with that of the servers'."""
    head, *lines = shown(tmp_path, "app-batch1")
    assert head.startswith("5 hosts in 3 zones,")
    answers = [line.partition("answered by ")[2] for line in lines]
    assert answers == ["app1 12", "app1 12", "app2 12", "app1 12"]


@pytest.mark.parametrize(
    ("client", "tls", "why"),
    [
        ("web1", "proxy", "no host web1 calls orders"),
        ("app-batch1", "app", "HAProxy of the servers does not end TLS for orders"),
        ("app-batch3", "proxy", "orders needs a server in the zone of app-batch3, and one in another zone"),
    ],
)
def test_what_it_cannot_show_it_says_in_one_line(client, tls, why, tmp_path):
    assert shown(tmp_path, client, tls=tls) == [f"Not shown here: {why}."]
