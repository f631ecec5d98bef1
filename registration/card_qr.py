"""The QR code of an identity card or health-insurance card, read from a photo of it.

Only a code that fits its card's layout in every field that identifies a person is believed; anything else
(a shop's code, a link, a card's code with a field that cannot be) is ignored, so that no wrong value is
ever filled in.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import zxingcpp
from django.core.exceptions import ValidationError
from django.utils import timezone
from PIL import Image

from registration.enums import PaperKind
from registration.validators import (
    MAX_ADDRESS,
    clean_bhxh_number,
    clean_name,
    clean_paper_number,
    tidy,
)

Sex = Literal["male", "female"]

# A code of another layout may be long; neither card's has more than a few hundred bytes.
MAX_QR_BYTES = 2000
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_EARLIEST_BIRTH = date(1900, 1, 1)
_LINE_ENDS = str.maketrans("", "", "\r\n\0\ufeff")


@dataclass(frozen=True, slots=True)
class CardData:
    """What the code of a CCCD says. An empty string or None: the card does not say it."""

    number: str  # 12 digits
    old_number: str  # the CMND before it, 9 digits
    full_name: str
    birth_date: date
    sex: Sex
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
    """The bytes of a QR code as a card's data, or None where they are not exactly that."""
    if len(payload) > MAX_QR_BYTES:
        return None
    # UnicodeDecodeError, a number that cannot be and a date that never was are ValueErrors; ValidationError
    # is not.
    with suppress(ValueError, ValidationError):
        text = payload.decode("utf-8").translate(_LINE_ENDS).strip()
        fields = [tidy(field) for field in text.split("|")]
        return _health_card(fields) if text.endswith("$") else _citizen_card(fields)
    return None


def _citizen_card(fields: list[str]) -> CardData | None:
    """number | old CMND or empty | name | ddmmyyyy birth | Nam or Nữ | address | ddmmyyyy issued | …"""
    if len(fields) < 7:
        return None
    number, old_number, name, born, sex, address, issued = fields[:7]
    birth_date = _date(born, "%d%m%Y")
    card = CardData(
        number=_exactly(number, clean_paper_number(PaperKind.CCCD, number)),
        old_number=_exactly(old_number, clean_paper_number(PaperKind.CMND, old_number)) if old_number else "",
        full_name=_exactly(name, clean_name(name)),
        birth_date=birth_date,
        sex=_sex_of({"Nam": "1", "Nữ": "2"}.get(sex, "")),
        address=_address(address),
        issued_on=_date(issued, "%d%m%Y") if issued else None,
    )
    if not _agrees(card) or (card.issued_on and card.issued_on < birth_date):
        return None
    return card


def _agrees(card: CardData) -> bool:
    """The number itself tells century, sex and year of birth: 0 and 1 are the 1900s, men even, women odd."""
    mark = int(card.number[3])
    sex: Sex = "female" if mark % 2 else "male"
    return sex == card.sex and 1900 + 100 * (mark // 2) + int(card.number[4:6]) == card.birth_date.year


def _health_card(fields: list[str]) -> HealthCardData | None:
    """number | name in hex | dd/mm/yyyy birth | 1 or 2 | address in hex or - | hospital | valid from | …"""
    if len(fields) < 8:
        return None
    number, name, born, sex, address, _hospital, valid_from = fields[:7]
    if not re.fullmatch(r"(?:[A-Z]{2}[1-5]\d{2})?\d{10}", number, re.ASCII):
        return None
    full_name = tidy(_from_hex(name))
    return HealthCardData(
        bhxh_number=clean_bhxh_number(number),
        full_name=_exactly(full_name, clean_name(full_name)),
        birth_date=_full_date(born),
        sex=None if sex in {"", "-"} else _sex_of(sex),
        address=_address("" if address in {"", "-"} else tidy(_from_hex(address))),
        valid_from=_full_date(valid_from, future=True),
    )


def _exactly(raw: str, cleaned: str) -> str:
    """A card's code needs no cleaning up: where that changed something, it is not a card's code."""
    if raw != cleaned:
        raise ValueError("not as printed")
    return cleaned


def _sex_of(mark: str) -> Sex:
    if mark not in {"1", "2"}:
        raise ValueError("neither man nor woman")
    return "male" if mark == "1" else "female"


def _address(text: str) -> str:
    if len(text) > MAX_ADDRESS:
        raise ValueError("longer than any address")
    return text


def _from_hex(text: str) -> str:
    return bytes.fromhex(text).decode("utf-8")


def _full_date(text: str, *, future: bool = False) -> date | None:
    """dd/mm/yyyy; None for `-` and for the bare year of people whose day of birth nobody knows."""
    if text in {"", "-"} or re.fullmatch(r"\d{4}", text, re.ASCII):
        return None
    return _date(text, "%d/%m/%Y", future=future)


def _date(text: str, layout: str, *, future: bool = False) -> date:
    if not re.fullmatch(r"\d{8}|\d\d/\d\d/\d{4}", text, re.ASCII):
        raise ValueError("not a date")
    # The card gives a day without a time: no zone is lost.
    day = datetime.strptime(text, layout).date()  # noqa: DTZ007
    if day < _EARLIEST_BIRTH or (day > timezone.localdate() and not future):
        raise ValueError("not in a life")
    return day
