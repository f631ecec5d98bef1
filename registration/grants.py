"""Which dossiers a browser has open: kept in its session on the server, each until a time of its own.

A grant is made by Ghi nhận itself or by a code. The address of a dossier opens nothing without one.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest
from django.utils import timezone

from common.keyed import is_keyed_hash, keyed_hash
from registration.enums import OPENABLE_STATUSES, Status
from registration.models import Declaration, Draft, make_token

AFTER_CODE = timedelta(minutes=30)
REPEATED = timedelta(minutes=30)
# A clerk who registers a whole workshop has many open; the oldest is dropped.
MAX_OPEN = 50
_OPEN = "dossiers"
_ASKING = "code_asking"
_ASKED = "code_asked"
_SALT = "registration.grants"


class Access(Enum):
    """What a request may see of a dossier."""

    NONE = "none"
    # Where it stands, and nothing of the person: the grant is there, the dossier has ended.
    STATUS = "status"
    OPEN = "open"
    # Signed in to the account that the declaration opened.
    OWNER = "owner"


def access_to(request: HttpRequest, declaration: Declaration) -> Access:
    """What this browser may see of the dossier now."""
    if _is_owner(request, declaration):
        return Access.OWNER
    if not _holds(request.session, declaration):
        return Access.NONE
    return Access.OPEN if declaration.status in OPENABLE_STATUSES else Access.STATUS


def may_hold_any(request: HttpRequest) -> bool:
    """Whether there is a reason to look for the dossier of an address at all: a stranger has none."""
    return request.user.is_authenticated or bool(request.session.get(_OPEN))


def open_dossier(session: SessionBase, declaration: Declaration, until: datetime) -> None:
    """Let this browser see the dossier until then, or for longer where it was let before."""
    _renew_key(session)
    entries: dict[str, list[Any]] = dict(session.get(_OPEN, {}))
    key, ends = str(declaration.pk), until.timestamp()
    if _holds(session, declaration):
        ends = max(ends, entries[key][0])
    entries.pop(key, None)
    entries[key] = [ends, keyed_hash(_SALT, _stamped(declaration))]
    session[_OPEN] = dict(list(entries.items())[-MAX_OPEN:])


def open_after_submission(request: HttpRequest, draft: Draft) -> None:
    """Ghi nhận opens its dossier where it was pressed, for `settings.RECEIPT_HOURS` from then.

    A second press counts like the first, for as long as REPEATED. Later the same draft opens nothing, from a tab left
    open on a shared computer, say; nor does one whose declaration has been corrected elsewhere since.
    """
    draft.refresh_from_db()
    declaration, submitted_at = draft.declaration, draft.updated_at
    if declaration is None or timezone.now() - submitted_at > REPEATED:
        return
    if not declaration.drafts.filter(pk__gt=draft.pk).exists():
        open_dossier(request.session, declaration, submitted_at + timedelta(hours=settings.RECEIPT_HOURS))


def close_dossier(session: SessionBase, declaration: Declaration) -> None:
    """End the grant, and what goes with asking for a code. The others stay."""
    entries = dict(session.get(_OPEN, {}))
    entries.pop(str(declaration.pk), None)
    session[_OPEN] = entries
    session.pop(_ASKING, None)
    session.pop(_ASKED, None)


def held_before(session: SessionBase, declaration: Declaration) -> bool:
    """Whether this browser had the dossier open, and its time is over."""
    return str(declaration.pk) in session.get(_OPEN, {})


def asking_of(session: SessionBase) -> str:
    """The random name of this browser session, to which its codes are bound; made at the first asking."""
    if _ASKING not in session:
        session[_ASKING] = make_token()
    return str(session[_ASKING])


def note_asked(session: SessionBase, declaration_id: int) -> None:
    """This browser has shown that it may ask for a code of this dossier: the code page is about it for a while."""
    session[_ASKED] = [declaration_id, (timezone.now() + AFTER_CODE).timestamp()]


def asked_for(session: SessionBase) -> int | None:
    """The declaration that the code page is about, while that holds."""
    declaration_id, ends = session.get(_ASKED, (None, 0))
    return declaration_id if ends > timezone.now().timestamp() else None


def _is_owner(request: HttpRequest, declaration: Declaration) -> bool:
    user = request.user
    return (
        user.is_authenticated
        and declaration.account_id == user.pk
        and declaration.status in (Status.APPROVED, Status.ACTIVE)
        and not getattr(user, "must_change_password", True)
    )


def _holds(session: SessionBase, declaration: Declaration) -> bool:
    ends, stamp = session.get(_OPEN, {}).get(str(declaration.pk), (0, ""))
    return ends > timezone.now().timestamp() and is_keyed_hash(stamp, _SALT, _stamped(declaration))


def _stamped(declaration: Declaration) -> str:
    """What a grant is made under: with another phone on record it is void. Only its hash is kept."""
    return f"{declaration.pk}:{declaration.phone}"


def _renew_key(session: SessionBase) -> None:
    """A new session key: whoever has noted the old cookie on a shared computer gains nothing by the grant.

    Under the old key the session stays, with nothing open: the second press of a double click still finds there what
    it needs. A signed-in session moves as a whole.
    """
    if SESSION_KEY in session:
        session.cycle_key()
        return
    old_key = session.session_key
    session.create()
    if old_key:
        left = type(session)(old_key)
        if left.pop(_OPEN, None):
            with suppress(UpdateError):
                left.save()
