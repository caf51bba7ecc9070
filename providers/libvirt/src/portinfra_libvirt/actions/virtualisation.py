"""The test whether guests run with KVM.

A machine that offers KVM proves nothing: nested without the processor's help, guests start and fail later. So
the hypervisor must report a processor that virtualises. Then a guest without a boot disk runs its firmware
under KVM for a moment. Each hypervisor is tested once.
"""

import threading
import time
from contextlib import suppress
from typing import Any

import libvirt

from portinfra_libvirt import marks, xml

TRIAL_SECONDS = 4.0

_LOCK = threading.Lock()
_KNOWN: dict[str, str] = {}


def virtualisation(connection: Any, wanted: str = "auto") -> str:
    """Return `kvm` if it works, else `qemu`. The site's setting outranks the test."""
    if wanted != "auto":
        return wanted
    uri = connection.getURI()
    with _LOCK:
        if uri not in _KNOWN:
            _KNOWN[uri] = "kvm" if _has_virtualisation(connection) and _kvm_runs(connection) else "qemu"
        return _KNOWN[uri]


def _has_virtualisation(connection: Any) -> bool:
    """Return whether the processor virtualises, by its own features or those of its model."""
    host = xml.parse(connection.getCapabilities()).find("host/cpu")
    if host is None:
        return False
    described = xml.to_text(host)
    with suppress(libvirt.libvirtError):  # a processor that libvirt does not know has only its own features
        described = connection.baselineCPU([described], libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES)
    features = {each.get("name") for each in xml.parse(described).iter("feature")}
    return bool(features & {"vmx", "svm"})


def _kvm_runs(connection: Any) -> bool:
    name = f"portinfra-kvm-trial-{time.time_ns():x}"
    document = f"""\
<domain type='kvm'><name>{name}</name><uuid>{marks.unique_id(name)}</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><on_crash>preserve</on_crash>
<devices><memballoon model='none'/></devices></domain>"""
    try:
        # The guest ends with this process, also if it is killed.
        guest = connection.createXML(document, libvirt.VIR_DOMAIN_START_AUTODESTROY)
    except libvirt.libvirtError:
        return False
    try:
        time.sleep(TRIAL_SECONDS)
        return bool(guest.state()[0] == libvirt.VIR_DOMAIN_RUNNING)
    except libvirt.libvirtError:
        return False
    finally:
        with suppress(libvirt.libvirtError):
            guest.destroy()
