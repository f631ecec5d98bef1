"""Logs hold no key to anybody's papers."""

import io
import logging

import pytest

from portal.logs import HideKeys

KEY = "Zk3vQm8xT1yB5nC7wR2dF9gH"


@pytest.mark.parametrize(
    "path", [f"/dang-ky/ho-so/{KEY}/to-khai.pdf", f"/dang-ky/chup/{KEY}:x:y/", f"/dang-ky/to-khai/anh/{KEY}.jpg"]
)
def test_key_in_an_address_is_hidden(path: str) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "Not Found: %s", (path,), None)
    assert HideKeys().filter(record)
    assert KEY not in record.getMessage()
    assert record.getMessage().startswith("Not Found: /dang-ky/")


def test_refused_request_leaves_no_key_on_the_console(client, db, monkeypatch) -> None:
    console = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    monkeypatch.setattr(console, "stream", printed := io.StringIO())
    client.get(f"/dang-ky/ho-so/{KEY}/")
    assert "Not Found: /dang-ky/ho-so/…/" in printed.getvalue()
    assert KEY not in printed.getvalue()
