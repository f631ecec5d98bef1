"""What the pages of one dossier show: its state, what is to be done next, and what may be done here.

Receipt, tracking and account get it from here, and draw it with `_state.html` and `_steps.html`.
"""

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import Http404
from django.utils.translation import gettext as _

from notifications.services import message_state
from registration.enums import CITIZEN_LABELS, OPENABLE_STATUSES, SHOWN_STATUSES, Status
from registration.grants import Access
from registration.models import Declaration, StatusChange
from registration.validators import national_phone

# Names the declaration in a page's forms. What they may do is asked of the browser's session, but for asking for a
# code: that takes a key that is not older than this, from a page that was shown for reference and phone.
_signer = TimestampSigner(salt="registration.tracked")
KEY_SECONDS = 1800


def sign_key(declaration_id: int) -> str:
    """The declaration as a page's forms name it."""
    return _signer.sign(str(declaration_id))


def read_key(key: str, *, max_age: int | None = None) -> int:
    """The declaration's id. Raises Http404 for what this portal has not signed, SignatureExpired after `max_age` s."""
    try:
        return int(_signer.unsign(key, max_age=max_age))
    except SignatureExpired:
        raise
    except (BadSignature, ValueError) as error:
        raise Http404 from error


def progress(declaration: Declaration, access: Access) -> dict[str, object]:
    """The declaration's state for whoever has this access. Nothing of the person is in it without."""
    status = declaration.status
    is_open = access in (Access.OPEN, Access.OWNER)
    shows_photos = access == Access.OWNER or (is_open and status in SHOWN_STATUSES)
    return {
        "declaration": declaration,
        "label": CITIZEN_LABELS[status],
        "is_open": is_open,
        "is_owner": access == Access.OWNER,
        "reason": declaration.reason if is_open else "",
        "steps": _steps(declaration, with_reasons=is_open),
        "credential": message_state(declaration.message_key, kind="credential"),
        "can_ask": not is_open and status in OPENABLE_STATUSES,
        "can_correct": is_open and status == Status.RETURNED,
        "can_withdraw": is_open and status in (Status.SUBMITTED, Status.RETURNED),
        "shows_photos": shows_photos,
        "shows_document": shows_photos and status != Status.RETURNED,
        "national_phone": national_phone(declaration.phone),
        "masked_phone": mask_phone(declaration.phone),
        "key": sign_key(declaration.pk),
    }


def mask_phone(phone: str) -> str:
    """The end of a number, by which its owner knows it."""
    return f"•••• ••• {phone[-3:]}"


def _steps(declaration: Declaration, *, with_reasons: bool) -> list[dict[str, object]]:
    """What happened when. The last step's reason is the state's own, and not said twice."""
    changes = list(declaration.changes.all())
    return [
        {
            "label": _step_label(change),
            "at": change.changed_at,
            "reason": change.reason if with_reasons and change is not changes[-1] else "",
        }
        for change in changes
    ]


def _step_label(change: StatusChange) -> object:
    if change.to_status != Status.SUBMITTED:
        return CITIZEN_LABELS[change.to_status]
    return _("Submitted again, corrected") if change.version > 1 else _("Submitted")
