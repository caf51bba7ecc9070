"""A request that another party may make in one's name: its URL carries a signature that expires.

EC2 requires one for each copy from another region, so that the target region may read at the source:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html. The signature is version 4:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

from portinfra_aws.credentials import Credentials

EXPIRES_SECONDS = 3600

_ALGORITHM = "AWS4-HMAC-SHA256"
_NOTHING = hashlib.sha256(b"").hexdigest()


def url(
    endpoint: str, region: str, fields: Mapping[str, str], credentials: Credentials, now: datetime
) -> str:
    """Return the URL of a GET request to EC2 in a region, signed at `now` (UTC)."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    realm = f"{stamp[:8]}/{region}/ec2/aws4_request"
    query_fields = {
        **fields,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{realm}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(EXPIRES_SECONDS),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.token:
        query_fields["X-Amz-Security-Token"] = credentials.token
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(query_fields[name], safe='-_.~')}"
        for name in sorted(query_fields)
    )
    request = "\n".join(("GET", "/", query, f"host:{urlsplit(endpoint).netloc}", "", "host", _NOTHING))
    signed = "\n".join((_ALGORITHM, stamp, realm, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{credentials.secret}".encode()
    for part in (stamp[:8], region, "ec2", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, signed.encode(), "sha256").hexdigest()
    return f"{endpoint}/?{query}&X-Amz-Signature={signature}"
