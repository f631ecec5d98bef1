"""What happens to a declaration after Ghi nhận: one function a step, each locked, checked and recorded."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.services import open_citizen_account
from agencies.services import agencies_for
from notifications.enums import MessageKind
from notifications.services import cancel_credentials
from registration.enums import Status
from registration.models import Declaration, StatusChange
from registration.services.errors import AlreadyDecided, RegistrationError
from registration.services.texts import send_message

if TYPE_CHECKING:
    from accounts.models import User

MAX_REASON = 1000


def receive_declaration(declaration_id: int, *, officer: "User", revision: int) -> Declaration:
    """The signed paper has arrived: submitted → received. Raises AlreadyDecided, Declaration.DoesNotExist."""
    with transaction.atomic():
        declaration = _locked(declaration_id, officer, revision, (Status.SUBMITTED,))
        _move(declaration, Status.RECEIVED, officer)
    return declaration


def approve_declaration(declaration_id: int, *, officer: "User", revision: int) -> Declaration:
    """Approve: received → approved, the citizen's account made and its password message queued, all or nothing.

    The password itself is made later, by the worker that sends it. Raises AlreadyDecided, Declaration.DoesNotExist.
    """
    with transaction.atomic():
        declaration = _locked(declaration_id, officer, revision, (Status.RECEIVED,))
        declaration.account = open_citizen_account(
            bhxh_number=declaration.bhxh_number, full_name=declaration.full_name, phone=declaration.phone
        )
        if not cancel_credentials(declaration.account.pk):
            raise AlreadyDecided
        _move(declaration, Status.APPROVED, officer)
        send_message(declaration, MessageKind.CREDENTIAL)
    return declaration


def return_declaration(declaration_id: int, *, officer: "User", revision: int, reason: str) -> Declaration:
    """Send back for correction with a reason that the citizen reads: submitted or received → returned."""
    with transaction.atomic():
        declaration = _locked(declaration_id, officer, revision, (Status.SUBMITTED, Status.RECEIVED))
        # The citizen gets the full time again.
        declaration.expires_at = timezone.now() + timedelta(days=settings.PAPER_DAYS)
        _move(declaration, Status.RETURNED, officer, _needed(reason))
        send_message(declaration, MessageKind.RETURNED)
    return declaration


def reject_declaration(declaration_id: int, *, officer: "User", revision: int, reason: str) -> Declaration:
    """Refuse for good, with a reason: submitted, received or returned → rejected. The number is free again."""
    with transaction.atomic():
        allowed = (Status.SUBMITTED, Status.RECEIVED, Status.RETURNED)
        declaration = _locked(declaration_id, officer, revision, allowed)
        _move(declaration, Status.REJECTED, officer, _needed(reason))
        send_message(declaration, MessageKind.REJECTED)
    return declaration


def withdraw_declaration(declaration_id: int) -> Declaration:
    """The citizen takes it back before a decision: submitted or returned → withdrawn."""
    with transaction.atomic():
        declaration = Declaration.objects.select_for_update().get(pk=declaration_id)
        if declaration.status not in (Status.SUBMITTED, Status.RETURNED):
            raise AlreadyDecided(_("The declaration can no longer be withdrawn: it is already being decided."))
        _move(declaration, Status.WITHDRAWN, None)
    return declaration


def activate_declaration(account: "User") -> None:
    """The citizen has signed in and chosen a password: approved → active. Harmless when there is nothing to do."""
    with transaction.atomic():
        approved = Declaration.objects.select_for_update().filter(account=account, status=Status.APPROVED).first()
        if approved is not None:
            _move(approved, Status.ACTIVE, None)


def expire_declaration(declaration_id: int) -> None:
    """The paper never came: submitted or returned → expired."""
    with transaction.atomic():
        declaration = Declaration.objects.select_for_update().get(pk=declaration_id)
        if declaration.status in (Status.SUBMITTED, Status.RETURNED):
            _move(declaration, Status.EXPIRED, None)


def _locked(declaration_id: int, officer: "User", revision: int, allowed: Sequence[Status]) -> Declaration:
    """The row, locked, if it lies in the officer's scope and still is as the officer saw it."""
    declaration = (
        Declaration.objects.select_for_update(of=("self",))
        .filter(agency__in=agencies_for(officer))
        .get(pk=declaration_id)
    )
    if declaration.revision != revision or declaration.status not in allowed:
        raise AlreadyDecided
    return declaration


def _needed(reason: str) -> str:
    reason = re.sub(r"\r\n?", "\n", reason).strip()[:MAX_REASON]
    if not reason:
        raise RegistrationError(_("Write the reason: the citizen reads it and acts on it."))
    return reason


def _move(declaration: Declaration, status: Status, officer: "User | None", reason: str = "") -> None:
    StatusChange.objects.create(
        declaration=declaration,
        from_status=declaration.status,
        to_status=status,
        changed_by=officer,
        reason=reason,
        version=declaration.version,
    )
    declaration.status = status
    declaration.reason = reason
    declaration.revision += 1
    declaration.save(update_fields=["status", "reason", "revision", "account", "expires_at", "updated_at"])
