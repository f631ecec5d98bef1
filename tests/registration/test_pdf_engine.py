"""What the renderer may reach, and what it leaves as it was."""

import io
import socket
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from django.utils.html import escape
from PIL import ImageFile
from pypdf import PdfReader

from registration import pdf_engine
from registration.demo_images import draw_portrait, jpeg_bytes
from tests.registration.factories import make_declaration
from tests.registration.paper import figures, knocked, opened, text_of, unspaced

MOMENT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def made(html: str, photos: dict[str, bytes]) -> bytes:
    return pdf_engine.make_pdf(html, photos, b"{}", MOMENT)


@pytest.fixture
def listener():
    """A port of this machine that nobody may knock at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.django_db
def test_addresses_in_answers_are_only_text(listener):
    port = listener.getsockname()[1]
    tags = [
        f'<img src="http://127.0.0.1:{port}/">',
        '<img src="file:///etc/passwd">',
        '<img src="data:image/png;base64,AA==">',
        "<style>@import url(photo:portrait);</style>",
    ]
    for tag in tags:
        declaration = make_declaration(full_name=tag, address=tag, email=tag[:50])
        reader = opened(declaration)
        assert unspaced(tag) in unspaced(text_of(reader))
        assert len(figures(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])) == 4
        assert list(reader.attachments) == ["to-khai.json"]
    assert not knocked(listener)


TEXT_FIELDS = (
    "full_name", "bhxh_number", "paper_number", "address", "phone", "email", "agency_code", "agency_name",
    "consent_version",
)  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    "attempt",
    [
        '<link rel="attachment" href="file:///etc/passwd"><img src="file:///etc/passwd">',
        '<iframe src="http://127.0.0.1:{port}/"></iframe><img src="http://127.0.0.1:{port}/redirect">',
        '<meta http-equiv="refresh" content="0; url=http://127.0.0.1:{port}/"><base href="http://127.0.0.1:{port}/">',
        '<object data="data:text/html,<img src=file:///etc/passwd>"></object><img src="data:image/png;base64,AA==">',
        '</p><style>@import "http://127.0.0.1:{port}/"; * { background: url(file:///etc/passwd) }</style>{% x %}',
        '"><svg><image href="http://127.0.0.1:{port}/"/><use href="file:///etc/passwd#a"/></svg>{{ declaration }}',
        ']]><![CDATA[<img src="file:///etc/passwd"/>]]><!-- &xxe; <?xml-stylesheet href="http://127.0.0.1:{port}/"?>',
    ],
)
def test_every_text_field_is_text_whatever_is_in_it(listener, attempt):
    """Straight into the row: what the form would have refused must be harmless, too."""
    hostile = attempt.replace("{port}", str(listener.getsockname()[1]))
    declaration = make_declaration()
    for name in TEXT_FIELDS:
        setattr(declaration, name, hostile)
    reader = opened(declaration)
    text = unspaced(text_of(reader))
    assert text.count(unspaced(hostile)) >= len(TEXT_FIELDS)
    assert "root:" not in text
    assert len(reader.pages[0].images) == 3
    assert list(reader.attachments) == ["to-khai.json"]
    assert not knocked(listener)


def test_renderer_fetches_only_the_photos_it_was_given(listener, caplog):
    port = listener.getsockname()[1]
    addresses = [
        f"http://127.0.0.1:{port}/a.png",
        f"//127.0.0.1:{port}/b.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
        "ftp://127.0.0.1/",
        "photo:of-somebody-else",
        "PHOTO:portrait",
    ]
    images = "".join(f'<img alt="ảnh" src="{escape(address)}"/>' for address in addresses)
    extra = (
        f'<link rel="stylesheet" href="http://127.0.0.1:{port}/s.css"/>'
        '<link rel="attachment" href="file:///etc/passwd"/>'
        f"<style>@import url(http://127.0.0.1:{port}/i.css); p {{ background: url(file:///a) }}</style>"
        f'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:{port}/c.png"/></svg>'
    )
    html = f'<!DOCTYPE html><html lang="vi"><head><title>Thử</title></head><body>{extra}{images}</body></html>'
    reader = PdfReader(io.BytesIO(made(html, {"portrait": jpeg_bytes(draw_portrait(1))})))
    assert not reader.pages[0].images
    assert list(reader.attachments) == ["to-khai.json"]
    assert not knocked(listener)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("registration")]
    assert ours
    assert not any("127.0.0.1" in line or "passwd" in line for line in ours)


@pytest.mark.parametrize(
    "source",
    [
        '<html lang="vi"><body><p>Một <b>hai</p></body></html>',
        '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html lang="vi"><body><p>&x;</p></body></html>',
    ],
)
def test_page_that_is_not_well_formed_is_refused_not_mended(source):
    with pytest.raises(ElementTree.ParseError):
        made(source, {})


def test_import_of_the_renderer_leaves_truncated_uploads_refused():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.django_db
def test_document_needs_no_static_files(settings, tmp_path):
    settings.DEBUG = False
    settings.STATIC_ROOT = tmp_path / "nothing-collected"
    settings.STATICFILES_DIRS = []
    manifest = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": manifest}}
    assert len(opened(make_declaration()).pages) == 1
