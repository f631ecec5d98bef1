"""Drawn photos for the demo, each made once: a card takes longer than the rest of a declaration."""

import io
from functools import cache

from PIL import Image

from registration.demo_images import draw_id_card, draw_passport_page, draw_portrait, jpeg_bytes
from registration.demo_people import Person
from registration.enums import PaperKind, PhotoKind
from registration.images import NormalisedImage, normalise

PORTRAITS = 6
# So many dossiers show a card with the person's own name and number; the others share one of each kind.
OWN_CARDS = 6
_SPECIMEN_NAME = "Nguyễn Thị Mẫu"
_SPECIMEN_NUMBERS = {
    PaperKind.CCCD: "079190000000",
    PaperKind.CMND: "020000000",
    PaperKind.PASSPORT: "C0000000",
}


def demo_photos(person: Person, place: int) -> dict[PhotoKind, NormalisedImage]:
    """The photos of this person's declaration, ready to be stored."""
    kind = PaperKind(person.paper_kind)
    is_own = place < OWN_CARDS
    name = person.full_name if is_own else _SPECIMEN_NAME
    number = person.paper_number if is_own else _SPECIMEN_NUMBERS[kind]
    front = _front(kind, name, number)
    photos = {PhotoKind.PORTRAIT: _portrait(place % PORTRAITS), PhotoKind.ID_FRONT: front}
    if kind != PaperKind.PASSPORT:
        photos[PhotoKind.ID_BACK] = _back(kind)
    return photos


@cache
def _portrait(seed: int) -> NormalisedImage:
    return _stored(draw_portrait(seed), PhotoKind.PORTRAIT)


@cache
def _front(kind: PaperKind, name: str, number: str) -> NormalisedImage:
    if kind == PaperKind.PASSPORT:
        return _stored(draw_passport_page(name=name, number=number), PhotoKind.ID_FRONT)
    return _stored(draw_id_card("front", name=name, number=number, kind=kind), PhotoKind.ID_FRONT)


@cache
def _back(kind: PaperKind) -> NormalisedImage:
    picture = draw_id_card("back", name=_SPECIMEN_NAME, number=_SPECIMEN_NUMBERS[kind], kind=kind)
    return _stored(picture, PhotoKind.ID_BACK)


def _stored(picture: Image.Image, kind: PhotoKind) -> NormalisedImage:
    return normalise(io.BytesIO(jpeg_bytes(picture)), kind)
