"""Several drafts in one browser: kept apart, offered, told apart, deleted."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from registration import cookies
from registration.held_drafts import MOST_HELD
from registration.models import Attachment, Declaration, Draft
from tests.registration.factories import make_declaration, make_draft, photo_bytes
from tests.registration.tabs import FATHER, MOTHER, PAGE, Tab, portrait_of

pytestmark = pytest.mark.django_db


def test_father_and_mother_in_two_tabs_get_each_their_own(client) -> None:
    father, mother = Tab(client), Tab(client)
    assert father.address != mother.address
    father.upload_all(portrait=1)
    mother.upload_all(portrait=2)
    father.save(**FATHER)
    mother.save(**MOTHER)
    first, second = father.submit(**FATHER), mother.submit(**MOTHER)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url != second.url
    for tab, person in ((father, FATHER), (mother, MOTHER)):
        made = Declaration.objects.get(full_name=person["full_name"])
        assert portrait_of(made) == tab.fields["shown-portrait"]
        assert made.attachments.count() == 3


@pytest.mark.parametrize("path", ["/", "/dang-ky/", PAGE])
def test_drafts_under_way_are_offered_to_their_browser_only(client, path: str) -> None:
    assert "Tờ khai đang điền dở" not in client.get(path).content.decode()
    father, mother, nobody = Tab(client), Tab(client), Tab(client)
    father.save(**FATHER)
    mother.upload("portrait")
    answer = client.get(path)
    page = answer.content.decode()
    assert page.count('class="offer"') == 2
    offered = dict(re.findall(r'class="offer__name">([^<]*)<[^§]*?href="(/dang-ky/to-khai/\?to-khai=\w+)"', page))
    assert offered == {"Chưa có họ tên": mother.address, FATHER["full_name"]: father.address}
    assert page.index("Chưa có họ tên") < page.index(FATHER["full_name"]), "the latest saved comes first"
    assert "1 ảnh" in page and nobody.address not in page
    assert "private" in answer["Cache-Control"] and "Cookie" in answer["Vary"]
    assert 'class="offer"' not in Client().get(path).content.decode()


def test_bare_address_is_a_new_empty_form(client) -> None:
    Tab(client).save(**FATHER)
    page = client.get(PAGE).content.decode()
    assert f'value="{FATHER["full_name"]}"' not in page
    assert re.search(r'action="(/dang-ky/to-khai/\?to-khai=\w+)"', page)


def test_key_alone_opens_nothing(client) -> None:
    tab = Tab(client)
    tab.save(**FATHER)
    photo = tab.upload("portrait")["url"]
    other = Client()
    page = other.get(tab.address)
    assert page.status_code == 200
    assert FATHER["full_name"] not in page.content.decode()
    assert "không có trên thiết bị này" in page.content.decode()
    assert other.get(photo).status_code == 404
    assert client.get(photo).status_code == 200


def test_deleted_offer_is_gone_with_its_photos(client) -> None:
    father, mother = Tab(client), Tab(client)
    father.save(**FATHER)
    mother.save(**MOTHER)
    father.upload("portrait")
    for path, field in (("/", {"from-home": "1"}), ("/dang-ky/", {})):
        tab = father if field else mother
        signed = tab.fields["draft"]
        assert f'value="{signed}"' in client.get(path).content.decode()
        answer = client.post(f"{PAGE}xoa/", {"unfinished": signed, **field})
        assert answer.url == path
    assert not Draft.objects.exists() and not Attachment.objects.exists()
    assert 'class="offer"' not in client.get("/").content.decode()


def test_deleting_a_submitted_draft_leaves_its_declaration_and_the_way_to_it(client) -> None:
    tab = Tab(client)
    tab.upload_all(portrait=1)
    receipt = tab.submit(**FATHER).url
    assert client.post(f"{PAGE}xoa/", {"unfinished": tab.fields["draft"]}).status_code == 302
    assert tab.submit(**FATHER).url == receipt


def test_old_draft_is_offered_no_more(client) -> None:
    Tab(client).save(**FATHER)
    Draft.objects.update(updated_at=timezone.now() - timedelta(hours=25))
    assert FATHER["full_name"] not in client.get("/").content.decode()


def test_correction_is_offered_as_what_it_is(client) -> None:
    returned = make_declaration("returned")
    draft = make_draft(corrects=returned, answers={"full_name": returned.full_name})
    client.cookies[f"to_khai_{cookies.draft_key(draft.token)}"] = cookies.sign_token(draft.token)
    page = client.get("/").content.decode()
    assert f"Tờ khai cần sửa, mã hồ sơ {returned.reference_text}" in page


def test_cookie_of_a_draft_is_for_this_site_and_no_script(client, settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    client.get("/dang-ky/", {"doi-tuong": "ca-nhan", "tiep": "1"})
    (cookie,) = [cookie for name, cookie in client.cookies.items() if name.startswith("to_khai_")]
    assert (cookie["path"], cookie["samesite"], cookie["max-age"]) == ("/", "Lax", settings.DRAFT_HOURS * 3600)
    assert cookie["httponly"] and cookie["secure"]


def test_cookie_of_earlier_versions_still_opens_its_draft(client) -> None:
    draft = make_draft(answers=FATHER)
    client.cookies[cookies.COOKIE] = cookies.sign_token(draft.token)
    page = client.get("/dang-ky/").content.decode()
    address = re.search(r'href="(/dang-ky/to-khai/\?to-khai=\w+)"', page)
    assert address and f'value="{FATHER["full_name"]}"' in client.get(address[1]).content.decode()
    assert client.cookies[cookies.COOKIE].value == ""
    assert FATHER["full_name"] in client.get("/").content.decode()


def test_browser_holds_a_bounded_number_and_loses_no_filled_one_to_empty_ones(client) -> None:
    kept = Tab(client)
    kept.save(**FATHER)
    for _time in range(2 * MOST_HELD):
        Tab(client)
    held = [name for name, cookie in client.cookies.items() if name.startswith("to_khai_") and cookie.value]
    assert len(held) == MOST_HELD
    assert FATHER["full_name"] in client.get("/").content.decode()


def test_nothing_is_stored_before_something_is_worth_it(client) -> None:
    tab = Tab(client)
    client.get("/")
    client.post(f"{PAGE}trang-thai/", {"draft": tab.fields["draft"]})
    assert not Draft.objects.exists()


def test_resumed_draft_joins_those_of_the_other_device(client) -> None:
    tab = Tab(client)
    code = tab.save(**FATHER).json()["code"]
    other = Client()
    Tab(other).save(**MOTHER)
    there = Tab(other, other.post("/dang-ky/tiep-tuc/", {"code": code}).url)
    assert there.fields["draft"] == tab.fields["draft"]
    page = other.get("/").content.decode()
    assert FATHER["full_name"] in page and MOTHER["full_name"] in page


def test_phone_reaches_the_draft_it_was_made_for_and_makes_none(client) -> None:
    father, mother = Tab(client), Tab(client)
    father.save(**FATHER)
    mother.save(**MOTHER)
    told = client.post(f"{PAGE}dien-thoai/", {"draft": father.fields["draft"]}).json()
    key = told["url"].rstrip("/").split("/")[-1]
    phone = Client()
    father.client = phone
    father.upload("portrait", phone_key=key)
    assert [draft.answers["full_name"] for draft in Draft.objects.filter(attachments__isnull=False)] == ["Trần Văn Cha"]
    assert not [name for name in phone.cookies if name.startswith("to_khai")]
    Draft.objects.all().delete()
    photo = SimpleUploadedFile("anh.jpg", photo_bytes("portrait"), "image/jpeg")
    answer = phone.post(f"{PAGE}anh/", {"kind": "portrait", "photo": photo, "phone_key": key})
    assert answer.status_code == 404 and phone.get(f"/dang-ky/chup/{key}/").status_code == 404
    assert not Draft.objects.exists()
