"""How an office's telephone numbers are shown."""

import re

from django import template

register = template.Library()


@register.filter
def numbers(text: str) -> list[str]:
    """The numbers in the field: staff may keep several, split by commas, semicolons or slashes."""
    return [number.strip() for number in re.split(r"[,;/]", text) if number.strip()]


@register.filter
def dialled(number: str) -> str:
    """What a phone dials: digits and a leading plus."""
    return re.sub(r"(?!^\+)\D", "", number.strip())
