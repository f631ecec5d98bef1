"""Passwords and codes that a machine made, as people type them or copy them out of an SMS."""

import re
import unicodedata

# Nothing longer is looked at: an SMS has 160 characters, and a password that a person chose has fewer than this.
MAX_TYPED = 1000

_DECORATION = re.compile(r"[^a-z0-9]+")
# "Mat khau: abc", "Ma dat lai mat khau: 123456", "Ma xac nhan: 123456"; not the number or the reference before it.
_LABEL = re.compile(r"\b(?:mat khau|ma (?!(?:ho )?so\b)[a-z ]{1,40}?)\s*:\s*(\S+)")
# What an SMS says behind a password or a code.
_TAIL = re.compile(r"(?<=\w)\s+-\s+[a-z]+ .*", re.DOTALL)
_NUMBER_LABEL = re.compile(r"\bma so\s*:\s*(.*?)\s*(?:\bmat khau\b|$)", re.DOTALL)


def clean_code(text: str) -> str:
    """The small letters and digits of a machine-made password or code in what was typed or pasted.

    Spaces, punctuation, quotes, invisible signs, capitals and full-width forms cannot belong to one and are ignored.
    Of a whole SMS only what follows the last "Mat khau:", "Ma xac nhan:" or the like is taken. Not for passwords
    that people choose: in those every sign counts. At most MAX_TYPED characters are looked at.
    """
    plain = plain_text(text)
    told = _LABEL.findall(plain)
    return _DECORATION.sub("", told[-1] if told else _TAIL.sub("", plain))


def clean_digits(text: str) -> str:
    """The same for a code that has digits only."""
    return re.sub(r"\D", "", clean_code(text))


def number_part(text: str) -> str:
    """What follows "Ma so:" when an SMS was pasted where its BHXH number belongs; otherwise the text itself."""
    text = text[:MAX_TYPED]
    told = _NUMBER_LABEL.search(plain_text(text))
    return told[1] if told else text


def plain_text(text: str) -> str:
    """Small ASCII letters, digits and signs: accents taken off, full-width forms made usual, the rest left out."""
    usual = unicodedata.normalize("NFKD", text[:MAX_TYPED]).translate({ord("đ"): "d", ord("Đ"): "d"})
    ascii_digits = (str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in usual)
    return "".join(ascii_digits).encode("ascii", "ignore").decode().lower()
