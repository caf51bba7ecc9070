"""One account in one region of AWS, live."""

from collections.abc import Mapping, Sequence
from typing import Any

import requests
from attrs import evolve

from portinfra import errors
from portinfra.errors import ProviderError
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.resources import Spec
from portinfra.provider.abilities import ServerTime
from portinfra.provider.clock import SystemClock
from portinfra.provider.interface import Answer, Call, Driver
from portinfra.provider.record_names import is_record_call
from portinfra_aws import catalogue, dry_runs
from portinfra_aws.drivers import drivers
from portinfra_aws.errors import (
    AGAIN,
    NAME,
    EC2Error,
    NotSent,
    denied_action,
    to_provider_error,
    unreachable,
    untrusted_server,
)
from portinfra_aws.published import CAPABILITIES
from portinfra_aws.records import AwsRecords
from portinfra_aws.transport import Transport

_KEY_PAIR_GONE = "InvalidKeyPair.NotFound"


class AwsProvider(ServerTime):
    """One account in one region. Safe to use from several threads."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(self, environment: Environment, transport: Transport) -> None:
        self.environment = environment
        self.transport = transport
        self.clock: SystemClock = SystemClock()
        self.drivers: Mapping[type[Spec], Driver[Any]] = drivers()
        self.records: AwsRecords = AwsRecords()
        self._key_pairs: dict[str, str] = {}

    def account_calls(self) -> tuple[Call, ...]:
        """Return one read."""
        return (catalogue.IDENTITY,)

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the account of the credentials."""
        return str(answers[catalogue.IDENTITY][0]["Account"])

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the ARN of the user, or of the session of a role."""
        return str(answers[catalogue.IDENTITY][0].get("Arn", ""))

    def catalogue_calls(self) -> tuple[Call, ...]:
        """Return six reads, and three reads of quotas that may fail."""
        return catalogue.calls(self.environment)

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        """Return what the region offers."""
        return catalogue.assemble(self.environment, answers)

    def perform(self, call: Call) -> Answer:
        """Make one request. Raises EC2Error, NotSent, or an exception of `requests`."""
        if call.parameters.get(dry_runs.FLAG):
            return self._dry_run(call)
        answer = self.transport.send(call.action, self._complete(call))
        self._note_key_pairs(call, answer)
        return answer

    def clock_offset(self) -> float | None:
        """Return the clock offset by the times of EC2's answers, in seconds; None if time is simulated, as in
        tests.
        """
        return None if self.clock.virtual else self.transport.server_clock.offset

    def more(self, call: Call, answer: Answer) -> Call | None:
        """Return the read of the next page; None after the last page."""
        following = answer.get("nextToken")
        return evolve(call, parameters={**call.parameters, "NextToken": following}) if following else None

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        """Return no zones: a region answers for all of its zones, or not at all."""
        return frozenset()

    def classify(self, error: Exception) -> ProviderError:
        """Translate an error by EC2's code. If the connection broke, the outcome is unknown."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, EC2Error):
            return to_provider_error(error)
        if isinstance(error, NotSent):
            return unreachable(str(error), error.endpoint)
        if isinstance(error, requests.exceptions.SSLError):
            return untrusted_server(str(error))
        reason = (
            "the connection broke" if isinstance(error, requests.RequestException) else type(error).__name__
        )
        return errors.OutcomeUnknown(f"{reason}: {error}", provider=NAME, fix=AGAIN)

    def close(self) -> None:
        """Close all connections."""
        self.transport.close()

    def _dry_run(self, call: Call) -> Answer:
        """Return whether a write is allowed, which EC2 answers by errors. Raises all other errors."""
        try:
            self.transport.send(call.action, call.parameters)
        except EC2Error as error:
            if error.code == dry_runs.CODE_ALLOWED:
                return {dry_runs.ALLOWED: call.action}
            if error.code == dry_runs.CODE_DENIED:
                return {dry_runs.DENIED: denied_action(error)}
            raise
        raise EC2Error("Unreadable", "EC2 answered a dry run like a real request", 502, call.action)

    # Drivers are pure, so the provider adds what only it has. It has seen the id of each key pair, by which
    # EC2 tags; records know only the name. A copy needs a request to its source that credentials sign.

    def _complete(self, call: Call) -> Mapping[str, Any]:
        if call.action == "CopySnapshot":
            named = {name: call.parameters[name] for name in ("SourceRegion", "SourceSnapshotId")}
            return {**call.parameters, **self.transport.copy_parameters(named["SourceRegion"], named)}
        if call.action != "CreateTags" or not is_record_call(call):
            return call.parameters
        known = [self._key_pairs.get(name) for name in call.parameters["ResourceId"]]
        if None in known:
            raise EC2Error(_KEY_PAIR_GONE, "The record does not exist", 400, call.action)
        return {**call.parameters, "ResourceId": known}

    def _note_key_pairs(self, call: Call, answer: Answer) -> None:
        if call.action == "DescribeKeyPairs":
            for record in answer.get("keySet") or ():
                self._key_pairs[record["keyName"]] = record["keyPairId"]
        elif call.action == "ImportKeyPair":
            self._key_pairs[answer["keyName"]] = answer["keyPairId"]
        elif call.action == "DeleteKeyPair":
            self._key_pairs.pop(call.parameters["KeyName"], None)
            if not answer.get("keyPairId"):  # EC2 reports no error for a missing key pair
                raise EC2Error(_KEY_PAIR_GONE, "The record does not exist", 400, call.action)
