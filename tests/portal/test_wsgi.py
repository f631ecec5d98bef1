"""The entry point as a server calls it."""

import io

import pytest


@pytest.mark.parametrize("charset", ["rot13", "hex", "utf-7", "UTF-8", "no-such-thing"])
def test_no_charset_breaks_a_request(charset: str, db) -> None:
    from portal.wsgi import application

    told = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/health/live",
        "QUERY_STRING": "a=%C3%A1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": f"text/plain; charset={charset}",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }
    list(application(environ, lambda status, headers: told.append(status)))
    assert told == ["200 OK"]


def test_server_sees_the_clients_address_in_one_spelling(settings, db) -> None:
    from portal.wsgi import application

    settings.TRUSTED_PROXIES = 1
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/health/live",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_X_FORWARDED_FOR": "10.0.0.1, [2001:db8::7]:50001",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }
    list(application(environ, lambda status, headers: None))
    assert environ["REMOTE_ADDR"] == "2001:db8::"
