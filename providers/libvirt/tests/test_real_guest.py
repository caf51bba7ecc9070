"""A real Debian guest of a built image, born with the files of its host, among hosts that are namespaces.

It is the one guest of a run that boots as a cloud's host boots: GRUB, Debian, cloud-init, its seed. It has
HAProxy, nftables and a certificate of a test authority. It writes what it finds to its serial console.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from portinfra import Environment, Role, Service, Topology, allow, place, render_hosts
from portinfra.hosts import haproxy
from portinfra.hosts.boot_script import boot_script
from portinfra.provider import cloud_init
from portinfra.testing.fabric import PROGRAMS, Fabric, wait_until, why_impossible
from portinfra_libvirt import images, seed
from portinfra_libvirt.images import debian

pytestmark = [pytest.mark.slow(seconds=170), pytest.mark.tools(*PROGRAMS, "qemu-system-x86_64")]

PACKAGES = ("haproxy", "nftables", "socat")
BOOT_SECONDS = 900
ORDERS = Service("orders", tcp=8443, local_port=8002, app_port=18443)
SHOP = Topology(
    "shop",
    [Role("web", count=1), Role("app", count=4, offers=ORDERS)],
    [allow("web", ORDERS, why="orders")],
    delivery="files",
)
PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.20.0.0/16")
PLACED, FILES = place(SHOP, PRODUCTION), render_hosts(SHOP, PRODUCTION)
OWN_ZONE, OTHER_ZONES = {"app1", "app4"}, {"app2", "app3"}

CERTIFICATES = """#cloud-boothook
#!/bin/sh
mkdir -p @FOLDER@
@FILES@
"""

BEGINNING = r"""#!/bin/bash
say() { printf '\nHEARD %s\n' "$*" > /dev/ttyS0; }
ask() { (exec 3<>/dev/tcp/127.0.0.1/8002 && echo who >&3 && read -t 5 it <&3 && echo "$it") 2> /dev/null; }
"""

LOOK = r"""
say name $(hostname)
say address $(ip -4 -o address show scope global | awk '{print $4}')
say size $(df --output=size -m / | tail -1)
say files $(sha256sum --check --quiet /etc/portinfra/manifest && echo same)
until [ -n "$(ask)" ]; do sleep 1; done
say answers $(for i in $(seq 12); do ask; done)
(exec 3<>/dev/tcp/@APP1@/@PORT@) && say declared reached || say declared refused
(timeout 3 bash -c 'exec 3<>/dev/tcp/@APP1@/5432') && say undeclared reached || say undeclared refused
say dropped $(nft list chain inet portinfra output | grep -o 'counter packets [1-9][0-9]*')
say nftables $(systemctl is-enabled nftables)
say failed $(systemctl --failed --no-legend | wc -l)
timer=$(systemctl list-units --plain --no-legend 'run-*.timer' | awk '{print $1}')
say timer "$timer"
say end
systemctl start --no-block "${timer%.timer}.service"
"""

ASK_AND_REBOOT = r"""
cat > /usr/local/sbin/order <<'END'
#!/bin/sh
begun() { systemctl show --value --property ActiveEnterTimestampMonotonic "$1"; }
echo HEARD order $(begun nftables) $(begun systemd-networkd) > /dev/ttyS0
END
chmod 755 /usr/local/sbin/order
cat > /etc/systemd/system/order.service <<'END'
[Unit]
After=multi-user.target
[Service]
ExecStart=/usr/local/sbin/order
[Install]
WantedBy=multi-user.target
END
systemctl enable order
since=-1
until [ $since = 50 ]; do
    answer=$(ask || echo nobody)
    say "asked:$answer"
    if [ "$answer" = app1 ]; then since=0; elif [ $since -ge 0 ]; then since=$((since + 1)); fi
done
reboot
"""

SERVE = r"""
socat TCP-LISTEN:@APP_PORT@,bind=127.0.0.1,fork,reuseaddr SYSTEM:hostname &
say serves
wait
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> images.Image:
    if missing := images.missing():
        pytest.skip(f"needs {' '.join(missing)}")
    return images.build(tmp_path_factory.mktemp("image"), packages=PACKAGES, name="hosts")


@pytest.fixture
def fabric(tmp_path: Path) -> Iterator[Fabric]:
    if why := why_impossible():
        pytest.skip(why)
    with Fabric(PLACED, FILES, tmp_path) as made:
        yield made


def serve(fabric: Fabric, hosts: set[str]) -> None:
    for host in hosts:
        fabric.load_firewall(host)
        fabric.start_application(host, ORDERS.port_of_app)
        fabric.start_proxy(host)


def user_data(fabric: Fabric, host: str, script: str) -> str:
    """Return what a host is born with: its certificate, its boot script, and what it then does."""
    folder = fabric.authority.write(fabric.folder / "certificates", host)
    texts = [(path.name, path.read_text()) for path in sorted(folder.iterdir())]
    values = {
        "FOLDER": haproxy.TLS,
        "FILES": "\n".join(f"cat > {haproxy.TLS}/{name} <<'END'\n{text}END" for name, text in texts),
        "APP1": fabric.hosts["app1"].private_address,
        "PORT": str(ORDERS.tcp),
        "APP_PORT": str(ORDERS.port_of_app),
    }
    certificates, own = (
        re.sub(r"@(\w+)@", lambda found: values[found[1]], text)
        for text in (CERTIFICATES, BEGINNING + script)
    )
    first_boot = boot_script(FILES[host], len, 10**6).text
    message = cloud_init.user_data(own, every_boot=first_boot, ends_after=2 * BOOT_SECONDS)
    return cloud_init.join([certificates, message])


def start(fabric: Fabric, image: images.Image, host: str, script: str) -> "subprocess.Popen[bytes]":
    """Start a guest in place of a host, with a disk and a seed of its own."""
    folder = fabric.folder / host
    folder.mkdir()
    disk, given = folder / "disk.qcow2", folder / "seed.iso"
    lower = ["-b", str(image.path), "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *lower, str(disk), "3G"], check=True)
    mac, address = fabric.hardware_address(host), fabric.hosts[host].private_address
    network = seed.network(mac, address, 16, None)
    given.write_bytes(seed.image(seed.documents("i-1", host, network, (), user_data(fabric, host, script))))
    command = [
        *("qemu-system-x86_64", "-accel", "tcg", "-m", "768", "-display", "none", "-nodefaults"),
        *("-drive", f"if=virtio,file={disk},cache=unsafe"),
        *("-drive", f"if=virtio,format=raw,readonly=on,file={given}"),
        *("-netdev", f"tap,id=n,ifname={fabric.card(host)},script=no,downscript=no"),
        *("-device", f"virtio-net-pci,netdev=n,mac={mac}", "-device", "virtio-rng-pci"),
        *("-serial", f"file:{folder / 'serial'}"),
    ]
    return fabric.start_guest(host, command)


def answers(fabric: Fabric) -> list[str]:
    """Return which hosts answered web1, in order, and `nobody` for each request without an answer."""
    return re.findall(r"HEARD asked:(\w+)", console(fabric, "web1"))


def console(fabric: Fabric, host: str) -> str:
    serial = fabric.folder / host / "serial"
    return serial.read_text(errors="replace") if serial.exists() else ""


def heard(fabric: Fabric, host: str) -> Mapping[str, str]:
    """Return the last thing that a guest wrote about each topic."""
    return dict(re.findall(r"HEARD (\w+) ?(.*?)\r?$", console(fabric, host), re.MULTILINE))


def test_a_guest_is_born_with_its_files_and_calls_its_own_zone(image: images.Image, fabric: Fabric) -> None:
    assert image.virtual_bytes == debian.DISK_BYTES
    assert [each.name for each in image.path.parent.iterdir()] == [image.path.name]
    serve(fabric, OWN_ZONE | OTHER_ZONES)
    guest = start(fabric, image, "web1", LOOK)
    try:
        wait_until(lambda: guest.poll() is not None, seconds=BOOT_SECONDS)
    finally:
        guest.kill()
    found = heard(fabric, "web1")
    assert "end" in found, f"the console ends {console(fabric, 'web1')[-2000:]!r}"
    assert guest.returncode == 0, "it ends itself by the timer that its seed sets"
    assert (found["name"], found["failed"]) == ("web1", "0")
    assert found["address"] == f"{fabric.hosts['web1'].private_address}/16"
    assert int(found["size"]) > 2800, "its file system fills a disk of 3 GiB"
    assert found["timer"].endswith(".timer")
    assert "Invalid cloud-config" not in console(fabric, "web1")
    assert found["files"] == "same"
    assert {*found["answers"].split()} >= OWN_ZONE  # an emulated guest is slow: a check may fail
    assert (found["declared"], found["undeclared"]) == ("reached", "refused")
    assert found["dropped"].startswith("counter packets")
    assert found["nftables"] == "enabled"


@pytest.mark.soak  # three guests, and one of them boots twice
def test_a_guest_outlives_another_one_and_has_its_firewall_before_the_network_at_the_next_boot(
    image: images.Image, fabric: Fabric
) -> None:
    serve(fabric, OTHER_ZONES)
    guests = {host: start(fabric, image, host, SERVE) for host in sorted(OWN_ZONE)}
    guests["web1"] = start(fabric, image, "web1", ASK_AND_REBOOT)
    try:
        wait_until(lambda: set(answers(fabric)) >= OWN_ZONE, seconds=BOOT_SECONDS)
        guests["app1"].kill()
        known = len(answers(fabric))
        wait_until(lambda: "order" in heard(fabric, "web1"), seconds=2 * BOOT_SECONDS)
        after = Counter(answers(fabric)[known:])
        print(f"answers after the kill: {dict(after)}")
        assert after["app4"] >= 25, "its own zone answers first, as far as an emulated guest answers in time"
        assert after["nobody"] <= 2
        firewall, network = map(int, heard(fabric, "web1")["order"].split())
        assert 0 < firewall < network, "the firewall is up before the network"
    finally:
        for guest in guests.values():
            guest.kill()
