"""An emulator counts its requests, lets the faults that are set strike them, and says what it cannot do."""

import http.client
import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from attrs import define, field

from portinfra.testing.emulator import (
    MISHAPS,
    START,
    Emulator,
    EmulatorClock,
    Response,
    Settings,
    Unserved,
    in_process,
    in_thread,
)

MODULE = """
from portinfra.testing.emulator import Emulator, Response, main


class Counter(Emulator):
    def answer(self, request, asked):
        return Response(200, str(self.calls.total()))


main(Counter())
"""


@define
class NoteSettings(Settings):
    """A setting besides those of every emulator."""

    notes_max: int = 3


class Notes(Emulator):
    """A cloud that keeps notes."""

    def reset(self):
        super().reset()
        self.notes = []

    def answer(self, request, asked):
        if request.method == "PATCH":
            raise Unserved("notes cannot be changed here")
        if request.method == "DELETE":
            raise KeyError("a defect of the emulator")
        if request.method == "POST":
            self.notes.append(request.body)
        return Response(200, b"".join(self.notes) or b"none", "application/octet-stream")


@define(eq=False)
class Limited(Notes):
    """The same with a setting of its own."""

    settings: NoteSettings = field(factory=NoteSettings)


@pytest.fixture
def cloud():
    with in_thread(Notes(), lambda endpoint: {"NOTES_URL": f"{endpoint}/v1"}) as local:
        yield local


def ask(endpoint, method="GET", body=None, path="/notes?of=today"):
    """Status and body of a response, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_requests_are_served_counted_and_logged(cloud):
    assert ask(cloud.endpoint, "POST", b"milk") == (200, b"milk")
    assert ask(cloud.endpoint) == (200, b"milk")
    assert cloud.bed.report() == {
        "calls": {"POST /notes": 1, "GET /notes": 1},
        "violations": [],
        "gaps": [],
    }
    assert cloud.bed.log == [("POST /notes", {"of": "today"}), ("GET /notes", {"of": "today"})]
    cloud.bed.reset()
    assert (cloud.bed.notes, cloud.bed.log) == ([], [])


def test_what_it_cannot_serve_is_a_gap_and_so_is_a_defect(cloud):
    assert ask(cloud.endpoint, "PATCH")[0] == 501
    assert ask(cloud.endpoint, "DELETE")[0] == 500
    served, broken = cloud.bed.gaps
    assert served == "PATCH /notes: notes cannot be changed here"
    assert broken.startswith("DELETE /notes: Traceback")


@pytest.mark.parametrize(
    ("mishap", "status"),
    [("throttled", 429), ("unavailable", 503), ("internal error", 500), ("html error", 500)],
)
def test_a_refused_request_has_no_effect(cloud, mishap, status):
    cloud.bed.fault(mishap, action="POST /notes", times=2)
    assert ask(cloud.endpoint)[0] == 200
    assert [ask(cloud.endpoint, "POST", b"milk")[0] for _ in range(3)] == [status, status, 200]
    assert cloud.bed.notes == [b"milk"]


@pytest.mark.parametrize(("mishap", "notes"), [("dropped before", []), ("dropped after", [b"milk"])])
def test_a_dropped_request_had_its_effect_or_had_not(cloud, mishap, notes):
    cloud.bed.fault(mishap)
    with pytest.raises(ConnectionError):
        ask(cloud.endpoint, "POST", b"milk")
    assert cloud.bed.notes == notes


def test_an_answer_is_cut_short_or_damaged(cloud):
    cloud.bed.fault("damaged", at=1)
    cloud.bed.fault("cut short", at=2)
    assert ask(cloud.endpoint, "POST", b"milk") == (200, b"lilk")
    with pytest.raises(http.client.IncompleteRead) as error:
        ask(cloud.endpoint)
    assert error.value.partial == b"mi"


def test_a_fault_is_taken_back_and_one_that_there_is_not_is_refused(cloud):
    cloud.bed.fault("unavailable")
    cloud.bed.calm()
    assert ask(cloud.endpoint)[0] == 200
    with pytest.raises(ValueError, match="no mishap 'rain'; there are throttled, "):
        cloud.bed.fault("rain")
    assert len(MISHAPS) == 11


def test_a_clock_that_is_not_live_moves_by_requests_sleep_and_slow_answers():
    bed = Notes(Settings(live_clock=False, request_seconds=0.5))
    clock = EmulatorClock(bed)
    with in_thread(bed) as local:
        bed.fault("slow", seconds=60.0)
        ask(local.endpoint)
    clock.sleep_until(START.timestamp() + 3600)
    clock.sleep_until(START.timestamp())
    assert clock.now() == START.timestamp() + 3600
    assert bed.now() == clock.now()


def test_settings_of_its_own_are_set_by_name_and_restored():
    bed = Limited()
    bed.configure(notes_max=1, live_clock=False)
    with pytest.raises(AttributeError, match="no setting 'speed'"):
        bed.configure(speed=1)
    assert (bed.settings.notes_max, bed.clock.live) == (1, False)
    bed.restore()
    assert (bed.settings.notes_max, bed.clock.live) == (3, True)


def test_a_fork_has_a_cloud_of_its_own_and_its_variables_lead_there(cloud, monkeypatch):
    monkeypatch.setenv("NOTES_URL", cloud.environment["NOTES_URL"])
    ask(cloud.endpoint, "POST", b"milk")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, ask(os.environ["NOTES_URL"], "POST", b" and honey")[1])
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    assert os.read(reading, 100) == b"milk and honey"
    os.close(reading)
    assert cloud.bed.notes == [b"milk"]


def test_an_emulator_in_a_process_of_its_own_outlives_the_client_that_it_kills(tmp_path):
    (tmp_path / "counter_emulator.py").write_text(MODULE)
    with in_process("counter_emulator", path=tmp_path) as remote:
        client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        remote.bed.fault("killed after", at=2, pid=client.pid)
        assert ask(remote.endpoint) == (200, b"1")
        with pytest.raises(ConnectionError):
            ask(remote.endpoint)
        assert client.wait(30) == -signal.SIGKILL
        client.stdin.close()
        assert remote.bed.report()["calls"] == {"GET /notes": 2}
        with pytest.raises(RuntimeError, match="no mishap 'rain'"):
            remote.bed.fault("rain")
        with pytest.raises(RuntimeError, match="the emulator has no answer"):
            remote.bed.ask("answer")
