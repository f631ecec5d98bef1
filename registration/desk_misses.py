"""What the desk says when a typed or scanned reference opens nothing: mistyped, unknown, or another office's."""

import re

from django.utils.translation import gettext as _

from common.text import compact, tidy
from registration.models import Declaration
from registration.references import ALPHABET, LENGTH, MAX_SCAN, format_reference, possible_scans
from registration.throttle import allow

# Letters and digits in one piece or grouped as the paper has them: "7K3Q-9M2D-X", "7k3q 9m2d x", "7K3Q9M2DX".
_SHAPES = re.compile(r"[^\W_]{3,5}-[^\W_]{3,5}(?:-[^\W_]{1,2})?|[^\W_]{4}[ .][^\W_]{4}[ .][^\W_]|[^\W_]{9}")
# An old identity card has nine digits, a passport a letter and seven or eight: some of them could be a reference.
_OTHER_NUMBER = re.compile(r"[A-Z]?\d+", re.ASCII)
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def why_no_dossier(text: str, officer_id: int) -> str:
    """What is wrong with a reference by which the officer has found nothing; empty where it looks like none.

    Whether the dossier is another office's is told RATE_DESK_REFERENCE times to an officer, and nothing else of it.
    """
    if len(text) > MAX_SCAN:
        return ""
    references = {scan.reference for scan in possible_scans(text)}
    if not references:
        return _mistyped(text)
    if not allow("desk-reference", str(officer_id)):
        return _("Nothing here has this reference. You have looked up many that are not yours: wait an hour.")
    if Declaration.objects.filter(reference__in=references).exists():
        return _("This dossier belongs to another office. Send the applicant, or the paper, there.")
    if _is_other_number(text):
        return ""
    shown = " / ".join(format_reference(reference) for reference in sorted(references))
    return _("There is no dossier with the reference %(reference)s. Compare it with the paper sign by sign.") % {
        "reference": shown
    }


def _mistyped(text: str) -> str:
    signs = compact(text).translate(_READ_AS)
    if not _looks_like_one(tidy(text)):
        return ""
    if strange := [sign for sign in signs if sign not in ALPHABET]:
        return _("“%(sign)s” stands in no reference. Compare it with the paper sign by sign.") % {"sign": strange[0]}
    if len(signs) != LENGTH + 1:
        return _(
            "A reference has 9 letters and digits, this one %(number)d. Compare it with the paper sign by sign."
        ) % {"number": len(signs)}
    return _(
        "Mistyped: in %(reference)s the last sign does not fit the others. Compare it with the paper sign by sign."
    ) % {"reference": format_reference(signs)}


def _is_other_number(text: str) -> bool:
    return bool(_OTHER_NUMBER.fullmatch(tidy(text).upper()))


def _looks_like_one(text: str) -> bool:
    """Whether somebody meant a reference: letters and digits mixed, as it is grouped; no name, no other number."""
    is_mixed = any(map(str.isdigit, text)) and any(map(str.isalpha, text))
    return is_mixed and bool(_SHAPES.fullmatch(text)) and not _is_other_number(text)
