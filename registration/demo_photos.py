"""Drawn photos for the demo. Each person's card shows their own name and number; what they share is drawn once."""

import io
import random
from datetime import date
from functools import cache

from PIL import Image, ImageFilter

from registration.demo_images import cccd_qr_payload, draw_id_card, draw_passport_page, draw_portrait, jpeg_bytes
from registration.demo_people import Person
from registration.enums import PaperKind, PhotoKind
from registration.images import NormalisedImage, normalise

PORTRAITS = 6
# A card's back shows nothing that the desk compares.
_BACK_NAME, _BACK_NUMBER = "Nguyễn Thị Mẫu", "000000000000"


def demo_photos(
    person: Person, place: int, *, card_name: str = "", is_poor: bool = False
) -> dict[str, NormalisedImage]:
    """The photos of this person's declaration, ready to be stored.

    `card_name` puts another name on the card and in its QR code; `is_poor` makes a front that is dark and blurred.
    """
    kind = PaperKind(person.paper_kind)
    front = _draw_front(person, place, card_name or person.full_name)
    if is_poor:
        front = front.filter(ImageFilter.GaussianBlur(9)).point(lambda level: level // 4)
    photos = {PhotoKind.PORTRAIT: _portrait(place % PORTRAITS), PhotoKind.ID_FRONT: _stored(front, PhotoKind.ID_FRONT)}
    if kind != PaperKind.PASSPORT:
        photos[PhotoKind.ID_BACK] = _back(kind)
    return {str(each): photo for each, photo in photos.items()}


def _draw_front(person: Person, place: int, name: str) -> Image.Image:
    seed, kind = place % PORTRAITS, PaperKind(person.paper_kind)
    if kind == PaperKind.PASSPORT:
        return draw_passport_page(name=name, number=person.paper_number, seed=seed)
    qr = _qr_text(person, name) if kind == PaperKind.CCCD else None
    return draw_id_card("front", name=name, number=person.paper_number, kind=kind, seed=seed, qr=qr)


def _qr_text(person: Person, name: str) -> str:
    """What the chip card of this person says; sex and year of birth stand in its number."""
    dice, century = random.Random(person.paper_number), int(person.paper_number[3])  # noqa: S311 (a demo)
    year = 1900 + 100 * (century // 2) + int(person.paper_number[4:6])
    return cccd_qr_payload(
        number=person.paper_number,
        name=name,
        birth_date=date(year, dice.randrange(1, 13), dice.randrange(1, 29)),
        is_male=century % 2 == 0,
        address=person.address,
        issued_on=date(2021, dice.randrange(1, 13), dice.randrange(1, 29)),
    )


@cache
def _portrait(seed: int) -> NormalisedImage:
    return _stored(draw_portrait(seed), PhotoKind.PORTRAIT)


@cache
def _back(kind: PaperKind) -> NormalisedImage:
    return _stored(draw_id_card("back", name=_BACK_NAME, number=_BACK_NUMBER, kind=kind), PhotoKind.ID_BACK)


def _stored(picture: Image.Image, kind: PhotoKind) -> NormalisedImage:
    return normalise(io.BytesIO(jpeg_bytes(picture)), kind)
