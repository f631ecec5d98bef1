"""Any text in any field of any form, address or cookie: an answer that was meant, never a server error.

Bodies are made by hand: a browser cannot send a lone surrogate, but a program can send its bytes.
"""

import random
import unicodedata
from urllib.parse import quote, quote_from_bytes

from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from hypothesis import example, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from registration import cookies, throttle, validators
from registration.models import Declaration, Draft, make_token
from registration.references import ALPHABET, check_symbol, format_reference, parse_reference
from tests.registration.factories import make_agency, make_declaration, make_draft, make_officer

PAGE = "/dang-ky/to-khai/"
VALID = {
    "paper_kind": "cccd",
    "full_name": "Nguyễn Thị Mẫu",
    "bhxh_number": "7912345678",
    "paper_number": "079190000123",
    "address": "12/3 đường Mẫu, Quận 3",
    "phone": "0912 345 678",
    "email": "mau@example.com",
    "agency": "07911",
    "consent": "on",
    "submit-declaration": "1",
}
LONG = 10_000
# Nine characters of an address for each Vietnamese letter, two or three texts, 8,192 in all.
IN_ADDRESS = 300
PIECES = (
    "\0", "\ud800", "\udfff", "\u202e\u2066", "\u200f", "\ufeff", "\uffff", "\U0010ffff", "e\u0301", "\u0301", "😀",
    "👨‍👩‍👧‍👦", "ﬃ", "각", "\ufdfa", "İ", "ß", "đ", "²", "٣", "９", "1", "0", "'", '"', "<b>", "{{ 7*7 }}", "%s", "%00",
    "\\", "|", "a@", ".", " ", "\r\n", "\x1b", "\x85", "\u2028",
)  # fmt: skip
ANY = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.builds(lambda piece, size: (piece * size)[:size], st.sampled_from(PIECES), st.sampled_from((100, 300, LONG))),
    # A right answer with something wrong in it.
    st.builds(
        lambda good, piece, at: good[:at] + piece + good[at:],
        st.sampled_from(sorted(VALID.values())), st.sampled_from(PIECES), st.integers(0, 12),
    ),
)  # fmt: skip
FEW = limits(max_examples=20, deadline=None, derandomize=True)
MANY = limits(max_examples=40, deadline=None, derandomize=True)
NO_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "1000000/minute")


def sent(text: str) -> str:
    """The text as it stands in an address or a form's body."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


def post(client: Client, path: str, fields: dict[str, str]) -> HttpResponse:
    body = "&".join(f"{quote(name)}={sent(value)}" for name, value in fields.items())
    return client.post(path, body, content_type="application/x-www-form-urlencoded")


def get(client: Client, path: str, fields: dict[str, str]) -> HttpResponse:
    """With as much of each text as an address holds: what is longer is refused before any page looks at it."""
    return client.get(path + "?" + "&".join(f"{name}={sent(value[:IN_ADDRESS])}" for name, value in fields.items()))


@override_settings(RATE_LIMITS=NO_LIMITS)
class FuzzCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        make_agency()

    def setUp(self) -> None:
        throttle._limit.cache_clear()
        self.addCleanup(throttle._limit.cache_clear)


class DeclarationFuzz(FuzzCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.draft = cookies.sign_token(make_draft().token)

    @MANY
    @given(name=st.sampled_from(sorted(VALID)), text=ANY)
    @example(name="full_name", text="ﬃ" * 100)
    @example(name="full_name", text="각" * 100)
    @example(name="agency", text="1" * LONG)
    @example(name="email", text="a@" + "é" * 63 + ".vn")
    def test_any_text_in_a_field_is_taken_or_told(self, name: str, text: str) -> None:
        client = Client()
        answer = post(client, PAGE, {**VALID, "draft": self.draft, name: text})
        assert answer.status_code in (302, 422)
        assert client.get(answer.url if answer.status_code == 302 else PAGE).status_code == 200
        if answer.status_code == 302:
            assert_fits(Declaration.objects.get())

    @FEW
    @given(texts=st.fixed_dictionaries(dict.fromkeys(VALID, ANY.filter(lambda text: len(text) < LONG))))
    def test_any_text_in_all_fields_is_told_and_kept(self, texts: dict[str, str]) -> None:
        client = Client()
        assert post(client, PAGE, {**texts, "draft": self.draft}).status_code == 422
        assert client.get(PAGE).status_code == 200

    @FEW
    @given(name=st.sampled_from(["review", "remove-photo", "choose-agency", "paper_kind", "address"]), text=ANY)
    def test_any_text_is_saved_within_bounds(self, name: str, text: str) -> None:
        client = Client()
        answer = post(client, f"{PAGE}luu/", {"draft": self.draft, name: text, "full_name": text})
        assert answer.status_code == 200
        assert answer.json()["code"]
        assert all(len(value) <= 1000 and "\0" not in value for value in Draft.objects.get().answers.values())
        assert client.get(PAGE).status_code == 200
        assert post(client, PAGE, {"draft": self.draft, name: text}).status_code in (200, 302, 422)

    @FEW
    @given(text=ANY)
    @example(text="\0")
    def test_any_agency_in_the_address_is_shown_or_dropped(self, text: str) -> None:
        client = Client()
        answer = get(client, PAGE, {"agency": text})
        assert answer.status_code == 200
        assert client.get(PAGE).status_code == 200


def assert_fits(declaration: Declaration) -> None:
    """Within the columns' lengths, which SQLite does not hold, and of one form."""
    for name in ("full_name", "name_key", "bhxh_number", "paper_number", "address", "phone", "email"):
        value = getattr(declaration, name)
        assert len(value) <= Declaration._meta.get_field(name).max_length
        assert "\0" not in value
        assert name == "name_key" or unicodedata.is_normalized("NFC", value)


class OtherFormsFuzz(FuzzCase):
    @FEW
    @given(first=ANY, second=ANY)
    @example(first="1" * LONG, second="１２３４")
    def test_any_text_finds_no_declaration(self, first: str, second: str) -> None:
        assert post(Client(), "/tra-cuu/", {"reference": first, "phone_end": second}).status_code == 422
        assert post(Client(), "/tra-cuu/sua/", {"key": first}).status_code == 404
        assert post(Client(), "/tra-cuu/rut/", {"key": second}).status_code == 404
        assert post(Client(), "/tra-cuu/ma/gui/", {"key": first}).status_code == 404
        assert post(Client(), "/tra-cuu/ma/", {"key": second, "code": first}).status_code == 404

    @FEW
    @given(first=ANY, second=ANY)
    @example(first="x" * 300, second="x")
    @example(first="7912345678", second="\0")
    @example(first="7912345678", second="x" * LONG)
    def test_any_text_signs_nobody_in(self, first: str, second: str) -> None:
        fields = {"username": first, "password": second, "next": second, "other": first}
        client = Client()
        assert post(client, f"/tai-khoan/dang-nhap/?next={sent(first[:IN_ADDRESS])}", fields).status_code == 422
        assert get(client, "/tai-khoan/dang-nhap/", {"next": first}).status_code == 200
        assert "_auth_user_id" not in client.session

    @FEW
    @given(text=ANY)
    def test_any_text_resumes_nothing(self, text: str) -> None:
        assert post(Client(), "/dang-ky/tiep-tuc/", {"code": text}).status_code == 422

    @FEW
    @given(text=ANY)
    @example(text="²")
    @example(text="9" * 99)
    @example(text="//[")
    def test_any_text_is_searched_for(self, text: str) -> None:
        client = Client()
        for fields in ({"q": text}, {"q": text, "fragment": "1"}, {"next": text, "agency": text}):
            assert get(client, "/co-quan/", fields).status_code == 200
        assert get(client, "/huong-dan/", {"agency": text}).status_code == 200
        assert get(client, "/dang-ky/", {"doi-tuong": text, "tiep": text}).status_code == 200
        assert post(client, "/ngon-ngu/", {"language": text, "next": text}).status_code in (302, 404)


class AddressFuzz(FuzzCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.declaration = make_declaration()

    @FEW
    @given(text=ANY.filter(lambda text: len(text) < LONG))
    @example(text="\0")
    def test_any_token_in_an_address_does_not_exist(self, text: str) -> None:
        client, part, own = Client(), sent(f"x{text}"), self.declaration.token
        assert client.get(f"/dang-ky/chup/{part}/").status_code == 404
        # 403 is what a stranger gets at every address of a dossier, 404 what no such address looks like.
        for path in (f"ho-so/{part}/", f"ho-so/{part}/to-khai.pdf", f"ho-so/{own}/anh/{part}.jpg"):
            assert client.get(f"/dang-ky/{path}").status_code in (403, 404)
        client.cookies[cookies.COOKIE] = cookies.sign_token(make_token())
        assert client.get(f"{PAGE}anh/{part}.jpg").status_code == 404
        assert client.get(f"{PAGE}anh/{part}.jpg?chup={part}").status_code == 404

    @FEW
    @given(text=ANY.filter(lambda text: len(text) < LONG), name=st.sampled_from(["to_khai", "sessionid", "csrftoken"]))
    def test_any_cookie_counts_as_none(self, text: str, name: str) -> None:
        client = Client()
        # A cookie's header is of Latin letters; quoted, it can spell every other sign of one byte.
        client.cookies[name] = "".join(c for c in text if 0 < ord(c) < 256) or "x"
        for path in ("/", PAGE, "/tra-cuu/", "/tai-khoan/dang-nhap/"):
            assert client.get(path).status_code == 200
        assert client.get(f"{PAGE}anh/x.jpg").status_code == 404


class DeskFuzz(FuzzCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.officer = make_officer("079")
        for code in ("07911", "07901"):
            make_declaration(agency=make_agency(code))

    @FEW
    @given(name=st.sampled_from(["q", "q", "status", "agency", "p", "o", "submitted_at__gte", "unknown"]), text=ANY)
    @example(name="q", text="\0")
    @example(name="q", text="각" * LONG)
    @example(name="agency", text="\0")
    @example(name="submitted_at__gte", text="\0")
    def test_any_text_is_searched_for_on_the_desk(self, name: str, text: str) -> None:
        client = Client()
        client.force_login(self.officer, backend="django.contrib.auth.backends.ModelBackend")
        desk = "/admin/registration/declaration/"
        # Filters and pages that make no sense lead back to the list, as everywhere in Django's admin.
        assert get(client, desk, {name: text}).status_code in (200, 302)
        if "/" not in text and text not in (".", ".."):
            assert client.get(f"{desk}x{sent(text[:50])}/change/").status_code in (302, 404)


# -- One form ---------------------------------------------------------------------------------------------------
def loosened(text: str, dice: random.Random) -> str:
    """The same as people type it: spaces, dots and dashes anywhere, letters taken apart, full-width digits."""
    signs = (" ", ".", "-", "\u00a0", "\u200b", "  ")
    loose = "".join(c + (dice.choice(signs) if dice.random() < 0.3 else "") for c in text)
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdecimal() and dice.random() < 0.2 else c for c in loose)
    return dice.choice(("", " ", "\t")) + wide + dice.choice(("", " ", "\r\n"))


DIGITS = st.text("0123456789", min_size=10, max_size=10)
DICE = st.randoms(use_true_random=False)
PHONES = st.builds(
    lambda start, rest: f"{start}{rest:07d}",
    st.sampled_from(["032", "038", "052", "056", "070", "079", "081", "085", "090", "091", "096", "098"]),
    st.integers(0, 9_999_999),
).filter(lambda number: _is_mobile(number))


def _is_mobile(number: str) -> bool:
    try:
        return bool(validators.clean_phone(number))
    except validators.ValidationError:
        return False


@MANY
@given(number=PHONES, dice=DICE)
def test_phone_has_one_stored_form_however_it_is_typed(number: str, dice: random.Random) -> None:
    stored = "+84" + number[1:]
    for start in ("0", "+84", "84", "0084"):
        assert validators.clean_phone(loosened(start + number[1:], dice)) == stored
    assert validators.clean_phone(validators.national_phone(stored)) == stored
    assert validators.clean_phone(stored) == stored


@MANY
@given(number=DIGITS, dice=DICE, kind=st.sampled_from(["", "DN479", "GD101", "HT295"]))
def test_bhxh_number_has_one_stored_form_however_it_is_typed(number: str, dice: random.Random, kind: str) -> None:
    typed = loosened(kind + number, dice)
    assert validators.clean_bhxh_number(dice.choice((typed, typed.lower()))) == number
    assert validators.clean_bhxh_number(number) == number


PAPERS = st.one_of(
    st.tuples(st.just("cccd"), st.builds(
        lambda place, mark, rest: f"{place}{mark}{rest:08d}",
        st.sampled_from(sorted(validators.province_codes())), st.integers(0, 5), st.integers(0, 99_999_999),
    )),
    st.tuples(st.just("cmnd"), st.from_regex(r"\A[0-9]{9}\Z")),
    st.tuples(st.just("passport"), st.from_regex(r"\A[A-Z][0-9]{7,8}\Z")),
)  # fmt: skip


@MANY
@given(paper=PAPERS, dice=DICE)
def test_paper_number_has_one_stored_form_however_it_is_typed(paper: tuple[str, str], dice: random.Random) -> None:
    kind, number = paper
    assert validators.clean_paper_number(kind, loosened(number, dice)) == number
    assert validators.clean_paper_number(kind, number.lower()) == number


WORDS = st.text(
    "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ", min_size=1, max_size=7
)


@MANY
@given(words=st.lists(WORDS, min_size=1, max_size=6), dice=DICE)
def test_name_and_address_have_one_stored_form_however_they_are_typed(words: list[str], dice: random.Random) -> None:
    name = " ".join(word.capitalize() for word in words)
    gap = dice.choice(("  ", "\t", "\u00a0", " \u200b", "\r\n"))
    for form in ("NFC", "NFD"):
        typed = f" {unicodedata.normalize(form, name)} ".replace(" ", gap)
        assert validators.clean_name(typed) == name
        assert validators.clean_address(f"12/3{typed}Quận 3") == f"12/3 {name} Quận 3"


@MANY
@given(symbols=st.text(ALPHABET, min_size=8, max_size=8), dice=DICE)
def test_reference_is_read_however_it_is_typed(symbols: str, dice: random.Random) -> None:
    reference = symbols + check_symbol(symbols)
    typed = loosened(format_reference(reference), dice)
    assert parse_reference(unicodedata.normalize("NFKC", typed).lower()) == reference


class EncodingFuzz(FuzzCase):
    def test_nul_in_a_cookie_is_refused(self) -> None:
        client = Client()
        client.cookies["sessionid"] = "\0" * 32
        assert client.get(PAGE).status_code == 400

    def test_other_encodings_are_refused(self) -> None:
        client, token = Client(), cookies.sign_token(make_token())
        for charset in ("utf-7", "rot13", "hex", "unicode_escape", "utf-16"):
            body = f'--x\r\nContent-Disposition: form-data; name="draft"\r\n\r\n{token}\r\n'
            body += '--x\r\nContent-Disposition: form-data; name="full_name"\r\n\r\n+2AA-\\ud800\r\n--x--\r\n'
            kind = f"multipart/form-data; boundary=x; charset={charset}"
            assert client.generic("POST", PAGE, body.encode(), content_type=kind).status_code == 400
