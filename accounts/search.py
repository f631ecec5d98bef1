"""Finding an account at the staff desk: by name, number, phone or user name."""

import re

from django.db.models import Q, QuerySet
from django.db.models.functions import Right
from django.db.models.lookups import Exact

from accounts.models import ENDING_LENGTH, User
from accounts.numbers import parse_bhxh_number
from common.text import compact, name_key, tidy

_ENDING = re.compile(r"\d{4,12}", re.ASCII)
_MAX_WORDS = 10


def search_users(queryset: QuerySet[User], text: str) -> QuerySet[User]:
    """Those of `queryset` with this BHXH number, phone, end of either, beginning of a user name, or words of a name.

    Names are found without accents, their words in any order and unfinished. A blank text finds all.
    """
    typed = tidy(text)[:100]
    if not typed:
        return queryset
    condition = Q(username__startswith=typed) | Q(is_staff=True, username__contains=typed.lower())
    if number := parse_bhxh_number(typed):
        condition |= Q(username=number)
    # +84912345678 and 0912345678 end alike.
    digits = re.sub(r"^(?:\+84|0084|84|0)(?=\d{9}$)", "", compact(typed), flags=re.ASCII)
    if _ENDING.fullmatch(digits):
        for name in ("username", "phone"):
            last = Q(Exact(Right(name, ENDING_LENGTH), digits[-ENDING_LENGTH:]))
            condition |= last & Q(**{f"{name}__endswith": digits})
    return queryset.filter(condition | _words(typed))


def _words(text: str) -> Q:
    """Every word of `text` in the folded name; nothing without words."""
    condition = Q()
    for word in name_key(text).split()[:_MAX_WORDS]:
        condition &= Q(name_key__contains=word)
    return condition or Q(pk__in=[])
