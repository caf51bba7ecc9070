"""What a person does at a hypervisor by hand, with virsh, to the environment `sample/production`.

Each function takes the hypervisors by zone, and returns the address of what a plan must name.
"""

import re

from hypervisors.site import BRIDGE

SCOPE = "sample-production"


def native(zone, *command):
    return zone.virsh(*command)


def named(zone, host):
    return next(name for name in zone.virsh("list", "--all", "--name").split() if f"-{host}-" in name)


def stop(zones):
    native(zones["a"], "destroy", named(zones["a"], "web1"))
    return "instance.web1"


def shrink(zones):
    name = named(zones["a"], "web1")
    native(zones["a"], "destroy", name)
    native(zones["a"], "setmaxmem", name, "512MiB", "--config")
    native(zones["a"], "start", name)
    return "instance.web1"


def undefine(zones):
    native(zones["a"], "destroy", named(zones["a"], "old1"))
    native(zones["a"], "undefine", named(zones["a"], "old1"))
    return "instance.old1"


def loosen(zones):
    name = next(word for word in native(zones["b"], "nwfilter-list").split() if "-db-" in word)
    document = native(zones["b"], "nwfilter-dumpxml", name)
    opened = document.replace(
        "</filter>", "<rule action='accept' direction='inout' priority='-999'><all/></rule></filter>"
    )
    define(zones["b"], "nwfilter-define", opened)
    return "firewall.db"


def allow_more(zones):
    name = next(word for word in native(zones["a"], "nwfilter-list").split() if "-db-" in word)
    document = native(zones["a"], "nwfilter-dumpxml", name)
    ssh = "<tcp dstportstart='22' dstportend='22'/>"
    more = f"<rule action='accept' direction='in' priority='500'>{ssh}</rule></filter>"
    define(zones["a"], "nwfilter-define", document.replace("</filter>", more))
    return "firewall-rules.db"


def take_filter_away(zones):
    name = named(zones["a"], "web1")
    document = native(zones["a"], "dumpxml", name)
    card = document[document.index("<interface") : document.index("</interface>") + len("</interface>")]
    bare = card[: card.index("<filterref")] + card[card.index("</filterref>") + len("</filterref>") :]
    define(zones["a"], "update-device", bare, named(zones["a"], "web1"), "--live", "--config")
    return "instance.web1"


def take_filter_from_its_definition(zones):
    name = named(zones["a"], "web1")
    document = native(zones["a"], "dumpxml", name, "--inactive")
    start, end = document.index("<filterref"), document.index("</filterref>") + len("</filterref>")
    define(zones["a"], "define", document[:start] + document[end:])
    return "instance.web1"


def undefine_while_it_runs(zones):
    native(zones["a"], "undefine", named(zones["a"], "web1"))
    return "instance.web1"


def detach(zones, *flags):
    name = named(zones["a"], "db1")
    disks = native(zones["a"], "domblklist", name).split()
    path = next(word for word in disks if "db1-data" in word)
    native(zones["a"], "detach-disk", name, path, *(flags or ("--live", "--config")))
    return "attachment.db1-data"


def stop_network(zones):
    native(zones["b"], "net-destroy", network_of(zones["b"]))
    return "network.main"


def pause(zones):
    native(zones["a"], "suspend", named(zones["a"], "web1"))
    return "instance.web1"


def let_network_not_start_again(zones):
    native(zones["b"], "net-autostart", network_of(zones["b"]), "--disable")
    return "network.main"


def detach_from_its_definition(zones):
    return detach(zones, "--config")


def detach_until_it_starts_again(zones):
    return detach(zones, "--live")


def strip_metadata(zones):
    flags = ("--remove", "--live", "--config")
    native(zones["a"], "metadata", named(zones["a"], "db1"), "urn:portinfra:instance", *flags)
    return "instance.db1"


def rename_while_it_is_off(zones):
    name = named(zones["a"], "db1")
    native(zones["a"], "destroy", name)
    native(zones["a"], "domrename", name, "somebody")
    return "instance.db1"


def restore_network_without_its_metadata(zones):
    document = native(zones["a"], "net-dumpxml", network_of(zones["a"]), "--inactive")
    define(zones["a"], "net-define", _without("metadata", document))
    return "network.main"


def lose_network(zones):
    name = network_of(zones["a"])
    native(zones["a"], "net-destroy", name)
    native(zones["a"], "net-undefine", name)
    return "network.main"


def restore_network_of_an_earlier_day(zones):
    document = native(zones["a"], "net-dumpxml", network_of(zones["a"]), "--inactive")
    start = document.index('"subnets":{')
    end = document.index("}}", start) + len("}}")
    define(zones["a"], "net-define", document[:start] + '"subnets":{}' + document[end:])
    return "subnet.db-0"


def let_host_not_start_again(zones):
    native(zones["a"], "autostart", named(zones["a"], "web1"), "--disable")
    return "instance.web1"


def strip_secret(zones, owner="volume.db1-data"):
    id = secret_of(zones["a"], owner)
    define(zones["a"], "secret-define", _without("description", native(zones["a"], "secret-dumpxml", id)))
    return owner


def strip_secret_of_a_root_disk(zones):
    return strip_secret(zones, "instance.db1")


def stop_pool(zones):
    native(zones["a"], "pool-destroy", disks_pool(zones["a"]))
    return "volume.db1-data"


def undefine_pool(zones):
    pool = disks_pool(zones["a"])
    stop_pool(zones)
    native(zones["a"], "pool-undefine", pool)
    return "volume.db1-data"


def point_pool_elsewhere(zones):
    pool = disks_pool(zones["a"])
    undefine_pool(zones)
    zones["a"].run("mkdir", "-p", f"/var/lib/libvirt/elsewhere/{pool}")
    define_pool(zones["a"], pool, f"/var/lib/libvirt/elsewhere/{pool}")


def define_pool(zone, name, directory):
    native(zone, "pool-define-as", name, "dir", "--target", directory)
    native(zone, "pool-start", name)


def plug_in_another_card(zones):
    name = named(zones["a"], "web1")
    native(zones["a"], "attach-interface", name, "bridge", BRIDGE, "--model", "virtio", "--config")
    return "instance.web1"


def take_its_card(zones):
    name = named(zones["a"], "web1")
    mac = native(zones["a"], "domiflist", name).split()[-1]
    native(zones["a"], "detach-interface", name, "network", "--mac", mac, "--config")
    return "instance.web1"


def give_it_another_address(zones, *flags):
    name = named(zones["a"], "web1")
    document = native(zones["a"], "dumpxml", name)
    card = document[document.index("<interface") : document.index("</interface>") + len("</interface>")]
    more = card.replace("</filterref>", "<parameter name='IP' value='10.10.99.99'/></filterref>")
    define(zones["a"], "update-device", more, name, *(flags or ("--live", "--config")))
    return "instance.web1"


def give_it_another_address_later(zones):
    return give_it_another_address(zones, "--config")


def define(zone, command, document, *before):
    path = zone.directory / "run/edited.xml"
    path.write_text(document)
    flags = [word for word in before if word.startswith("--")]
    names = [word for word in before if not word.startswith("--")]
    zone.virsh(command, *names, "/run/libvirt/edited.xml", *flags)


def disks_pool(zone):
    return next(word for word in native(zone, "pool-list", "--all", "--name").split() if "-disks-" in word)


def network_of(zone):
    return next(word for word in native(zone, "net-list", "--name").split() if word.startswith(SCOPE))


def secret_of(zone, owner):
    listed = native(zone, "secret-list").splitlines()
    return next(line.split()[0] for line in listed if f"/{owner}." in line)


def _without(element, document):
    return re.sub(rf"<{element}\b.*?</{element}>", "", document, flags=re.DOTALL)
