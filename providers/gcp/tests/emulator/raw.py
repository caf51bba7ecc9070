"""Requests as they go over the wire, for tests of what no good client sends."""

import json
from typing import Any

import requests
from attrs import define, field

from emulator.identities import PROJECT, TOKEN


@define(eq=False)
class Raw:
    """`raw("POST", "global/networks", {...}, requestId=…)`; what comes back is kept in `last`."""

    endpoint: str
    project: str = PROJECT
    token: str = TOKEN
    last: Any = None
    _session: requests.Session = field(factory=requests.Session)

    def __call__(self, verb: str, path: str = "", body: Any = None, **query: Any) -> Any:
        """The answer's JSON."""
        url = f"{self.endpoint}/compute/v1/projects/{self.project}{'/' if path else ''}{path}"
        self.last = self._session.request(
            verb,
            url,
            params=query,
            data=body if isinstance(body, str) else None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        try:
            return self.last.json()
        except ValueError:
            return self.last.text

    def refused(self, verb: str, path: str = "", body: Any = None, **query: Any) -> tuple[int, str, str]:
        """Status, reason and message of a refusal."""
        told = self(verb, path, body, **query)
        assert self.last.status_code >= 400, told
        error = told["error"]
        assert error["code"] == self.last.status_code
        assert error["errors"][0]["message"] == error["message"]
        return error["code"], error["errors"][0]["reason"], error["message"]
