"""What one exchange with a provider may take, whatever the provider, its name server or its line do."""

import datetime
import gzip
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifications.gateways import http
from notifications.gateways.base import GatewayFailure
from notifications.gateways.http import Request, ask

LIMIT = 1.3
REAL_CERTIFICATES = http.certifi.where


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", (1, 0.3))
    yield
    http._pool.cache_clear()


class Server:
    """Listens and does with each connection what `talk` says."""

    def __init__(self, talk: Callable[[socket.socket, "Server"], None], tls: ssl.SSLContext | None = None) -> None:
        self.talk, self.tls, self.got = talk, tls, b""
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/send"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self.talk(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection, self)

    def read(self, connection: socket.socket) -> None:
        """One request, head and body."""
        request = b""
        while b"\r\n\r\n" not in request or len(request.partition(b"\r\n\r\n")[2]) < _length(request):
            part = connection.recv(65536)
            if not part:
                raise OSError("gone")
            request += part
        self.got += request


def _length(request: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", request, re.IGNORECASE)
    return int(found[1]) if found else 0


@pytest.fixture
def serve():
    servers = []

    def start(talk, tls=None) -> Server:
        servers.append(Server(talk, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()


@pytest.fixture
def tls(tmp_path, monkeypatch) -> ssl.SSLContext:
    """A server's certificate that the client trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "provider.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setattr(http.certifi, "where", lambda: str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def answer(connection: socket.socket, server: Server) -> None:
    while True:
        server.read(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"fine":"y"}')


def drip(start: bytes, drop: bytes) -> Callable[[socket.socket, Server], None]:
    def talk(connection: socket.socket, server: Server) -> None:
        server.read(connection)
        connection.sendall(start)
        for _ in range(60):
            time.sleep(0.1)
            connection.sendall(drop)

    return talk


def code_in_time(request: Request) -> str:
    """The failure's code; the call took no longer than it may."""
    began = time.monotonic()
    with pytest.raises(GatewayFailure) as failed:
        ask(request)
    assert time.monotonic() - began < LIMIT + 1.5
    return failed.value.code


DRIPS = {
    "headers": drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"x"),
    "many headers": drip(b"HTTP/1.1 200 OK\r\n", b"X-A: x\r\n"),
    "body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b" "),
    "chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize(("how", "secure"), [*((how, False) for how in DRIPS), ("headers", True), ("body", True)])
def test_answer_that_drips_is_left_in_time(serve, how, secure, request):
    server = serve(DRIPS[how], request.getfixturevalue("tls") if secure else None)
    assert code_in_time(Request(server.url, json={})) == "timeout"


def test_handshake_that_never_comes_is_left_in_time(serve, tls):
    server = serve(lambda connection, server: time.sleep(5))
    assert code_in_time(Request(server.url.replace("http:", "https:"), json={})) in {"timeout", "network"}


def test_proxy_that_drips_is_left_in_time(serve, tls, monkeypatch):
    proxy = serve(drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"x"))
    monkeypatch.setattr(http, "_proxy_for", lambda scheme, host: f"http://127.0.0.1:{proxy.port}")
    assert code_in_time(Request("https://provider.example/", json={})) in {"timeout", "network"}


def test_name_that_is_never_found_is_left_in_time(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(5))
    assert code_in_time(Request("http://provider.example/", json={})) == "connect-timeout"


def test_name_that_nobody_knows_sent_nothing(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert code_in_time(Request("http://provider.example/", json={})) == "no-connection"


def test_address_that_does_not_listen_leaves_time_for_the_next(serve, monkeypatch):
    server = serve(answer)
    silent = socket.create_server(("127.0.0.1", 0), backlog=0)
    crowd = [socket.socket() for _ in range(3)]
    for each in crowd:
        each.setblocking(False)
        each.connect_ex(silent.getsockname())
    places = [silent.getsockname(), ("127.0.0.1", server.port)]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    assert ask(Request("http://provider.example/", json={})).data == {"fine": "y"}


def once(head: bytes, body: bytes) -> Callable[[socket.socket, Server], None]:
    def talk(connection: socket.socket, server: Server) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)
        connection.close()

    return talk


def test_answer_in_chunks_is_put_together(serve):
    server = serve(once(b"Transfer-Encoding: chunked", b'5\r\n{"fin\r\n7\r\ne":"y"}\r\n0\r\n\r\n'))
    assert ask(Request(server.url, json={})).data == {"fine": "y"}


LONG = b'{"fine":"y"}' + b" " * http.MAX_ANSWER


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: %d" % len(LONG), LONG),
        (b"Connection: close", LONG),
        (b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(LONG), LONG)),
        (b"Content-Encoding: gzip", gzip.compress(LONG)),
    ],
    ids=["counted", "until it closes", "chunked", "compressed"],
)
def test_answer_longer_than_any_providers_counts_as_none(serve, head, body):
    assert ask(Request(serve(once(head, body)).url, json={})).data is None


def test_nothing_leaves_after_the_right_to_send_has_ended(serve):
    server = serve(answer)
    ask(Request(server.url, json={"first": 1}))

    with pytest.raises(GatewayFailure):
        ask(Request(server.url, json={"second": 2}, until=time.monotonic()))
    time.sleep(0.05)
    assert b"first" in server.got
    assert b"second" not in server.got


@pytest.mark.parametrize("secure", [False, True])
def test_connection_is_kept_for_the_next_message(serve, secure, request):
    server = serve(answer, request.getfixturevalue("tls") if secure else None)

    assert [ask(Request(server.url, json={"n": n})).data for n in range(3)] == [{"fine": "y"}] * 3
    assert server.connections == 1


def test_certificate_of_somebody_else_is_refused(serve, tls, monkeypatch):
    server = serve(answer, tls)
    monkeypatch.setattr(http.certifi, "where", REAL_CERTIFICATES)
    assert code_in_time(Request(server.url, json={})) == "network"
    assert server.got == b""
