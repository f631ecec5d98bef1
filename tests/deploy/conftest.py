"""The real nginx with deploy/nginx.conf, as another user than the real gunicorn behind it."""

import datetime
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scripts.processes import free_port, stop
from scripts.system import nginx as nginx_program
from tests.portal.test_production import ROOT, environment

HOST = "portal.example.vn"
SET_UP = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
from datetime import timedelta
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from registration.grants import open_dossier
from tests.registration.factories import make_declaration
declaration, session = make_declaration(), SessionStore()
open_dossier(session, declaration, timezone.now() + timedelta(hours=1))
session.save()
print(declaration.token, f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Site:
    folder: Path
    port: int
    backend_port: int
    env: dict[str, str]
    token: str
    # Of the browser that has the dossier open.
    cookie: str
    runs_as_another: bool
    # A second gunicorn: photos have a pool of their own.
    uploads_port: int = 0
    backends: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """One request over TLS, as the browser of a citizen sends it."""
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        # The name of the certificate is asked for; the address is this machine's.
        connection = HTTPSConnection(HOST, self.port, context=context, timeout=30)
        connection._create_connection = lambda *_args, **_kwargs: socket.create_connection(("127.0.0.1", self.port), 30)
        try:
            sent = {"Cookie": self.cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            # nginx makes the headers of a 416 twice over; nothing else may be said twice.
            is_once = len(found) == len(answer.getheaders()) or "set-cookie" in found
            assert is_once or answer.status == 416, answer.getheaders()
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def start_backend(self) -> None:
        for port, name in ((self.backend_port, "gunicorn"), (self.uploads_port, "uploads")):
            command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}"]
            log = (self.folder / f"{name}.log").open("ab")
            options = ["--workers", "1", "--threads", "4", "--no-control-socket", "--access-logfile", "-"]
            process = subprocess.Popen([*command, *options], cwd=ROOT, env=self.env, stdout=log, stderr=log)
            self.backends.append(process)
        for port in (self.backend_port, self.uploads_port):
            wait_for_port(port)

    def stop_backend(self) -> None:
        while self.backends:
            stop(self.backends.pop())

    def log(self) -> str:
        return (self.folder / "access.log").read_text()


def wait_for_port(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing listens on port {port}")


def make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)


def write_configuration(folder: Path, port: int, http_port: int, backend_port: int, uploads_port: int) -> Path:
    """deploy/nginx.conf itself, with this machine's ports and folders, inside an http block as on Debian."""
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    changes = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "listen 80;": f"listen 127.0.0.1:{http_port};",
        "127.0.0.1:8000 fail_timeout=0;  # uploads": f"127.0.0.1:{uploads_port};",
        "127.0.0.1:8000": f"127.0.0.1:{backend_port}",
        "/etc/ssl/portal/fullchain.pem": f"{folder}/cert.pem",
        "/etc/ssl/portal/privkey.pem": f"{folder}/key.pem",
        "/var/log/nginx/portal.log": f"{folder}/access.log",
        "/var/log/nginx/portal-error.log": f"{folder}/error.log",
        "/srv/portal/errors": f"{ROOT}/deploy/errors",
        "/srv/portal/var/static/": f"{folder}/var/static/",
        "/srv/portal/media/": f"{folder}/media/",
    }
    for text, ours in changes.items():
        assert text in site, text
        site = site.replace(text, ours)
    site = re.sub(r"^ *listen \[::\].*\n", "", site, flags=re.MULTILINE)
    temporary = "".join(
        f"  {kind}_temp_path {folder}/tmp/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user www-data;\n" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log crit;\nworker_processes 1;\n"
        f"events {{}}\nhttp {{\n  include /etc/nginx/mime.types;\n{temporary}{site}}}\n"
    )
    return path


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="portal-nginx-"))
    runs_as_another = os.geteuid() == 0
    folder.chmod(0o755)
    (folder / "tmp").mkdir()
    make_certificate(folder)
    (folder / "media").mkdir(mode=0o750)
    if runs_as_another:
        # As docs/operations.md says: install -d -m 2750 -g www-data
        os.chown(folder / "media", -1, pwd.getpwnam("www-data").pw_gid)
        (folder / "media").chmod(0o2750)
    (folder / "var").mkdir()
    env = environment(folder / "var") | {
        "MEDIA_ROOT": str(folder / "media"),
        "X_ACCEL_PREFIX": "/_private",
        "TRUSTED_PROXIES": "1",
        "RATE_TRACK": "3/minute",
    }
    done = subprocess.run([sys.executable, "-c", SET_UP], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    port, http_port, backend_port, uploads_port = free_port(), free_port(), free_port(), free_port()
    configuration = write_configuration(folder, port, http_port, backend_port, uploads_port)
    found = Site(folder, port, backend_port, env, *done.stdout.split()[-2:], runs_as_another, uploads_port)
    program = nginx_program()
    assert program is not None, "nginx is missing: make setup-tests"
    process = subprocess.Popen([program, "-c", str(configuration), "-p", str(folder), "-e", str(folder / "error.log")])
    try:
        found.start_backend()
        wait_for_port(port)
        yield found
    finally:
        found.stop_backend()
        stop(process, signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
