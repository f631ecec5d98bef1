"""What a citizen may type: each function returns the stored form or says what is wrong and what to do.

All of them are stable: cleaning a cleaned value changes nothing.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.numbers import compact, parse_bhxh_number
from agencies.text import fold
from registration.enums import PaperKind

MAX_NAME = 100
# Letters that fold to several (ligatures, Korean syllables) make the key for searching longer than the name.
MAX_NAME_KEY = 120
MAX_ADDRESS = 300
_NAME_SIGNS = " '-."
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})
_NO_NUMBER = _("Type a mobile number of 10 digits that begins with 0, for example 0912 345 678.")
_PASSPORT = re.compile(r"[A-Z]\d{7,8}", re.ASCII)


def tidy(text: str) -> str:
    """NFC, without invisible signs or marks that sit on nothing, every run of white space one space."""
    visible = "".join(
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    # Dropping a sign between a letter and its mark can let the two join: once more, so that the result is stable.
    words = unicodedata.normalize("NFC", visible).split()
    return " ".join(filter(None, map(_without_leading_marks, words)))


def _without_leading_marks(word: str) -> str:
    """A mark without a letter before it would sit on whatever comes before the text."""
    first = next((place for place, c in enumerate(word) if not unicodedata.category(c).startswith("M")), len(word))
    return word[first:]


def clean_name(text: str) -> str:
    """A person's name as typed: letters of any script, spaces, apostrophes, hyphens and dots, 100 at most."""
    name = tidy(text.translate(_APOSTROPHES))
    if not name:
        raise ValidationError(_("Type the full name as it stands on the identity paper."), code="required")
    if len(name) > MAX_NAME or len(fold(name)) > MAX_NAME_KEY:
        raise ValidationError(_("The name is too long: at most 100 letters."), code="long")
    if any(c.isdigit() for c in name):
        raise ValidationError(_("A name has no digits. Type letters only, with their accents."), code="digits")
    wrong = [c for c in name if not (c.isalpha() or unicodedata.category(c).startswith("M") or c in _NAME_SIGNS)]
    if wrong or not any(c.isalpha() for c in name):
        raise ValidationError(_("Type the name in letters only, with their accents; no other signs."), code="signs")
    return name


def clean_bhxh_number(text: str) -> str:
    """The 10 digits of the number; a pasted health-card number is reduced to them."""
    number = parse_bhxh_number(tidy(text))
    if number:
        return number
    symbols = compact(tidy(text))
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


def _clean_cccd(number: str) -> str:
    if not (number.isdecimal() and number.isascii() and len(number) == 12):
        raise ValidationError(_("A citizen card (CCCD) number has 12 digits. Type all of them."), code="cccd")
    if number[:3] not in province_codes() or number[3] not in "012345":
        raise ValidationError(
            _("No citizen card begins with these digits. Compare the number with the card, digit by digit."),
            code="cccd_province",
        )
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
            _("A passport number is one letter and 7 or 8 digits, for example C1234567."), code="passport"
        )
    return number


def clean_paper_number(kind: str, text: str) -> str:
    """The number of an identity paper of this kind, without spaces, dots and dashes."""
    number = compact(tidy(text))
    if not number:
        raise ValidationError(_("Type the number of the identity paper."), code="required")
    checks = {PaperKind.CCCD: _clean_cccd, PaperKind.CMND: _clean_cmnd, PaperKind.PASSPORT: _clean_passport}
    return checks[PaperKind(kind)](number)


def clean_phone(text: str) -> str:
    """A Vietnamese mobile number in E.164, from any of 09…, +84…, 84…, 0084…"""
    symbols = compact(tidy(text)).replace("(", "").replace(")", "")
    symbols = re.sub(r"^00", "+", symbols)
    if re.fullmatch(r"84\d{9}", symbols, re.ASCII):
        symbols = f"+{symbols}"
    if not re.fullmatch(r"\+?\d{4,15}", symbols, re.ASCII):
        raise ValidationError(_NO_NUMBER)
    try:
        phone = phonenumbers.parse(symbols, "VN")
    except phonenumbers.NumberParseException as error:
        raise ValidationError(_NO_NUMBER) from error
    mobile = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
    if phone.country_code != 84:
        raise ValidationError(_("The password is sent to a Vietnamese mobile number: type one that begins with 0."))
    if re.fullmatch(r"(?:0|\+84)1\d{9}", symbols, re.ASCII):
        raise ValidationError(_("Numbers of 11 digits were changed to 10 digits in 2018. Type the number used today."))
    if not phonenumbers.is_valid_number(phone) or phonenumbers.number_type(phone) not in mobile:
        raise ValidationError(
            _("This is not a mobile number in use in Vietnam today. It has 10 digits, for example 0912 345 678.")
        )
    return phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164)


def clean_address(text: str) -> str:
    """A contact address on one line, 300 characters at most."""
    address = tidy(text)
    if len(address) < 5:
        raise ValidationError(
            _("Type the address where letters reach you: house number, street, ward, province."), code="short"
        )
    if len(address) > MAX_ADDRESS:
        raise ValidationError(_("The address is too long: at most 300 characters."), code="long")
    return address


def national_phone(phone: str) -> str:
    """The way people write it: 0912 345 678."""
    try:
        parsed = phonenumbers.parse(phone, "VN")
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
