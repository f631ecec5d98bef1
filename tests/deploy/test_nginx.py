"""deploy/nginx.conf, tried: files on the program's word, its error pages, its headers, its log."""

import os
import subprocess
import sys

import pytest

from portal.error_pages import style_hash
from tests.deploy.conftest import Site
from tests.portal.test_production import ROOT

pytestmark = pytest.mark.skipif(
    os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="tried once: nothing here depends on the database"
)
HEADERS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}
ERRORS = ROOT / "deploy" / "errors"


def check_headers(headers: dict[str, str]) -> None:
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "microphone=()" in headers["permissions-policy"]
    assert "gunicorn" not in str(headers) and "nginx/" not in headers.get("server", "")


@pytest.fixture
def pdf(site: Site) -> str:
    return f"/dang-ky/ho-so/{site.token}/to-khai.pdf"


@pytest.fixture
def photo(site: Site) -> str:
    return f"/dang-ky/ho-so/{site.token}/anh/portrait.jpg"


def test_configuration_is_whole_and_names_the_error_pages_style() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    assert style_hash() in text
    assert "client_max_body_size 35m;" in text


def test_pages_come_with_the_programs_own_headers(site: Site) -> None:
    page = site.ask("/")
    assert page.status == 200 and "<h1" in page.text
    check_headers(page.headers)
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "x-robots-tag" not in page.headers


def test_photo_and_pdf_are_sent_by_nginx_as_another_user(site: Site, pdf: str, photo: str) -> None:
    for path, kind, begins in ((pdf, "application/pdf", b"%PDF-"), (photo, "image/jpeg", b"\xff\xd8\xff")):
        file = site.ask(path)
        assert (file.status, file.headers["content-type"]) == (200, kind), (path, file.status)
        assert file.body.startswith(begins)
        check_headers(file.headers)
        assert file.headers["cache-control"] == "private, no-store"
        assert file.headers["x-robots-tag"] == "noindex"
        assert "inline" in file.headers["content-disposition"]
        assert "x-accel-redirect" not in file.headers
    if not site.runs_as_another:
        pytest.skip("nginx ran as our own user: only root can start it as another, and file modes were not tried")


def test_a_part_of_a_file_is_sent(site: Site, pdf: str) -> None:
    whole = site.ask(pdf)
    part = site.ask(pdf, Range="bytes=5-9")
    assert (part.status, part.body) == (206, whole.body[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(whole.body)}"
    check_headers(part.headers)
    assert site.ask(pdf, Range="bytes=99999999-").status == 416
    etag = whole.headers["etag"]
    assert site.ask(pdf, If_None_Match=etag).status == 304


def test_stored_files_have_no_address(site: Site) -> None:
    stored = [path.relative_to(site.folder / "media").as_posix() for path in (site.folder / "media").rglob("*.*")]
    assert len(stored) >= 3
    for name in stored:
        for place in (
            "_private",
            "media",
            "static/../_private",
            "static/..%2f_private",
            "_private/.",
            "static../media",
        ):
            answer = site.ask(f"/{place}/{name}")
            assert answer.status in {400, 404}, (place, answer.status)
            assert not answer.body.startswith((b"%PDF", b"\xff\xd8"))


def test_others_cannot_read_the_files(site: Site) -> None:
    media = site.folder / "media"
    for path in (media, *media.rglob("*")):
        assert path.stat().st_mode & 0o007 == 0, path
        assert path.stat().st_gid == media.stat().st_gid, path
    if not site.runs_as_another:
        pytest.skip("only root can look as somebody else")
    look = ["import os,sys; os.setgroups([]); os.setgid(65534); os.setuid(65534); os.listdir(sys.argv[1])"]
    done = subprocess.run([sys.executable, "-c", *look, str(media)], capture_output=True, text=True)
    assert "PermissionError" in done.stderr


def test_deploy_check_agrees(site: Site) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"], cwd=ROOT, env=site.env, capture_output=True, text=True
    )
    assert "portal.E" not in done.stderr or not site.runs_as_another, done.stderr


def test_three_photos_of_10_mb_pass_and_more_is_told_in_vietnamese(site: Site) -> None:
    form = {"Content_Type": "application/octet-stream"}
    assert site.ask("/khong-co/", "POST", b"x" * 36_000_000, **form).status in {403, 404}
    large = site.ask("/dang-ky/to-khai/", "POST", b"x" * 37_000_000, **form)
    assert large.status == 413
    assert large.body == (ERRORS / "413.html").read_bytes()
    check_headers(large.headers)
    assert style_hash() in large.headers["content-security-policy"]


def test_static_files_are_nginxs_and_stay(site: Site) -> None:
    home = site.ask("/").text
    name = home.split('href="/static/css/base.')[1].split('"')[0]
    answer = site.ask(f"/static/css/base.{name}")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/css")
    assert "max-age=31536000" in answer.headers["cache-control"]
    check_headers(answer.headers)
    assert site.ask(f"/static/css/base.{name}", Accept_Encoding="gzip").headers["content-encoding"] == "gzip"


def test_addresses_are_what_nginx_saw(site: Site) -> None:
    answers = [site.ask("/tra-cuu/", "POST", b"", X_Forwarded_For=f"203.0.113.{n}").status for n in range(6)]
    # No form token: 403 comes after the limit of 3 has been asked, or 429 instead.
    assert set(answers) <= {403, 429}
    gunicorn = "".join((site.folder / name).read_text() for name in ("gunicorn.log", "uploads.log"))
    assert "203.0.113." not in gunicorn


SECRETS = [
    "/dang-ky/ho-so/{token}/",
    "/dang-ky/ho-so/{token}/to-khai.pdf",
    "/dang-ky/ho-so/{token}/anh/portrait.jpg",
    "/dang-ky//ho-so/{token}/",
    "/dang-ky/%68o-so/{token}/",
    "/DANG-KY/HO-SO/{token}/",
    "/dang-ky/chup/{secret}/",
    "/dang-ky/to-khai/anh/{secret}.jpg",
    "/sms/bao-phat/esms/{secret}/?SMSID={secret}",
    "/q/{secret}/",
    "/q/{secret}",
    "/tra-cuu/?ma={secret}",
    "/huong-dan/?agency={secret}#x",
    "/{secret}",
    "/admin/registration/declaration/{secret}/",
    "/static/{secret}/..%2f",
    "/_private/{secret}.jpg",
    "/tai-khoan/dang-nhap/?next=/dang-ky/ho-so/{secret}/",
]


def test_log_holds_nothing_private(site: Site) -> None:
    secret = "Zk3vQm8xT1yB5nC7wR2d"
    for path in SECRETS:
        site.ask(path.format(token=site.token, secret=secret), Referer=f"https://x.vn/{secret}", Cookie=f"a={secret}")
    site.ask("/huong-dan/")
    log = site.log()
    assert '"' not in log.split("\n")[0] and "GET /huong-dan/ HTTP/1.1" in log
    assert secret not in log and secret.upper() not in log and site.token not in log
    assert "127.0.0.1" not in log
    assert "GET /dang-ky/ho-so/… " in log or "_private/… " in log
    errors = site.folder / "error.log"
    assert secret not in errors.read_text() and site.token not in errors.read_text()


def test_backend_that_is_down_gets_a_page_of_its_own(site: Site) -> None:
    site.stop_backend()
    try:
        for path in ("/", f"/dang-ky/ho-so/{site.token}/?x=1"):
            down = site.ask(path)
            assert down.status == 502
            assert down.body == (ERRORS / "502.html").read_bytes()
            check_headers(down.headers)
        assert site.token not in site.log() + (site.folder / "error.log").read_text()
    finally:
        site.start_backend()
    assert site.ask("/").status == 200


def test_files_closed_to_nginx_are_403_and_the_check_says_so(site: Site, photo: str) -> None:
    """What the set-up of before did: the test would see it."""
    if not site.runs_as_another:
        pytest.skip("only root can start nginx as another user")
    closed = list((site.folder / "media").rglob("*.jpg"))
    try:
        for path in closed:
            path.chmod(0o600)
        assert site.ask(photo).status == 403
        command = [sys.executable, "manage.py", "check", "--deploy"]
        assert "portal.E002" in subprocess.run(command, cwd=ROOT, env=site.env, capture_output=True, text=True).stderr
    finally:
        for path in closed:
            path.chmod(0o640)
