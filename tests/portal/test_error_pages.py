"""The pages of last resort stand alone."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from portal import views
from portal.error_pages import PAGES, STATIC_PAGES, error_html, style_hash

ERRORS = Path(__file__).resolve().parents[2] / "deploy" / "errors"


class Addresses(HTMLParser):
    """Everything that a page would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in {"link", "script", "img", "iframe", "source"} or values.get("src"):
            self.loaded.append(f"{tag} {values}")


def check_alone(html: str) -> None:
    assert Addresses(html).loaded == []
    assert "url(" not in html and "@import" not in html
    assert "1900 9068" in html and 'href="tel:19009068"' in html


@pytest.mark.parametrize("name", PAGES)
def test_page_loads_nothing_and_speaks_both_languages(name: str) -> None:
    html = error_html(name)
    check_alone(html)
    assert '<html lang="vi">' in html
    assert html.index('<section lang="vi">') < html.index('<section lang="en">')
    with translation.override("en"):
        assert str(PAGES[name].title) in html.split('<section lang="en">')[1]
    assert not re.search(r"\sstyle\s*=|\son\w+\s*=|<script", html)
    english = error_html(name, english_first=True)
    assert '<html lang="en">' in english and english.index('lang="en">') < english.index('<section lang="vi">')


def broken(*args, **kwargs):
    raise RuntimeError("secret detail")


@pytest.fixture
def nothing_works(monkeypatch):
    """No static file has a name, no context processor and no session works; without the db mark no database either."""
    monkeypatch.setattr("django.templatetags.static.StaticNode.handle_simple", broken)
    monkeypatch.setattr("portal.context.portal", broken)
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", broken)


def test_pages_come_when_nothing_else_works(nothing_works, monkeypatch) -> None:
    monkeypatch.setattr(views, "render", broken)
    client = Client(raise_request_exception=False, headers={"cookie": f"{settings.SESSION_COOKIE_NAME}=x"})
    for path, status in {"/": 500, "/khong-co-trang-nay/": 404}.items():
        answer = client.get(path)
        assert answer.status_code == status
        check_alone(answer.content.decode())
        assert "secret detail" not in answer.text and "khong-co-trang-nay" not in answer.text
        policy = answer["Content-Security-Policy"]
        assert style_hash() in policy and "unsafe" not in policy and "default-src 'none'" in policy
    forged = Client(enforce_csrf_checks=True).post("/i18n/setlang/", {"language": "en"})
    assert forged.status_code == 403
    check_alone(forged.content.decode())
    assert "CSRF" not in forged.content.decode()
    damaged = Client().get("/", headers={"content-type": "text/html; charset=rot13"})
    assert damaged.status_code == 400
    check_alone(damaged.content.decode())


def test_body_beyond_all_measure_gets_413(rf) -> None:
    answer = views.bad_request(rf.post("/"), RequestDataTooBig("x"))
    assert answer.status_code == 413
    check_alone(answer.content.decode())


def test_form_that_is_too_large_is_told_so(client, db) -> None:
    answer = client.generic(
        "POST",
        "/tra-cuu/",
        "reference=" + "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1000),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 413
    check_alone(answer.content.decode())


def test_chosen_language_comes_first_and_the_desk_leads_to_the_desk(client, db) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    answer = client.get("/khong-co-trang-nay/")
    assert '<html lang="en">' in answer.text and answer["Content-Language"] == "en"
    user = _superuser()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert 'class="links"><a href="/admin/"' in client.get("/admin/khong-co/").text


def _superuser():
    from django.contrib.auth import get_user_model

    return get_user_model().objects.create(username="quan.tri", is_staff=True, is_superuser=True)


@pytest.mark.parametrize("name", STATIC_PAGES)
def test_pages_of_nginx_are_the_ones_that_the_program_writes(name: str, tmp_path: Path) -> None:
    call_command("error_pages", str(tmp_path), verbosity=0)
    written = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
    assert written == (ERRORS / f"{name}.html").read_text(encoding="utf-8"), "run manage.py error_pages deploy/errors"
    check_alone(written)


def test_pages_of_nginx_have_this_portals_hotline(settings, tmp_path: Path) -> None:
    settings.HOTLINE = "028 1234"
    call_command("error_pages", str(tmp_path), verbosity=0)
    assert 'href="tel:0281234"' in (tmp_path / "502.html").read_text(encoding="utf-8")
