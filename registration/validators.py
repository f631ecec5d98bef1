"""What a citizen may type: each function returns the stored form or says what is wrong and what to do.

All of them are stable: cleaning a cleaned value changes nothing. Only what a standard rules out is refused; what is
merely unusual is for `registration.doubts`.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from accounts.numbers import parse_bhxh_number
from common.text import compact, name_key, tidy
from registration.enums import PaperKind
from registration.fonts import FontMissing, letters

MAX_NAME = 100
# Letters that fold to several (ligatures, Korean syllables) make the key for searching longer than the name.
MAX_NAME_KEY = 120
MAX_ADDRESS = 300
MAX_EMAIL = 254
_NAME_SIGNS = " '-.·"
_NO_NUMBER = _("Type a mobile number of 10 digits that begins with 0, for example 0912 345 678.")
# ICAO 9303: the number of a travel document has up to 9 letters and digits.
_PASSPORT = re.compile(r"[A-Z0-9]{1,9}", re.ASCII)
# Thông tư 22/2014/TT-BTTTT and its successors: mobile numbers have 9 digits after the 0, the first one of these.
_MOBILE = re.compile(r"(?:\+84|84|0084)?0?([35789]\d{8})", re.ASCII)
_LOST_LETTER = "\ufffd"  # what a program puts in the place of a letter that it could not read


def check_drawable(text: str) -> str:
    """`text`, if the printed declaration can show all of it; otherwise a refusal that names what it cannot.

    On a machine without the font nothing is refused: there the document waits for the font.
    """
    try:
        strange = [sign for sign in dict.fromkeys(text) if sign == _LOST_LETTER or ord(sign) not in letters()]
    except FontMissing:
        return text
    if strange:
        raise ValidationError(
            _("The paper cannot show “%(letters)s”. Type it in Latin letters, as they stand on your papers."),
            params={"letters": " ".join(map(_named, strange[:5]))},
            code="undrawable",
        )
    return text


def _named(sign: str) -> str:
    """A sign as it can be read in a sentence: a mark sits on a dotted circle, what has no look is named by number."""
    category = unicodedata.category(sign)
    if category.startswith("M"):
        return f"\u25cc{sign}"
    return f"U+{ord(sign):04X}" if category in {"Cn", "Co"} or sign == _LOST_LETTER else sign


def clean_name(text: str) -> str:
    """A person's name as typed: letters that can be printed, spaces, apostrophes, hyphens and dots, 100 at most."""
    name = tidy(text)
    if not name:
        raise ValidationError(_("Type the full name as it stands on the identity paper."), code="required")
    if len(name) > MAX_NAME or len(name_key(name)) > MAX_NAME_KEY:
        raise ValidationError(_("The name is too long: at most 100 letters."), code="long")
    if any(c.isdigit() for c in name):
        raise ValidationError(_("A name has no digits. Type letters only, with their accents."), code="digits")
    wrong = [c for c in name if not (c.isalpha() or unicodedata.category(c).startswith("M") or c in _NAME_SIGNS)]
    if wrong or not any(c.isalpha() for c in name):
        raise ValidationError(_("Type the name in letters only, with their accents; no other signs."), code="signs")
    return check_drawable(name)


def clean_bhxh_number(text: str) -> str:
    """The 10 digits of the number; a pasted health-card number is reduced to them."""
    number = parse_bhxh_number(text)
    if number:
        return number
    symbols = compact(text)
    if symbols.isdecimal() and symbols.isascii():
        raise ValidationError(
            _(
                "The BHXH number has exactly 10 digits; this one has %(count)d. Look at the last 10 digits on the "
                "health-insurance card."
            ),
            params={"count": len(symbols)},
            code="length",
        )
    raise ValidationError(
        _("Type the 10 digits of the BHXH number: they are the last 10 on the health-insurance card."), code="shape"
    )


@cache
def province_codes() -> frozenset[str]:
    """The first three digits that a citizen card's number may have."""
    rows = (Path(__file__).parent / "data" / "id_province_codes.csv").read_text("utf-8").splitlines()[1:]
    return frozenset(row.split(",")[0] for row in rows if row)


def birth_year(cccd: str) -> int:
    """The year of birth in a citizen card's number: 0 and 1 as its fourth digit are the 1900s, 2 and 3 the 2000s, …"""
    return 1900 + 100 * (int(cccd[3]) // 2) + int(cccd[4:6])


def is_vietnamese_passport(number: str) -> bool:
    """Whether a passport's number has the shape that Vietnam gives: a letter and 7 or 8 digits."""
    return re.fullmatch(r"[A-Z]\d{7,8}", number, re.ASCII) is not None


def _clean_cccd(number: str) -> str:
    if not (number.isdecimal() and number.isascii() and len(number) == 12):
        raise ValidationError(_("A citizen card (CCCD) number has 12 digits. Type all of them."), code="cccd")
    return number


def _clean_cmnd(number: str) -> str:
    if not (number.isdecimal() and number.isascii() and len(number) == 9):
        raise ValidationError(
            _("An old identity card (CMND) number has 9 digits. With 12 digits, choose CCCD."), code="cmnd"
        )
    return number


def _clean_passport(number: str) -> str:
    if not _PASSPORT.fullmatch(number):
        raise ValidationError(
            _("A passport number has at most 9 letters and digits, for example C1234567."), code="passport"
        )
    return number


def clean_paper_number(kind: str, text: str) -> str:
    """The number of an identity paper of this kind, without spaces, dots and dashes."""
    number = compact(text)
    if not number:
        raise ValidationError(_("Type the number of the identity paper."), code="required")
    checks = {PaperKind.CCCD: _clean_cccd, PaperKind.CMND: _clean_cmnd, PaperKind.PASSPORT: _clean_passport}
    return checks[PaperKind(kind)](number)


def clean_phone(text: str) -> str:
    """A Vietnamese mobile number in E.164, from any of 09…, +84…, 84…, 0084…, +84 (0)9…"""
    symbols = compact(text).replace("(", "").replace(")", "")
    if match := _MOBILE.fullmatch(symbols):
        return f"+84{match[1]}"
    if not re.fullmatch(r"\+?\d{4,15}", symbols, re.ASCII):
        raise ValidationError(_NO_NUMBER)
    if re.fullmatch(r"(?:0|\+?84|0084)1\d{9}", symbols, re.ASCII):
        raise ValidationError(_("Numbers of 11 digits were changed to 10 digits in 2018. Type the number used today."))
    if re.match(r"(?:\+|00)(?!84)", symbols):
        raise ValidationError(_("The password is sent to a Vietnamese mobile number: type one that begins with 0."))
    raise ValidationError(
        _("This is not a mobile number in use in Vietnam today. It has 10 digits, for example 0912 345 678.")
    )


def clean_address(text: str) -> str:
    """A contact address on one line, 300 characters at most."""
    address = tidy(text)
    if len(address) < 5:
        raise ValidationError(
            _("Type the address where letters reach you: house number, street, ward, province."), code="short"
        )
    if len(address) > MAX_ADDRESS:
        raise ValidationError(_("The address is too long: at most 300 characters."), code="long")
    return check_drawable(address)


def clean_email(text: str) -> str:
    """An email address, 254 characters at most."""
    address = tidy(text)
    if len(address) > MAX_EMAIL:
        raise ValidationError(_("The email address is too long."), code="long")
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError(
            _("This is not a complete email address. It looks like name@example.com; or leave it empty."), code="email"
        ) from error
    return check_drawable(address)


def national_phone(phone: str) -> str:
    """The way people write it: 0912 345 678."""
    try:
        parsed = phonenumbers.parse(phone, "VN")
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
