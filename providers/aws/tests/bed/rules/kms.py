"""Keys of KMS, as EC2 tells of them: by the ARN of the key, whatever name they were given by.

"KmsKeyId: the identifier of the KMS key […] that was used to protect the volume": an answer never shows the
alias that a request named. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Volume.html
"""

import re
import uuid

from bed.call import Call, before
from bed.region import Region

DEFAULT = "alias/aws/ebs"

_NAMED: dict[str, set[str]] = {}
"""ARN → the aliases by which anybody has named the key: in every bed the same."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")


def arn(call: Call, key: str | None) -> str:
    """The ARN of a key that is named by id, alias or ARN; of the account's default one for none."""
    return arn_of(call.account, call.region, key or DEFAULT)


def arn_of(account: str, region: str, name: str) -> str:
    """The same, for whoever has no call at hand. An ARN says itself whose it is."""
    if name.startswith("arn:"):
        _, _, _, region, account, name = name.split(":", 5)
    if name.startswith("key/") or _ID.fullmatch(name):
        return f"arn:aws:kms:{region}:{account}:key/{name.removeprefix('key/')}"
    name = name.removeprefix("alias/")
    id = uuid.uuid5(uuid.NAMESPACE_URL, f"{account} {region} {name}")
    found = f"arn:aws:kms:{region}:{account}:key/{id}"
    _NAMED.setdefault(found, set()).add(f"alias/{name}")
    return found


def usable(there: Region, key: str | None) -> bool:
    """Whether a disk with the key of this ARN can be attached: the key is there, and not disabled."""
    known, disabled = (
        None if names is None else {arn_of(there.account, there.name, name) for name in names}
        for names in (there.settings.keys, there.settings.disabled_keys)
    )
    own = key is None or key == arn_of(there.account, there.name, DEFAULT)
    return key not in (disabled or ()) and (own or known is None or key in known)


def aliases(arn: str) -> set[str]:
    """The aliases of a key."""
    return _NAMED.get(arn, set())


def exists(call: Call, key: str | None) -> bool:
    """Whether there is such a key; with no list of keys in the settings, there is."""
    known = call.there.settings.keys
    return known is None or key is None or key in known


@before("CreateVolume", "RunInstances")
def default_key_is_there(call: Call) -> None:
    """moto makes one in a KMS of its own; here it has a name from the start."""
    call.backend.default_kms_key_id = arn(call, None)


def by_default(call: Call) -> bool:
    """ "After you enable encryption by default, the EBS volumes that you create are always encrypted"."""
    return bool(getattr(call.backend, "ebs_encryption_by_default", False))
