"""A store that is full, read-only or broken, and file names that no disk takes: told at the field, nothing lost."""

import errno
import io
import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from registration import cookies, services
from registration.images import normalise
from registration.models import Attachment, Declaration, Document, Draft, private_storage
from tests.registration.factories import make_agency, make_declaration, make_draft
from tests.registration.test_fuzz_form import VALID

pytestmark = pytest.mark.django_db
PAGE = "/dang-ky/to-khai/"
TEXT = "đây là lỗi phía chúng tôi"


def photo(name: str = "photo.jpg", seed: int = 1) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.effect_noise((900, 700), 60 + seed).convert("RGB").save(file, "JPEG", quality=90)
    return SimpleUploadedFile(name, file.getvalue(), "image/jpeg")


def folder_of(kind: str, path: Path) -> Iterator[Path]:
    """A real file system on which nothing more can be written."""
    options = {"full": "size=16k", "read-only": "ro,size=16k"}[kind]
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root can mount a small file system")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture(params=["full", "read-only"])
def bad_folder(request, tmp_path) -> Iterator[Path]:
    yield from folder_of(request.param, tmp_path / "bad")


@pytest.fixture
def bad_store(bad_folder, monkeypatch) -> Path:
    monkeypatch.setitem(private_storage().__dict__, "location", str(bad_folder))
    return bad_folder


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(client: Client, draft: Draft, file: SimpleUploadedFile, kind: str = "portrait"):
    data = {"draft": cookies.sign_token(draft.token), "kind": kind, "photo": file}
    return client.post(f"{PAGE}anh/", data)


def check_untouched(folder: Path, before: int) -> None:
    assert files_in(folder) == []
    assert Attachment.objects.count() == before


def test_store_that_takes_nothing_is_told_to_the_script(client, bad_store, caplog):
    draft = services.open_draft("a" * 30)
    with caplog.at_level(logging.ERROR):
        answer = upload(client, draft, photo())
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert TEXT in answer.json()["error"]
    check_untouched(bad_store, 0)
    assert f"file of draft {draft.pk} cannot be written: OSError" in caplog.text
    assert str(bad_store) not in caplog.text


def test_store_that_takes_nothing_is_told_at_the_field_without_a_script(client, bad_store):
    make_agency()
    draft = services.open_draft("a" * 30)
    fields = {**VALID, "draft": cookies.sign_token(draft.token), "full_name": "Nguyễn Thị Mẫu"}
    answer = client.post(PAGE, {**fields, "portrait": photo(), "id_front": photo(seed=2)})
    assert answer.status_code == 422
    assert 'value="Nguyễn Thị Mẫu"' in answer.text
    for kind in ("portrait", "id_front"):
        assert f'id="id_{kind}_error"' in answer.text
    assert TEXT in answer.text
    draft.refresh_from_db()
    assert draft.answers["full_name"] == "Nguyễn Thị Mẫu"
    assert not Declaration.objects.exists()
    check_untouched(bad_store, 0)


def test_store_that_takes_nothing_is_told_on_the_helping_phone(client, bad_store):
    draft = services.open_draft("a" * 30)
    answer = client.post(f"/dang-ky/chup/{cookies.make_phone_key(draft.token)}/", {"portrait": photo()})
    assert answer.status_code == 422
    assert TEXT in answer.text
    check_untouched(bad_store, 0)


def test_earlier_photo_stays_where_the_next_cannot_be_stored(client, bad_folder, monkeypatch):
    draft = make_draft()
    before = {kind: kept.pk for kind, kept in draft.photos().items()}
    monkeypatch.setitem(private_storage().__dict__, "location", str(bad_folder))
    assert upload(client, draft, photo()).status_code == 503
    assert {kind: kept.pk for kind, kept in draft.photos().items()} == before


def test_file_of_another_page_that_cannot_be_kept_loses_no_words(client, bad_folder, monkeypatch):
    """Ghi nhận pressed for a draft that another page has submitted: the photo would be kept aside."""
    make_agency()
    draft = make_draft()
    make_declaration_of(draft)
    monkeypatch.setitem(private_storage().__dict__, "location", str(bad_folder))
    fields = {**VALID, "draft": cookies.sign_token(draft.token), "full_name": "Trần Văn Khác", "portrait": photo()}
    answer = client.post(PAGE, fields)
    assert answer.status_code == 503
    assert 'value="Trần Văn Khác"' in answer.text and TEXT in answer.text


def make_declaration_of(draft: Draft) -> None:
    draft.declaration = make_declaration()
    draft.save()


def test_split_that_fails_midway_leaves_nothing_behind(monkeypatch):
    draft = make_draft()
    photos = draft.photos()
    page = services.FormPage({"full_name": "x"}, {kind: kept.token for kind, kept in photos.items()})
    store, count = private_storage(), Attachment.objects.count()
    real_save, saved = FileSystemStorage._save, []

    def save(self, name, content):
        if len(saved) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        saved.append(real_save(self, name, content))
        return saved[-1]

    monkeypatch.setattr(FileSystemStorage, "_save", save)
    with pytest.raises(services.StoreUnavailable):
        services.split_draft(draft, "b" * 30, page)
    assert len(saved) == 3 and not any(store.exists(name) for name in saved)
    assert Attachment.objects.count() == count


def test_failed_transaction_takes_its_files_along(monkeypatch):
    draft = services.open_draft("a" * 30)
    saved = []
    monkeypatch.setattr(Attachment, "save", lambda self: saved.extend(self.file_names()) or 1 / 0)
    image = normalise(photo(), "portrait")
    with pytest.raises(ZeroDivisionError):
        services.store_photo(draft, "portrait", image)
    assert len(saved) == 2 and not any(private_storage().exists(name) for name in saved)


def test_correction_that_cannot_be_opened_is_not_begun(monkeypatch):
    declaration = make_declaration()
    declaration.status = "returned"
    declaration.save()
    monkeypatch.setattr(
        FileSystemStorage, "_save", lambda *_args: (_ for _ in ()).throw(OSError(errno.EDQUOT, "Disk quota exceeded"))
    )
    with pytest.raises(services.StoreUnavailable):
        services.begin_correction(declaration)
    assert not Draft.objects.filter(corrects=declaration).exists()


def test_document_that_cannot_be_stored_is_offered_later(bad_folder, monkeypatch):
    declaration = make_declaration()
    Document.objects.all().delete()
    monkeypatch.setitem(private_storage().__dict__, "location", str(bad_folder))
    assert services.offer_document(declaration) is None
    assert not Document.objects.exists()
    assert files_in(bad_folder) == []


def test_file_that_cannot_be_read_now_is_503_and_not_missing(client):
    draft = make_draft()
    kept = draft.photos()["portrait"]
    path = Path(private_storage().path(kept.file.name))
    path.unlink()
    path.mkdir()  # even root cannot read it as a file
    key = cookies.make_phone_key(draft.token)
    answer = client.get(f"{PAGE}anh/{kept.token}.jpg", {"chup": key})
    assert answer.status_code == 503
    assert "Không phải lỗi" in answer.text
    path.rmdir()
    assert client.get(f"{PAGE}anh/{kept.token}.jpg", {"chup": key}).status_code == 404


def test_full_upload_folder_is_told_at_the_field(client, bad_folder, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(bad_folder)
    make_agency()
    draft = services.open_draft("a" * 30)
    answer = upload(client, draft, photo())
    assert answer.status_code == 503 and TEXT in answer.json()["error"]
    fields = {**VALID, "draft": cookies.sign_token(draft.token), "full_name": "Nguyễn Thị Mẫu", "portrait": photo()}
    page = client.post(PAGE, fields)
    assert page.status_code == 422
    assert 'value="Nguyễn Thị Mẫu"' in page.text and TEXT in page.text and 'id="id_portrait_error"' in page.text
    checked = client.post("/kiem-tra/", {"file": SimpleUploadedFile("to-khai.pdf", b"%PDF-" + b"1" * 50_000)})
    assert checked.status_code == 422 and "Lúc này chưa nhận được tệp" in checked.text
    assert files_in(bad_folder) == []


NAMES = [
    "a." + "b" * 240,
    "a." + "ễ" * 253,  # the longest that a disk at home may have
    "." * 40,
    "...",
    "../../../etc/passwd",
    "C:\\Users\\x\\anh.jpg",
    "\u202egpj.exe",
    "a\0b.jpg",
    "x/" * 300 + "a.jpg",
    "con.jpg",
    "&#0;.jpg",
    "%00%2f.jpg",
    '"; x="y.jpg',
]
UNREADABLE = ["a." + "b" * 10_000, "ảnh." + "ễ" * 3000, "\udcff.jpg"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_name_of_a_file_is_never_the_disks(client, name):
    answer = send_named(client, name)
    # A name of which nothing is left is no file to the parser: the field says that there is none.
    assert answer.status_code in (201, 422), answer.content[:300]
    assert answer.json().get("error") or answer.json()["url"]
    if answer.status_code == 201:
        assert os.path.exists(private_storage().path(Attachment.objects.get().file.name))


@pytest.mark.parametrize("name", UNREADABLE, ids=range(len(UNREADABLE)))
def test_name_that_no_browser_sends_is_a_bad_request(client, name):
    assert send_named(client, name).status_code == 400


def send_named(client, name):
    """Written byte by byte: a client library would mend such names."""
    draft, content = services.open_draft("a" * 30), photo().read()
    parts = {"draft": cookies.sign_token(draft.token), "kind": "portrait"}
    body = b"".join(
        f'--B\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in parts.items()
    )
    head = f'--B\r\nContent-Disposition: form-data; name="photo"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n'
    body += head.encode("utf-8", "surrogateescape") + content + b"\r\n--B--\r\n"
    return client.post(f"{PAGE}anh/", body, content_type="multipart/form-data; boundary=B")
