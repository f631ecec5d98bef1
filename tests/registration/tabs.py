"""Pages of the form as a browser without JavaScript has them, for tests of drafts."""

import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from registration.demo_images import draw_portrait, jpeg_bytes
from registration.models import Declaration
from tests.registration.factories import make_agency, photo_bytes

PAGE = "/dang-ky/to-khai/"
KINDS = ("portrait", "id_front", "id_back")
FATHER = {"full_name": "Trần Văn Cha", "bhxh_number": "7911111111", "phone": "0912345671"}
MOTHER = {"full_name": "Lê Thị Mẹ", "bhxh_number": "7922222222", "phone": "0912345672"}
DRAWN = {number: jpeg_bytes(draw_portrait(number)) for number in (1, 2)}


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page's form, as a browser would send them."""
    tags = re.findall(r'<input type="hidden"[^>]*>', page)
    fields = {re.search(r'name="([^"]*)"', tag)[1]: re.search(r'value="([^"]*)"', tag)[1] for tag in tags}
    fields.pop("csrfmiddlewaretoken", None)
    return fields


class Tab:
    """One page of the form in a browser: what it shows, and what is done on it."""

    def __init__(self, client: Client, address: str = "") -> None:
        self.client = client
        self.address = address or client.get("/dang-ky/", {"doi-tuong": "ca-nhan", "tiep": "1"}).url
        self.load()

    def load(self) -> str:
        page = self.client.get(self.address).content.decode()
        self.fields = hidden(page)
        return page

    def upload(self, kind: str, content: bytes | None = None, **fields: str) -> dict:
        photo = SimpleUploadedFile("anh.jpg", photo_bytes(kind) if content is None else content, "image/jpeg")
        data = {"draft": self.fields["draft"], "kind": kind, "photo": photo, **fields}
        answer = self.client.post(f"{PAGE}anh/", data).json()
        self.fields[f"shown-{kind}"] = answer["token"]
        return answer

    def upload_all(self, portrait: int) -> None:
        self.upload("portrait", DRAWN[portrait])
        self.upload("id_front")
        self.upload("id_back")

    def answers(self, **changed: str) -> dict[str, str]:
        usual = {
            "paper_kind": "cccd",
            "paper_number": "079190000123",
            "address": "12/3 đường Mẫu, Quận 3",
            "agency": make_agency().code,
            "consent": "on",
            "submit-declaration": "1",
        }
        return {**self.fields, **usual, **changed}

    def submit(self, **changed: object) -> HttpResponse:
        return self.client.post(self.address, self.answers(**changed))

    def save(self, **changed: str) -> HttpResponse:
        answer = self.client.post(f"{PAGE}luu/", self.answers(**changed))
        if answer.status_code == 200:
            self.fields["revision"] = str(answer.json()["revision"])
        return answer


def portrait_of(declaration: Declaration) -> str:
    return declaration.attachments.get(kind="portrait").token


def press(answer: HttpResponse, client: Client, button: str) -> HttpResponse:
    """Press a button of the page with the choice."""
    page = answer.content.decode()
    assert f'name="{button}"' in page
    return client.post(PAGE, {**hidden(page), button: "1"})
