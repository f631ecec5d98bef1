"""The PDF over HTTP: known again by its hash, handed out in parts, gone on with after a broken download."""

import pytest

from registration import services
from tests.registration.factories import make_declaration
from tests.registration.views.opening import open_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def document():
    return services.ensure_document(make_declaration())


@pytest.fixture
def get(client, document):
    open_in(client, document.declaration)
    address = f"/dang-ky/ho-so/{document.declaration.token}/to-khai.pdf"
    return lambda **headers: client.get(address, headers=headers)


def stored(document) -> bytes:
    with document.file.open("rb") as file:
        return file.read()


def test_document_has_its_hash_as_etag_and_offers_parts(get, document):
    answer = get()
    assert answer["ETag"] == f'"{document.sha256}"'
    assert answer["Accept-Ranges"] == "bytes"
    assert int(answer["Content-Length"]) == document.size
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("kept", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_document_that_the_browser_has_is_not_sent_again(get, document, kept):
    answer = get(if_none_match=kept.format(document.sha256))
    assert answer.status_code == 304
    assert answer.content == b""


def test_document_that_is_another_one_is_sent(get, document):
    answer = get(if_none_match='"another"')
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == stored(document)


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-99", slice(0, 100)), ("bytes=1000-", slice(1000, None)), ("bytes=-50", slice(-50, None)),
     ("bytes=10-99999999", slice(10, None)), ("bytes=-99999999", slice(None))],
)  # fmt: skip
def test_part_of_the_document_is_sent(get, document, asked, part):
    answer, content = get(range=asked), stored(document)
    assert answer.status_code == 206
    assert answer.content == content[part]
    first, last, _ = part.indices(len(content))
    assert answer["Content-Range"] == f"bytes {first}-{last - 1}/{len(content)}"
    assert document.declaration.reference_text in answer["Content-Disposition"]


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_part_beyond_the_end_is_refused_with_the_size(get, document, asked):
    answer = get(range=asked)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{document.size}"


@pytest.mark.parametrize("asked", ["bytes=9-1", "bytes=0-1,4-5", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=٠-٩"])
def test_range_that_means_nothing_gets_the_whole_document(get, asked):
    assert get(range=asked).status_code == 200


def test_broken_download_goes_on_only_with_the_same_document(get, document):
    assert get(range="bytes=5-9", if_range=f'"{document.sha256}"').status_code == 206
    assert get(range="bytes=5-9", if_range='"another"').status_code == 200


def test_ranges_are_left_to_nginx_where_that_is_set_up(get, document, settings):
    settings.X_ACCEL_PREFIX = "/_private"
    answer = get(range="bytes=0-9")
    assert answer.status_code == 200
    assert answer["X-Accel-Redirect"] == f"/_private/{document.file.name}"
    assert document.declaration.reference_text in answer["Content-Disposition"]
