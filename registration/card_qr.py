"""The QR code of an identity card or health-insurance card, read from a photo of it.

A code is believed when number and name have the card's shape and at least one more field bears them out; of a
believed code every field that cannot be is dropped on its own. Anything else (a shop's code, a link) is ignored, so
that no wrong value is ever filled in.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Literal

import zxingcpp
from django.core.exceptions import ValidationError
from django.utils import timezone
from PIL import Image

from common.text import fold, tidy
from registration.enums import PaperKind
from registration.validators import birth_year, clean_address, clean_bhxh_number, clean_name, clean_paper_number

Sex = Literal["male", "female"]

# A code of another layout may be long; neither card's has more than a few hundred bytes.
MAX_QR_BYTES = 2000
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_EARLIEST_BIRTH = date(1900, 1, 1)
_EARLIEST_ISSUE = date(2016, 1, 1)  # Luật Căn cước công dân 2014 in force; the QR code came later
# Fewer fields than a card has ever had are another program's code.
_CITIZEN_FIELDS = 6
_HEALTH_FIELDS = 4
_DAY = re.compile(r"(\d\d)(\d\d)(\d{4})|(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
_SEXES: dict[str, Sex] = {"nam": "male", "1": "male", "male": "male", "nu": "female", "2": "female", "female": "female"}
_LINE_ENDS = str.maketrans("", "", "\r\n\0\ufeff")


@dataclass(frozen=True, slots=True)
class CardData:
    """What the code of a CCCD says. An empty string or None: the card does not say it."""

    number: str  # 12 digits
    old_number: str  # the CMND before it, 9 digits
    full_name: str
    birth_date: date | None
    sex: Sex | None
    address: str
    issued_on: date | None


@dataclass(frozen=True, slots=True)
class HealthCardData:
    """What the code of a health-insurance card says. An empty string or None: the card does not say it."""

    bhxh_number: str  # 10 digits
    full_name: str
    birth_date: date | None
    sex: Sex | None
    address: str
    valid_from: date | None


def read_card(image: Image.Image) -> CardData | HealthCardData | None:
    """The data of the one card in the photo, turned any way; None without a card's code or with several.

    About 5 ms for 1,600 px on the long side, which is all that the reader needs: larger photos are read no
    better.
    """
    grey = image.convert("L")
    found: set[CardData | HealthCardData] = set()
    # The second way of telling black from white reads some codes under uneven light that the first cannot.
    for binarizer in (zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram):
        for code in zxingcpp.read_barcodes(grey, formats=_QR, binarizer=binarizer):
            if (card := parse_card(bytes(code.bytes))) is not None:
                found.add(card)
        if found:
            break
    return found.pop() if len(found) == 1 else None


def parse_card(payload: bytes) -> CardData | HealthCardData | None:
    """The bytes of a QR code as a card's data, or None where they are no card's."""
    if len(payload) > MAX_QR_BYTES:
        return None
    # A byte that is no letter spoils its own field: the sign that stands for it is refused in every one.
    text = payload.decode("utf-8", "replace").translate(_LINE_ENDS).strip()
    fields = [tidy(field) for field in text.rstrip("$").split("|")]
    with suppress(ValidationError):
        return _health_card(fields) if text.endswith("$") else _citizen_card(fields)
    return None


def _citizen_card(fields: list[str]) -> CardData | None:
    """number | old CMND or empty | name | ddmmyyyy birth | Nam or Nữ | address | ddmmyyyy issued | …

    Raises ValidationError where number or name do not have the card's shape.
    """
    if len(fields) < _CITIZEN_FIELDS:
        return None
    number, old_number, name, born, sex, address, issued = [*fields, ""][:7]
    number = clean_paper_number(PaperKind.CCCD, number)
    birth_date, said_sex = _date(born), _sex_of(sex)
    earliest = birth_date or date(birth_year(number), 1, 1)
    issued_on = _date(issued)
    card = CardData(
        number=number,
        old_number=_or_nothing(lambda text: clean_paper_number(PaperKind.CMND, text), old_number),
        full_name=_name(name),
        birth_date=birth_date if birth_date and birth_date.year == birth_year(number) else None,
        sex=said_sex if said_sex == _sex_in(number) else None,
        address=_or_nothing(_address, address),
        issued_on=issued_on if issued_on and issued_on >= max(earliest, _EARLIEST_ISSUE) else None,
    )
    is_borne_out = card.birth_date or card.sex or card.issued_on or born == str(birth_year(number))
    return card if is_borne_out else None


def _sex_in(number: str) -> Sex:
    return "female" if int(number[3]) % 2 else "male"


def _health_card(fields: list[str]) -> HealthCardData | None:
    """number | name in hex | dd/mm/yyyy birth | 1 or 2 | address in hex or - | hospital | valid from | …

    Raises ValidationError where number or name do not have the card's shape.
    """
    if len(fields) < _HEALTH_FIELDS:
        return None
    number, name, born, sex, address, _hospital, valid_from = [*fields, "", "", ""][:7]
    return HealthCardData(
        bhxh_number=clean_bhxh_number(number),
        full_name=_name(_from_hex(name)),
        birth_date=_date(born),
        sex=_sex_of(sex),
        address=_or_nothing(_address, _from_hex(address)),
        valid_from=_date(valid_from, future=True),
    )


def _name(text: str) -> str:
    if fold(text) in _SEXES:
        raise ValidationError("a field too far on or back", code="no_name")
    return clean_name(text)


def _address(text: str) -> str:
    if not any(map(str.isalpha, text)):
        raise ValidationError("a number or a date", code="no_address")
    return clean_address(text)


def _or_nothing(clean: Callable[[str], str], text: str) -> str:
    """The cleaned text, or "" for one that cannot be: a field that is odd is dropped, not the card."""
    with suppress(ValidationError):
        return clean(text) if text else ""
    return ""


def _sex_of(text: str) -> Sex | None:
    return _SEXES.get(fold(text))


def _from_hex(text: str) -> str:
    """The letters, or "" where they are no UTF-8 in hex."""
    with suppress(ValueError):
        return tidy(bytes.fromhex(text).decode("utf-8"))
    return ""


def _date(text: str, *, future: bool = False) -> date | None:
    """A day as ddmmyyyy or d/m/yyyy; None for anything else, as the bare year of those whose day nobody knows."""
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    with suppress(ValueError):
        day, month, year = (int(part) for part in match.groups() if part)
        when = date(year, month, day)
        return when if when >= _EARLIEST_BIRTH and (future or when <= timezone.localdate()) else None
    return None
