"""Logs hold no key to anybody's papers."""

import io
import logging
import sys

import pytest

from portal.logs import HideKeys

KEY = "Zk3vQm8xT1yB5nC7wR2dF9gH"


@pytest.mark.parametrize(
    "path",
    [
        f"/dang-ky/ho-so/{KEY}/to-khai.pdf",
        f"/dang-ky/chup/{KEY}:x:y/",
        f"/dang-ky/to-khai/anh/{KEY}.jpg",
        f"/dang-ky/to-khai/anh/x.jpg?chup={KEY}",
        f"/dang-ky//Ho-So/{KEY}/anh/portrait.jpg",
        f"/dang-ky/ho-so/{KEY}/dong/",
        f"/q/{KEY}/?x=1",
        f"/sms/bao-phat/esms/{KEY}/",
        f"/sms/bao-phat/esms/{KEY}",
        f"/GetSendStatus?RefId=1&ApiKey={KEY}&SecretKey={KEY}",
        f"https://sms.example/x?token={KEY}&to=1",
    ],
)
def test_key_in_an_address_is_hidden(path: str) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "Not Found: %s", (path,), None)
    assert HideKeys().filter(record)
    assert KEY not in record.getMessage()
    assert record.getMessage().startswith(f"Not Found: {path[:3]}")


def test_key_in_a_traceback_is_hidden() -> None:
    try:
        raise ValueError(f"Max retries exceeded with url: /GetSendStatus?ApiKey={KEY}")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "Broken", (), sys.exc_info())
    assert HideKeys().filter(record)
    printed = logging.Formatter().format(record)
    assert "ApiKey=…" in printed
    assert KEY not in printed


def test_http_library_does_not_say_which_addresses_it_asks() -> None:
    assert logging.getLogger("urllib3.connectionpool").getEffectiveLevel() >= logging.INFO


def test_refused_request_leaves_no_key_on_the_console(client, db, monkeypatch) -> None:
    console = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    monkeypatch.setattr(console, "stream", printed := io.StringIO())
    client.get(f"/dang-ky/ho-so/{KEY}/")
    assert "Forbidden: /dang-ky/ho-so/…/" in printed.getvalue()
    assert KEY not in printed.getvalue()


def test_development_server_leaves_no_key_on_the_console(monkeypatch) -> None:
    console = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    monkeypatch.setattr(console, "stream", printed := io.StringIO())
    logging.getLogger("django.server").info('"%s" %s', f"GET /dang-ky/chup/{KEY}/ HTTP/1.1", "200")
    assert '"GET /dang-ky/chup/…/ HTTP/1.1" 200' in printed.getvalue()
    assert not logging.getLogger("django.server").handlers
