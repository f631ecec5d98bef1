"""The receipt, its PDF and its photos: for whoever holds the address, and never cached."""

import pytest

from registration.models import private_storage
from tests.registration.factories import make_declaration

pytestmark = pytest.mark.django_db


def test_receipt_shows_reference_agency_photos_and_next_steps(client) -> None:
    declaration = make_declaration()
    answer = client.get(f"/dang-ky/ho-so/{declaration.token}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert declaration.reference_text in page
    assert "[07911] BHXH Quận 3" in page
    assert page.count(f"/dang-ky/ho-so/{declaration.token}/anh/") == 3
    assert declaration.full_name not in page
    assert answer["Cache-Control"] == "private, no-store"
    assert "noindex" in answer["X-Robots-Tag"]


def test_receipt_offers_the_pdf_to_open_and_to_save(client) -> None:
    declaration = make_declaration()
    address = f"/dang-ky/ho-so/{declaration.token}/to-khai.pdf"
    shown, saved = client.get(address), client.get(f"{address}?tai-ve")
    assert shown["Content-Type"] == "application/pdf"
    assert b"".join(shown.streaming_content).startswith(b"%PDF-")
    name = f"to-khai-{declaration.reference_text}.pdf"
    assert shown["Content-Disposition"] == f'inline; filename="{name}"'
    assert saved["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("path", ["", "to-khai.pdf", "anh/portrait.jpg"])
def test_receipt_of_an_unknown_token_does_not_exist(client, path: str) -> None:
    assert client.get(f"/dang-ky/ho-so/{'x' * 32}/{path}").status_code == 404


def test_receipt_photo_that_is_lost_is_not_found_rather_than_an_error(client) -> None:
    declaration = make_declaration()
    private_storage().delete(declaration.attachments.get(kind="portrait").file.name)
    assert client.get(f"/dang-ky/ho-so/{declaration.token}/anh/portrait.jpg").status_code == 404
    assert client.get(f"/dang-ky/ho-so/{declaration.token}/anh/passport.jpg").status_code == 404
    assert client.get(f"/dang-ky/ho-so/{declaration.token}/").status_code == 200


def test_files_are_left_to_nginx_where_that_is_set_up(client, settings) -> None:
    settings.X_ACCEL_PREFIX = "/_private"
    declaration = make_declaration()
    photo = declaration.attachments.get(kind="portrait")
    answer = client.get(f"/dang-ky/ho-so/{declaration.token}/anh/portrait.jpg")
    assert answer["X-Accel-Redirect"] == f"/_private/{photo.file.name}"
    assert answer.content == b""
