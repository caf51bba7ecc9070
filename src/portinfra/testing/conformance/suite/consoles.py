"""The serial consoles of hosts, where the plugin inherits `ConsoleReader`."""

import pytest

from portinfra.errors import NotFound
from portinfra.execution.caller import Caller
from portinfra.model.observed import Observed
from portinfra.model.resources import Instance
from portinfra.placement import place
from portinfra.provider import registry
from portinfra.provider.abilities import CONSOLE_MAX_BYTES, ConsoleReader
from portinfra.testing.conformance.stage import Stage

LINE = "receipt 7c21f0: \u00fc, 100 %, <&>\r\n"


class Consoles:
    """The text that a host prints is read unchanged, within a limit."""

    def test_a_console_is_read_by_one_call_while_its_host_is_there(self, stage: Stage) -> None:
        reader = _reader(stage)
        stage.bring(stage.bed.before)
        web, old = _host(stage, "web1"), _host(stage, "old1")
        books = stage.ground_truth()
        stage.bed.print_console("web1", LINE)
        call = reader.console_call(web)
        assert call.reads
        assert call == reader.console_call(web), "same host, same call"
        assert LINE in _read(stage, reader, web)
        assert LINE not in _read(stage, reader, old)
        assert stage.ground_truth() == books
        stage.remove(stage.bed.before)
        stage.ground_truth()
        with pytest.raises(NotFound):
            _read(stage, reader, web)

    def test_of_a_long_output_the_newest_is_read(self, stage: Stage) -> None:
        reader = _reader(stage)
        stage.bring(stage.bed.before)
        stage.bed.print_console("web1", LINE * (2 * CONSOLE_MAX_BYTES // len(LINE)) + "newest")
        text = _read(stage, reader, _host(stage, "web1"))
        assert text.endswith("newest")
        assert len(text.encode()) <= CONSOLE_MAX_BYTES


def _reader(stage: Stage) -> ConsoleReader:
    plugin = registry.plugin(stage.environment.provider)
    if not isinstance(plugin, ConsoleReader):
        pytest.skip("this provider reads no console")
    return plugin


def _host(stage: Stage, name: str) -> Observed[Instance]:
    scope = place(stage.bed.before, stage.environment).scope
    with stage.provider() as provider:
        hosts = stage.look(provider, scope).of(Instance)
    return next(seen for address, seen in hosts.items() if address.name == name)


def _read(stage: Stage, reader: ConsoleReader, host: Observed[Instance]) -> str:
    with stage.provider() as provider:
        return reader.console_text(Caller(provider).with_retries(reader.console_call(host)))
