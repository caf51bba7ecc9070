"""What goes over the wire, byte by byte, and what comes back in a shape of its own."""

import socket
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from portinfra_aws import xml
from portinfra_aws.credentials import Credentials
from portinfra_aws.transport import Transport

ANSWER = b"<R><requestId>1</requestId></R>"


@contextmanager
def listening(head_of_answer=b""):
    """A server of one connection that keeps the raw bytes of each request."""
    received, server = [], socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _ = server.accept()
        with client, client.makefile("rb") as stream:
            while head := b"".join(iter(stream.readline, b"\r\n")) if not stream.closed else b"":
                sizes = [
                    int(line.split(b":")[1])
                    for line in head.lower().splitlines()
                    if b"content-length" in line
                ]
                received.append((head, stream.read(sum(sizes))))
                said = b"HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n"
                client.sendall(said % (head_of_answer, len(ANSWER)) + ANSWER)
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with server:
        yield server.getsockname()[1], received
        thread.join(5)


def test_the_signature_covers_the_host_and_amazons_own_headers_alone(monkeypatch):
    """A proxy may rewrite `User-Agent` and `Accept-Encoding`: to sign them breaks every request behind it."""
    with listening() as (port, received):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        with closing(Transport("us-east-1", lambda: Credentials("AK", "S", "TOKEN"))) as transport:
            transport.send("DescribeVpcs", {"MaxResults": 5})
    ((head, body),) = received
    headers = dict(line.split(b": ", 1) for line in head.splitlines()[1:] if line)
    (signed,) = [
        part for part in headers[b"Authorization"].split(b", ") if part.startswith(b"SignedHeaders=")
    ]
    assert signed == b"SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
    assert int(headers[b"Content-Length"]) == len(body)
    assert b"Action=DescribeVpcs" in body


def test_an_answer_tells_how_far_the_clock_of_this_machine_is_off(monkeypatch):
    date = format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True)
    with listening(f"Date: {date}\r\n".encode()) as (port, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        with closing(Transport("us-east-1", lambda: Credentials("AK", "S", "TOKEN"))) as transport:
            assert transport.server_clock.offset is None, "nothing has told it yet"
            transport.send("DescribeVpcs", {})
            assert abs(transport.server_clock.offset - 2 * 86_400) < 10


def test_a_list_of_nothing_but_white_space_is_empty():
    """As some answers of EC2 lay it out; what a user wrote into a tag stays as it is."""
    told = xml.parse(b"<R><volumeSet>\n    </volumeSet><tag><key> k </key><value>\n</value></tag></R>")
    assert told == {"volumeSet": "", "tag": {"key": " k ", "value": "\n"}}
    assert list(told["volumeSet"]) == []


@pytest.mark.parametrize("empty", [b"<S></S>", b"<S/>", b"<S>\n\t</S>"])
def test_an_empty_list_has_no_members_however_it_is_laid_out(empty):
    assert xml.parse(b"<R>" + empty + b"</R>") == {"S": ""}
