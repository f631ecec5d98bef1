"""What happens to a declaration after Ghi nhận: one function a step, each locked, checked and recorded.

An officer's step names the revision that the officer saw. Where several are taken at once, those that changed
meanwhile, or lie outside the officer's scope, are left alone.
"""

import re
from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import Citizen, close_unused_account, open_citizen_accounts
from agencies.services import agencies_for
from common.days import end_of_day_in
from notifications.enums import MessageKind
from notifications.services import cancel_credentials
from registration.enums import AWAITED_STATUSES, Status
from registration.models import Declaration, StatusChange
from registration.services.errors import AlreadyDecided, RegistrationError
from registration.services.places import awaits_paper, taking_place
from registration.services.texts import send_messages

MAX_REASON = 1000
MOVED_FIELDS = ("status", "reason", "revision", "account", "phone_slot", "expires_at", "updated_at")


def receive_declaration(declaration_id: int, *, officer: User, revision: int) -> Declaration:
    """The signed paper has arrived: submitted → received, or expired while it was awaited → received.

    Raises AlreadyDecided (TakenMeanwhile where an expired one's number is another declaration's by now),
    Declaration.DoesNotExist.
    """
    with transaction.atomic():
        declaration = _locked(declaration_id, officer, revision, (Status.SUBMITTED, Status.EXPIRED))
        if declaration.status == Status.EXPIRED:
            _receive_late(declaration, officer)
        else:
            _move([declaration], Status.RECEIVED, officer)
    return declaration


def receive_declarations(seen: Mapping[int, int], *, officer: User) -> list[Declaration]:
    """A bundle of signed papers has arrived, some perhaps late. `seen` has the revision of each; returns those that
    were recorded."""
    with transaction.atomic():
        declarations = _locked_all(seen, officer, (Status.SUBMITTED, Status.EXPIRED))
        in_time = [declaration for declaration in declarations if declaration.status == Status.SUBMITTED]
        late = [declaration for declaration in declarations if declaration.status == Status.EXPIRED]
        _move(in_time, Status.RECEIVED, officer)
        recorded = {each.pk for each in [*in_time, *(each for each in late if _could_receive_late(each, officer))]}
    return [declaration for declaration in declarations if declaration.pk in recorded]


def approve_declaration(declaration_id: int, *, officer: User, revision: int) -> Declaration:
    """Approve: received → approved, the citizen's account made and its password message queued, all or nothing.

    The password itself is made later, by the worker that sends it. Raises AlreadyDecided, Declaration.DoesNotExist.
    """
    with transaction.atomic():
        declaration = _locked(declaration_id, officer, revision, (Status.RECEIVED,))
        if not _approve([declaration], officer):
            raise AlreadyDecided
    return declaration


def approve_declarations(seen: Mapping[int, int], *, officer: User) -> list[Declaration]:
    """Approve several at once. `seen` has the revision of each; returns those that were approved."""
    with transaction.atomic():
        return _approve(_locked_all(seen, officer, (Status.RECEIVED,)), officer)


def return_declaration(declaration_id: int, *, officer: User, revision: int, reason: str) -> Declaration:
    """Send back for correction with a reason that the citizen reads: submitted, received or expired → returned.

    Raises AlreadyDecided (TakenMeanwhile where an expired one's number is another declaration's by now).
    """
    with transaction.atomic():
        allowed = (Status.SUBMITTED, Status.RECEIVED, Status.EXPIRED)
        declaration = _locked(declaration_id, officer, revision, allowed)
        with taking_place(declaration):
            _return(declaration, officer, reason)
    return declaration


def reopen_declaration(declaration_id: int, *, officer: User, revision: int, reason: str) -> Declaration:
    """Take an approval back for correction: approved → returned. With a wrong phone, say, no password ever arrives.

    Only while nobody has used the account, which is closed until the next approval.
    """
    with transaction.atomic():
        declaration = _locked(declaration_id, officer, revision, (Status.APPROVED,))
        if declaration.account is not None:
            _take_back(declaration.account)
        _return(declaration, officer, reason)
    return declaration


def reject_declaration(declaration_id: int, *, officer: User, revision: int, reason: str) -> Declaration:
    """Refuse for good, with a reason: submitted, received or returned → rejected. The number is free again."""
    with transaction.atomic():
        allowed = (Status.SUBMITTED, Status.RECEIVED, Status.RETURNED)
        declaration = _locked(declaration_id, officer, revision, allowed)
        _move([declaration], Status.REJECTED, officer, _needed(reason))
        send_messages([declaration], MessageKind.REJECTED)
    return declaration


def withdraw_declaration(declaration_id: int) -> Declaration:
    """The citizen takes it back before a decision: submitted or returned → withdrawn."""
    with transaction.atomic():
        declaration = Declaration.objects.select_for_update().get(pk=declaration_id)
        if declaration.status not in (Status.SUBMITTED, Status.RETURNED):
            raise AlreadyDecided(_("The declaration can no longer be withdrawn: it is already being decided."))
        _move([declaration], Status.WITHDRAWN, None)
    return declaration


def activate_declaration(account: User) -> None:
    """The citizen has signed in and chosen a password: approved → active. Harmless when there is nothing to do."""
    with transaction.atomic():
        approved = Declaration.objects.select_for_update().filter(account=account, status=Status.APPROVED).first()
        if approved is not None:
            _move([approved], Status.ACTIVE, None)


def expire_declaration(declaration_id: int) -> bool:
    """The paper never came: submitted or returned → expired, once the last day is over. Whether it was."""
    with transaction.atomic():
        declaration = Declaration.objects.select_for_update().get(pk=declaration_id)
        is_over = declaration.status in AWAITED_STATUSES and declaration.expires_at < timezone.now()
        if is_over:
            _move([declaration], Status.EXPIRED, None)
    return is_over


def _receive_late(declaration: Declaration, officer: User) -> None:
    """The paper of an expired declaration is there after all; the citizen is told that it goes on."""
    if not awaits_paper(declaration):
        raise AlreadyDecided(
            _("A correction was awaited here, not the paper. Return it, and the citizen can correct it.")
        )
    with taking_place(declaration):
        _move([declaration], Status.RECEIVED, officer)
        send_messages([declaration], MessageKind.RECEIVED)


def _could_receive_late(declaration: Declaration, officer: User) -> bool:
    try:
        _receive_late(declaration, officer)
    except AlreadyDecided:
        return False
    return True


def _return(declaration: Declaration, officer: User, reason: str) -> None:
    # The citizen gets the full time again.
    declaration.expires_at = end_of_day_in(settings.PAPER_DAYS)
    _move([declaration], Status.RETURNED, officer, _needed(reason))
    send_messages([declaration], MessageKind.RETURNED)


def _take_back(account: User) -> None:
    """Raises AlreadyDecided while a worker hands a password over, and once the citizen has chosen one."""
    if not account.must_change_password or cancel_credentials([account.pk]):
        raise AlreadyDecided
    close_unused_account(account)


def _approve(declarations: Sequence[Declaration], officer: User) -> list[Declaration]:
    """Those of these, locked and received, that no password is being handed over for right now."""
    numbers = [declaration.bhxh_number for declaration in declarations]
    known = dict(User.objects.filter(username__in=numbers).values_list("username", "pk"))
    busy = cancel_credentials(known.values())
    free = [declaration for declaration in declarations if known.get(declaration.bhxh_number) not in busy]
    accounts = open_citizen_accounts([Citizen(each.bhxh_number, each.full_name, each.phone) for each in free])
    for declaration in free:
        declaration.account = accounts[declaration.bhxh_number]
    _move(free, Status.APPROVED, officer)
    send_messages(free, MessageKind.CREDENTIAL)
    return free


def _locked(declaration_id: int, officer: User, revision: int, allowed: Sequence[Status]) -> Declaration:
    """The row, locked, if it lies in the officer's scope and still is as the officer saw it."""
    declaration = _in_scope(officer).get(pk=declaration_id)
    if declaration.revision != revision or declaration.status not in allowed:
        raise AlreadyDecided
    return declaration


def _locked_all(seen: Mapping[int, int], officer: User, allowed: Sequence[Status]) -> list[Declaration]:
    """The rows, locked in one order by everybody, that lie in scope and still are as the officer saw them."""
    rows = _in_scope(officer).filter(pk__in=seen).order_by("pk")
    return [row for row in rows if row.revision == seen[row.pk] and row.status in allowed]


def _in_scope(officer: User) -> QuerySet[Declaration]:
    return Declaration.objects.select_for_update(of=("self",)).filter(agency__in=agencies_for(officer))


def _needed(reason: str) -> str:
    reason = re.sub(r"\r\n?", "\n", reason).strip()[:MAX_REASON]
    if not reason:
        raise RegistrationError(_("Write the reason: the citizen reads it and acts on it."))
    return reason


def _move(declarations: Sequence[Declaration], status: Status, officer: User | None, reason: str = "") -> None:
    StatusChange.objects.bulk_create(
        StatusChange(
            declaration=declaration,
            from_status=declaration.status,
            to_status=status,
            changed_by=officer,
            reason=reason,
            version=declaration.version,
        )
        for declaration in declarations
    )
    for declaration in declarations:
        declaration.status = status
        declaration.reason = reason
        declaration.revision += 1
        declaration.updated_at = timezone.now()
    Declaration.objects.bulk_update(declarations, MOVED_FIELDS)
