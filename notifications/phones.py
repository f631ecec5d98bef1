"""Phone numbers: kept as E.164, shown and searched as people in Vietnam write them."""

import re

import phonenumbers
from django.db.models import Q

from common.text import compact

E164 = re.compile(r"\+[1-9]\d{7,14}")


def national_form(phone: str) -> str:
    """`+84912345678` as `0912 345 678`; a text that is no number comes back as it is."""
    try:
        number = phonenumbers.parse(phone, "VN")
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def national_digits(phone: str) -> str:
    """`+84912345678` as `0912345678`, the form that Vietnamese providers take."""
    if phone.startswith("+84"):  # as below, without a table of all the world's numbers
        return "0" + phone.removeprefix("+84")
    return re.sub(r"\D", "", national_form(phone))


def phone_matches(text: str) -> Q:
    """Finds the rows whose `phone` is the number typed, in any usual form, or contains the digits typed."""
    text = compact(text)
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException:
        number = None
    if number and phonenumbers.is_possible_number(number):
        return Q(phone=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    digits = re.sub(r"\D", "", text).lstrip("0")
    return Q(phone__contains=digits) if digits else Q(pk__in=[])
