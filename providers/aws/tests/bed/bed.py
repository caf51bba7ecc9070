"""EC2, EBS direct and STS in one process: moto's backends, behind what makes them as strict as the real ones.

A request passes, in this order: faults, signature, the official model, permissions, rates, client tokens,
the rules, moto, the rules again, filters and pages.
"""

import base64
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from attrs import define, field, frozen

from bed import (
    ebs,
    engine,
    key_service,
    lag,
    official,
    rest,
    rules,
    service_quotas,
    signature,
    validation,
    xml,
)
from bed.call import AFTER, BEFORE, INSTEAD, SHOWN, Call
from bed.errors import THROTTLED, EC2Error
from bed.ground_truth import ground_truth
from bed.identities import Identities, Identity
from bed.kinds import ID, KINDS
from bed.listing import FIXED, Listing, lagging
from bed.plain import plain
from bed.region import Region
from bed.rules import console, contents, permissions, rates, tokens
from bed.settings import Settings
from portinfra.testing.emulator import Asked, Emulator, Request, Response

assert rules  # imported for the rules that it registers

_NO_TAGS: Mapping[str, str] = {}

_JSON = {service_quotas.SERVICE: service_quotas, key_service.SERVICE: key_service}
"""Services that speak JSON."""

_APART = ("ebs", *_JSON)
"""Services whose requests look unlike those of EC2 and STS."""

HTML = "<html><body><h1>500 Server Error</h1></body></html>"


@frozen
class EC2Asked(Asked):
    """A request to EC2, EBS direct or STS, before it is checked."""

    service: str = "ec2"
    """`ebs`, or else what the signature says: `ec2` or `sts`."""
    request_id: str = ""


@define(eq=False)
class Bed(Emulator[EC2Asked]):
    """One EC2 of one's own: every account, every region."""

    verbs: ClassVar[tuple[str, ...]] = (
        *Emulator.verbs,
        "fail_next_instance",
        "fail_terminations",
        "ground_truth",
        "add_account",
        "write",
        "read",
        "print_console",
    )

    settings: Settings = field(factory=Settings)
    identities: Identities = field(init=False)
    _regions: dict[tuple[str, str], Region] = field(init=False)
    _listing: Listing = field(init=False)
    _requests: int = field(init=False, default=0)

    def reset(self) -> None:
        """Forget everything but the settings."""
        with self.lock:
            super().reset()
            engine.reset()
            self.identities = Identities()
            self._regions = {}
            self._listing = Listing(self.settings)
            self._requests = 0

    def fail_next_instance(self, account: str, region: str, cause: str) -> None:
        """Accept the next launch and let it die while it is pending, of a cause in rules/life.py."""
        with self.lock:
            self.at(account, region).fates.append(cause)

    def fail_terminations(self, account: str, region: str, times: int) -> None:
        """Accept the next terminations, and let each instance be as it was before after a while."""
        with self.lock:
            self.at(account, region).failing_terminations = times

    def add_account(
        self, account: str, access_key: str, secret: str, policy: Mapping[str, Any] | None = None
    ) -> None:
        """A user of another account, or another of this one, with an access key of 20 characters and perhaps
        an IAM policy of its own.
        """
        with self.lock:
            self.identities.add(account, access_key, secret, policy)

    def write(self, volume: str, data: bytes | str, offset: int = 0) -> None:
        """Write bytes, or base64 of them, to a volume, as its host does. Raises ValueError beyond its end."""
        with self.lock:
            contents.write(volume, base64.b64decode(data) if isinstance(data, str) else data, offset)

    def read(self, id: str, offset: int, length: int) -> bytes:
        """What a volume or snapshot holds there. Raises ValueError beyond its end."""
        with self.lock:
            return contents.read(id, offset, length)

    def print_console(self, instance: str, text: str) -> None:
        """Let a host print on its serial console. Raises ValueError where there is no such host."""
        with self.lock:
            console.print_on(instance, text)

    def act(
        self,
        account: str,
        region: str,
        action: str,
        params: dict[str, Any],
        tags: Mapping[str, str] = _NO_TAGS,
    ) -> dict[str, Any]:
        """Do something as a person of that account would, past the wire, with tags on what is made."""
        with self.lock:
            operation = official.operation("ec2", action)
            assert operation is not None, action
            self._settle()
            told = self._do(Call(operation, params, account, region, self.at(account, region)))
            if tags:
                id = next(id for id in reversed(self.at(account, region).born) if f"'{id}'" in str(told))
                engine.backend(account, region).tags[id].update(tags)
            return told

    def ask(self, account: str, region: str, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return what a read answers, past the wire; of a list, all of it, before filters and pages."""
        with self.lock:
            operation = official.operation("ec2", action)
            assert operation is not None, action
            self._settle()
            return self.tell(Call(operation, dict(params), account, region, self.at(account, region)))

    def ground_truth(
        self, account: str | None = None, region: str | None = None, without: Collection[str] = ()
    ) -> list[str]:
        """Everything that exists, by moto's own word: a sorted line for each thing, without ids.

        `without` are the keys of tags that differ between worlds that are the same.
        """
        with self.lock:
            self._settle()
            return ground_truth(account, region, without)

    def at(self, account: str, region: str) -> Region:
        """The books of one account in one region."""
        there = self._regions.get((account, region))
        if there is None:
            backend = engine.backend(account, region)
            there = Region(account, region, backend, self.clock, self.settings)
            self._regions[account, region] = there
        return there

    def understand(self, request: Request) -> EC2Asked:
        """Return the action and the parameters as they were sent."""
        self._requests += 1
        for name, service in _JSON.items():
            if found := service.asked(request):
                return EC2Asked(*found, name, f"{self._requests:012d}")
        blocks = rest.asked(request.method, request.url)
        action, flat = blocks or _query(request)
        protocol = "ebs" if blocks else "ec2"
        return EC2Asked(action, flat, protocol, f"00000000-0000-4000-8000-{self._requests:012d}")

    def _settle(self) -> None:
        for there in self._regions.values():
            there.settle()

    def refuse(self, asked: EC2Asked, refusal: str) -> Response:
        """Return the response to a request that a fault refuses."""
        if refusal == "html error":
            return Response(500, HTML, "text/html")
        return _refusal(asked.service, _ERRORS[refusal], asked.request_id)

    def answer(self, request: Request, asked: EC2Asked) -> Response:
        """Serve a request, or refuse it as EC2 does. Raises Unserved."""
        service, action = asked.service, asked.action
        try:
            claim = signature.claim(request.headers)
            if any((service == other) is not (claim.service == other) for other in _APART):
                raise EC2Error("SignatureDoesNotMatch", "Credential should be scoped to correct service", 403)
            service = claim.service
            token = request.headers.get("x-amz-security-token", "")
            caller = self.identities.of(claim.access_key, token, self.clock.now())
            if self.settings.signatures:
                signature.verify(claim, caller, request)
            if service in _JSON:
                there = self.at(caller.account, claim.region)
                return _JSON[service].serve(action, asked.parameters, caller, there)
            operation = self._operation(service, action, asked.parameters)
            told = self._serve(operation, self._valid(operation, asked.parameters), caller, claim.region)
            if service == "ebs":
                return rest.answer(operation, told)
            return Response(200, xml.answer(operation, told, asked.request_id), xml.KIND)
        except EC2Error as error:
            return _refusal(service, error, asked.request_id)

    def _operation(self, service: str, action: str, flat: Mapping[str, str]) -> official.Operation:
        version = flat.get("Version", "")
        if service != "ebs" and version != official.VERSIONS.get(service):
            self.violations.append(f"{action}: version {version!r} of {service}")
            raise EC2Error(
                "NoSuchVersion", f"The requested version ({version}) of service {service} is not valid"
            )
        operation = official.operation(service, action)
        if operation is None:
            self.violations.append(f"{action}: no such action")
            raise EC2Error("InvalidAction", f"The action {action} is not valid for this web service.")
        return operation

    def _valid(self, operation: official.Operation, flat: Mapping[str, str]) -> dict[str, Any]:
        try:
            return (rest if operation.service == "ebs" else validation).parameters(operation, flat)
        except EC2Error as error:
            self.violations.append(f"{operation.name}: {error}")
            raise

    def _serve(
        self, operation: official.Operation, params: dict[str, Any], caller: Identity, region: str
    ) -> dict[str, Any]:
        if operation.service == "sts":
            return self.identities.serve(caller, operation.name, params, self.clock.now())
        there = self.at(caller.account, region)
        self._settle()
        call = Call(operation, params, caller.account, region, there)
        if operation.service == "ebs":
            return ebs.serve(call, caller)
        permissions.check(call, caller)
        rates.take(call)
        if params.pop("DryRun", False):
            raise EC2Error(
                "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412
            )
        return tokens.once(call, self._do)

    def _do(self, call: Call) -> dict[str, Any]:
        if call.action not in FIXED:
            return self._done(call)
        key = f"{call.action} {call.region} {call.params}"
        if key not in _offers:
            _offers[key] = xml.Fixed(self._done(call))
        return _offers[key]

    def _done(self, call: Call) -> dict[str, Any]:
        if code := call.there.settings.refusals.get(call.action):
            raise EC2Error(code, f"{call.action} is refused.")
        for check in (*BEFORE[""], *BEFORE[call.action]):
            check(call)
        if self._listing.member(call.operation) is not None:
            return self._listing.show(call.operation, call.params, self.tell(call), call.there)
        self._note_lists(call)
        told = self.tell(call)
        self._note_lists(call)
        _note_births(call, told)
        _note_deaths(call)
        return told

    def _note_lists(self, call: Call) -> None:
        """Remember, before and after each change, what the lists would show."""
        if call.there.settings.stale_seconds:
            lag.note(call.there, lagging(), lambda action: self._records(call, action))

    def _records(self, call: Call, action: str) -> list[dict[str, Any]]:
        operation = official.operation("ec2", action)
        assert operation is not None, action
        told = self.tell(Call(operation, {}, call.account, call.region, call.there))
        return self._listing.records(operation, told)

    def tell(self, call: Call) -> dict[str, Any]:
        """Do what a request asks for and return the answer; of a list, all of it."""
        act = INSTEAD.get(call.action)
        result = act(call) if act else self._moto(call)
        for add in AFTER[call.action]:
            add(call, result)
        told: dict[str, Any] = {}
        if result is not None and call.operation.told is not None:
            told = plain(result, call.operation.told)
        for change in SHOWN[call.action]:
            change(call, told)
        return told

    def _moto(self, call: Call) -> Any:
        params = self._listing.bare(call.operation, call.params)
        return engine.perform(call.action, params, call.account, call.region)


def _query(request: Request) -> tuple[str, dict[str, str]]:
    """The action and the parameters of a request in the query protocols of EC2 and STS."""
    flat = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    if not flat:
        flat = dict(parse_qsl(request.url.partition("?")[2], keep_blank_values=True))
    return flat.get("Action", ""), flat


def _refusal(service: str, error: EC2Error, request_id: str) -> Response:
    if service == "ebs":
        return rest.refusal(error)
    if service in _JSON:
        return service_quotas.refusal(error)
    return Response(error.status, xml.refusal(service, error, request_id), xml.KIND)


_offers: dict[str, xml.Fixed] = {}
"""What the actions of `FIXED` were answered: the same in every bed."""


def _note_births(call: Call, told: Any) -> None:
    """Whatever id an answer tells first was made just now."""
    if isinstance(told, dict):
        for value in told.values():
            _note_births(call, value)
    elif isinstance(told, list):
        for value in told:
            _note_births(call, value)
    elif isinstance(told, str):
        found = ID.fullmatch(told)
        if found and found[1] in KINDS:
            call.there.born.setdefault(told, call.now)


def _note_deaths(call: Call) -> None:
    """Whatever a deletion names is gone."""
    if call.action.startswith(("Delete", "Release")):
        given = [value for value in call.params.values() if isinstance(value, str)]
        call.there.gone.update(dict.fromkeys(given, call.now))


_ERRORS = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html: EC2 answers 503, not 429.
    "throttled": EC2Error(THROTTLED, "Request limit exceeded.", 503),
    "unavailable": EC2Error("Unavailable", "The server is overloaded and can't handle the request.", 503),
    "internal error": EC2Error("InternalError", "An internal error has occurred", 500),
}
