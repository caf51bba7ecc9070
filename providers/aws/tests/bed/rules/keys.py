"""Key pairs: unique by name in a region, gone without complaint, and silent about their public half.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteKeyPair.html
"""

from typing import Any

from bed.call import Call, before, instead, shown
from bed.errors import EC2Error


@before("ImportKeyPair", "CreateKeyPair")
def name_is_free(call: Call) -> None:
    """ "Constraints: Up to 255 ASCII characters"; a second of the same name is InvalidKeyPair.Duplicate."""
    name = call.params["KeyName"]
    if not 0 < len(name) <= 255 or not name.isascii():
        raise EC2Error("InvalidParameterValue", f"Value ({name}) for parameter KeyName is invalid.")
    if name in call.backend.key_pairs:
        raise EC2Error("InvalidKeyPair.Duplicate", f"The keypair already exists: {name}")


@instead("DeleteKeyPair")
def deleting_nothing_succeeds(call: Call) -> dict[str, Any]:
    """By name or id; one that does not exist is no error."""
    name, id = call.params.get("KeyName"), call.params.get("KeyPairId")
    if name is None and id is None:
        raise EC2Error("MissingParameter", "The request must contain the parameter KeyName or KeyPairId")
    for pair in list(call.backend.key_pairs.values()):
        if pair.key_name == name or pair.id == id:
            del call.backend.key_pairs[pair.key_name]
            return {"Return": True, "KeyPairId": pair.id}
    return {"Return": True}


@shown("DescribeKeyPairs")
def public_half_only_when_asked(call: Call, told: dict[str, Any]) -> None:
    """ "IncludePublicKey: if true, the public key material is included in the response"."""
    if not call.params.get("IncludePublicKey"):
        for pair in told["KeyPairs"]:
            pair.pop("PublicKey", None)
