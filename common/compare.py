"""Whether two names or two numbers are the same, a slip of the same one, or another one."""

from enum import StrEnum

from common.text import compact, fold, sounding_words


class Difference(StrEnum):
    """How what was typed differs from what a card says."""

    NONE = ""
    ACCENTS = "accents"  # the same letters, other accents: Hùng and Hưng
    SLIP = "slip"  # one letter or digit more, less or other, or two neighbours swapped
    OTHER = "other"  # somebody else's


def name_difference(one: str, other: str) -> Difference:
    """Blind to case, look-alikes and the place of the tone mark ("HOÀ", "Hòa"); not to accents."""
    if sounding_words(one) == sounding_words(other):
        return Difference.NONE
    bare, other_bare = _letters(one), _letters(other)
    if bare == other_bare:
        return Difference.ACCENTS
    return Difference.SLIP if is_slip(bare, other_bare) else Difference.OTHER


def number_difference(one: str, other: str) -> Difference:
    """Blind to spaces, dots, dashes and case."""
    one, other = compact(one), compact(other)
    if one == other:
        return Difference.NONE
    return Difference.SLIP if is_slip(one, other) else Difference.OTHER


def is_slip(one: str, other: str) -> bool:
    """Whether one sign more, less or other, or two neighbours swapped, is all that tells them apart."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True  # one of them goes on by at most one sign
    rest, other_rest = one[start:], other[start:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    )


def _letters(name: str) -> str:
    return "".join(sign for sign in fold(name) if sign.isalnum())
