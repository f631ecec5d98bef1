"""The rules of one office's place in the tree, shared by the admin form and the CSV import."""

import re
from collections.abc import Mapping

from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Level

# Agency codes: 3 digits for a province office, 5 for a district office. A district's code does not have to
# begin with its province's code: since the mergers of 2025 many keep the code of a province that is no more.
CODE = re.compile(r"[0-9]{3}(?:[0-9]{2})?", re.ASCII)
validate_code = RegexValidator(
    r"\A[0-9]{3}(?:[0-9]{2})?\Z", gettext_lazy("The code must be 3 digits (province) or 5 digits (district).")
)


def level_problem(code: str, level: str) -> str | None:
    """Why an office with this code cannot have this level, or None."""
    expected = Level.PROVINCE if len(code) == 3 else Level.DISTRICT
    if level == expected:
        return None
    return _("code %(code)s has %(digits)d digits, so its level must be “%(level)s”") % {
        "code": code,
        "digits": len(code),
        "level": expected.value,
    }


def parent_problem(level: str, parent_level: str | None) -> str | None:
    """Why an office of this level cannot stand under that parent (None: no parent), or None."""
    if level == Level.PROVINCE and parent_level is not None:
        return _("a province office has no office above it")
    if level == Level.DISTRICT and parent_level is None:
        return _("a district office needs the province office above it")
    if level == Level.DISTRICT and parent_level != Level.PROVINCE:
        return _("the office above a district office must be a province office")
    return None


def has_cycle(start: str, links: Mapping[str, str]) -> bool:
    """Whether following `links` (code → code, blank at the end) from `start` comes back to `start`."""
    seen: set[str] = set()
    step = links.get(start, "")
    while step and step not in seen:
        if step == start:
            return True
        seen.add(step)
        step = links.get(step, "")
    return False
