"""The first-boot data of a host, in the metadata of its instance.

https://cloud.google.com/compute/docs/instances/startup-scripts,
https://cloud.google.com/compute/docs/connect/add-ssh-keys. A script is a `startup-script`, which every public
image runs at every boot. It mounts volumes at each boot, and runs the user's script only at the first.
Anything else is for cloud-init.
"""

from portinfra.model.resources import Instance
from portinfra.provider.cloud_init import user_data
from portinfra.provider.interface import Refuse
from portinfra.provider.mount_script import mount_script
from portinfra_gcp.drivers.attachment import PATH
from portinfra_gcp.pinned import image_of
from portinfra_gcp.published import IMAGES

_MARKER = "/var/lib/portinfra-born"
_ENDING = "PORTINFRA_END_OF_USER_DATA"

_ONCE = f"""#!/bin/sh
# Runs the script below only at the first boot.
[ -e {_MARKER} ] && exit 0
script=$(mktemp /var/lib/portinfra-XXXXXX) && chmod 700 "$script" || exit 1
cat > "$script" <<'{_ENDING}'
%s
{_ENDING}
touch {_MARKER}  # before the script: one that reboots its host must not run again
"$script"; status=$?
rm -f "$script"
exit $status
"""


def refuse_host(want: Instance) -> Refuse | None:
    """Return why a host would ignore its first-boot data; None if it would use it."""
    image = image_of(want.image)
    if image is None:
        known = ", ".join(IMAGES)
        return Refuse(
            f"the image {want.image!r} is not known on Google Cloud",
            f"Use one of the image families {known}.",
        )
    if want.user_data and not _is_script(want.user_data) and not image.cloud_init:
        return Refuse(
            f"{want.image} has no cloud-init on Google Cloud, and would not read its user_data",
            "Write user_data as a script that begins with #!, or choose an image with cloud-init: "
            "ubuntu-24.04.",
        )
    return None


def metadata(want: Instance) -> dict[str, list[dict[str, str]]]:
    """Return the metadata of a new instance.

    With its own keys it uses neither the project's keys nor OS Login.
    """
    image = image_of(want.image)
    assert image is not None  # `refuse_host` has checked it
    user = image.user
    items = {"block-project-ssh-keys": "TRUE", "enable-oslogin": "FALSE" if want.ssh_keys else "TRUE"}
    if want.ssh_keys:
        items["ssh-keys"] = "\n".join(f"{user}:{key}" for key in want.ssh_keys)
    every_boot = want.boot_script + mount_script((PATH + mount.device, mount) for mount in want.mounts)
    if not _is_script(want.user_data) and image.cloud_init:
        text = user_data(want.user_data, every_boot=every_boot)
        items |= {"user-data": text} if text else {}
    elif every_boot or want.user_data:
        once = _ONCE % want.user_data.rstrip("\n") if want.user_data else ""
        items["startup-script"] = every_boot + once
    return {"items": [{"key": key, "value": items[key]} for key in sorted(items)]}


def _is_script(user_data: str) -> bool:
    return user_data.startswith("#!")
