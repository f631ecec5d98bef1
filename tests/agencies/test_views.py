import re
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.urls import reverse

from agencies.services import save_agency
from agencies.views import split_next
from tests.agencies.conftest import NATIONAL

URL = "/co-quan/"


def test_url_is_the_agreed_one():
    assert reverse("agencies:tree") == URL


def test_page_lists_the_tree_and_leads_back_to_the_form(client, tree):
    page = client.get(URL, {"next": "/dang-ky/to-khai/?buoc=2&agency=001", "agency": "07911"}).content.decode()
    assert '<form method="get" action="/dang-ky/to-khai/">' in page
    assert '<input type="hidden" name="buoc" value="2">' in page
    assert "<summary>[079] BHXH TP. Hồ Chí Minh</summary>" in page
    assert re.search(r"<details open>\s*<summary>\[079\]", page)
    assert page.count("<details open>") == 1
    assert re.search(r'<input type="radio" name="agency" value="07911" [^>]*checked>', page)
    assert page.count('type="radio"') == len(tree)
    assert "<script" not in page.split('id="main"')[1].split("</main>")[0]


def test_page_searches_without_javascript(client, tree):
    page = client.get(URL, {"q": "q3", "next": "/dang-ky/to-khai/"}).content.decode()
    assert "[07911] BHXH Quận 3" in page
    assert "Hóc Môn" not in page
    assert '<input type="hidden" name="next" value="/dang-ky/to-khai/">' in page


def test_page_escapes_what_it_is_given(client, tree):
    page = client.get(URL, {"q": '"><script>alert(1)</script>', "next": '/dang-ky/"><script>'}).content.decode()
    assert "<script>" not in page


@pytest.mark.parametrize(
    "target",
    ["", "https://evil.example/dang-ky/", "//evil.example/dang-ky/", "/admin/", "/dang-ky/../admin/",
     "javascript:alert(1)", "/dang-ky/%2e%2e/admin/", "/dang-ky/..%2fadmin/", "/dang-ky\\..\\admin/",
     "/dang-ky//evil", "dang-ky/", "/dang-kyx", "/\\evil.example/dang-ky/", "http:///dang-ky/",
     "//[", "/dang-ky/./x"],
)  # fmt: skip
def test_next_that_leaves_the_form_is_replaced(target):
    assert split_next(target) == ("/dang-ky/to-khai/", [])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/dang-ky/to-khai/", ("/dang-ky/to-khai/", [])),
        ("/dang-ky/", ("/dang-ky/", [])),
        ("/dang-ky/ho-so/abc/sua/?a=1&agency=001&b=", ("/dang-ky/ho-so/abc/sua/", [("a", "1")])),
    ],
)
def test_next_under_the_form_is_kept(target, expected):
    assert split_next(target) == expected


def test_fragment_is_the_bare_tree(client, tree):
    response = client.get(URL, {"fragment": "1"})
    content = response.content.decode()
    assert content.startswith('<ul class="agency-list" role="tree">')
    assert ">[07911] BHXH Quận 3</span>" in content
    assert content.count('role="treeitem"') == len(tree)
    assert '<li role="treeitem" data-code="07911" data-above="079" aria-level="2" aria-posinset="2"' in content
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers or "Cookie" not in response.headers["Vary"]


def test_fragment_may_be_kept_and_is_not_sent_again(client, tree, django_assert_max_num_queries):
    first = client.get(URL, {"fragment": "1"})
    assert first.headers["Cache-Control"] == "public, max-age=300"
    with django_assert_max_num_queries(1):
        again = client.get(URL, {"fragment": "1"}, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    tree["07911"].name = "BHXH cơ sở Nhiêu Lộc"
    save_agency(tree["07911"])
    changed = client.get(URL, {"fragment": "1"}, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert "Nhiêu Lộc" in changed.content.decode()


def test_fragment_is_the_same_in_both_languages(client, tree):
    answers = []
    for language in ("vi", "en"):
        client.cookies["django_language"] = language
        answers.append(client.get(URL, {"fragment": "1"}).headers["ETag"])
    assert answers[0] == answers[1]


def test_fragment_of_a_search_is_flat_with_the_province(client, tree):
    content = client.get(URL, {"fragment": "1", "q": "quan 3"}).content.decode()
    assert 'role="listbox" data-count="1"' in content
    assert '<span class="agency-item__above">BHXH TP. Hồ Chí Minh</span>' in content


def test_search_that_finds_too_many_says_so(client, built_in):
    content = client.get(URL, {"fragment": "1", "q": "bhxh"}).content.decode()
    assert 'data-count="20" data-more' in content
    assert client.get(URL, {"q": "bhxh"}).content.decode().count('type="radio"') == 20


def test_former_offices_are_not_offered(client, tree):
    tree["07911"].valid_until = "2025-06-30"
    save_agency(tree["07911"])
    assert "07911" not in client.get(URL, {"fragment": "1"}).content.decode()
    assert "07911" not in client.get(URL).content.decode()


def test_office_under_a_former_one_can_still_be_found(client, tree):
    tree["077"].valid_until = "2025-06-30"
    save_agency(tree["077"])
    assert "[07708] BHXH Huyện Côn Đảo" in client.get(URL, {"fragment": "1"}).content.decode()


@pytest.mark.parametrize("query", ["q=%00", "q=" + quote("\u202e" * 300), "q=%ff%fe", "next=%00&q=1", "agency=%00"])
def test_odd_queries_are_answered(client, tree, query):
    assert client.get(f"{URL}?{query}").status_code == 200
    assert client.get(f"{URL}?{query}&fragment=1").status_code == 200


def test_only_reading_is_allowed(client, tree):
    assert client.post(URL).status_code == 405


@pytest.mark.skipif(not NATIONAL.exists(), reason="the national data is not beside this checkout")
def test_national_tree_stays_small(client, db):
    import gzip

    call_command("import_agencies", str(NATIONAL))
    content = client.get(URL, {"fragment": "1"}).content
    assert len(gzip.compress(content)) < 12_000
