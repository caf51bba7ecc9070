"""Three roles, six real guests on this machine: a page that `db` keeps reaches you through `app` and `web`.

portinfra providers libvirt --doctor                      # what this machine lacks, and how to get it
portinfra image build --on libvirt:qemu:///system         # a small Debian, once
python examples/laptop.py apply laptop
curl http://10.30.0.4:8080/                               # web1's address: known before it exists
python examples/laptop.py destroy laptop
"""

from portinfra import INTERNET, Environment, Instance, Role, Topology, allow, cli, place

laptop = Environment("laptop", on="libvirt:qemu:///system", cidr="10.30.0.0/16")

SERVE = """\
#!/bin/sh
# Whatever the guest has: Python on Debian, busybox on something smaller.
serve() {
  if command -v python3 > /dev/null; then python3 -m http.server "$1" -d /srv; fi
  httpd -f -p "$1" -h /srv
}
fetch() {
  if command -v python3 > /dev/null; then
    python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode(), end="")' "$1"
  else
    wget -q -O - "$1"
  fi
}
mkdir -p /srv
"""


RELAY = """\
relay() {{
  while :; do
    fetch {url} > /srv/new && [ -s /srv/new ] && {{
      echo "through $(hostname)" >> /srv/new
      mv /srv/new /srv/index.html
    }}
    sleep 2
  done
}}
relay &
"""


def page(port: int, upstream: str = "", upstream_port: int = 0) -> str:
    """Return what a host does: serve its own page, or the page of the host behind it."""
    if not upstream:
        return SERVE + f"echo 'kept by db' > /srv/index.html\nserve {port}\n"
    return SERVE + RELAY.format(url=f"http://{upstream}:{upstream_port}/") + f"serve {port}\n"


def topology(addresses: dict[str, str]) -> Topology:
    """Return the three roles, for the given addresses of hosts."""
    db, app = addresses.get("db1", ""), addresses.get("app1", "")
    trial = {"check/fewer-than-three": "a trial on one machine"}
    small = {"count": 2, "size": "c1-m512", "disk_gib": 4, "waive": trial}
    return Topology(
        "hello",
        roles=[
            Role("web", public="you", user_data=page(8080, app, 8443), **small),
            Role("app", user_data=page(8443, db, 5432), **small),
            Role("db", user_data=page(5432), **small),
        ],
        flows=[
            allow(INTERNET, "web", tcp=8080, why="you"),
            allow("web", "app", tcp=8443, why="web shows what app has"),
            allow("app", "db", tcp=5432, why="app reads what db keeps"),
        ],
    )


somewhere = place(topology({}), laptop).resources.values()
hello = topology({host.name: host.private_address for host in somewhere if isinstance(host, Instance)})

if __name__ == "__main__":
    cli(hello, environments=[laptop])
