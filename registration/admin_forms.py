"""What an officer may decide on a dossier, and the form in which it arrives."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from registration import services
from registration.enums import Status
from registration.models import Declaration
from registration.services.decisions import MAX_REASON

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Decision:
    """One button of the dossier. Whether it may be pressed is checked again by the service that it calls."""

    name: str
    label: str | Promise
    done: str | Promise  # may name %(reference)s
    service: Callable[..., Declaration]
    from_statuses: tuple[Status, ...]
    to_status: Status
    needs_reason: bool = False
    # Asked before a step that nobody can take back; names %(reference)s.
    question: str | Promise = ""

    @property
    def permission(self) -> str:
        return f"registration.{self.name}_declaration"

    def is_open(self, declaration: Declaration, officer: "User") -> bool:
        """Whether the present status and the officer's permissions allow it."""
        if declaration.status not in self.from_statuses or not officer.has_perm(self.permission):
            return False
        return declaration.status != Status.EXPIRED or self._is_open_when_expired(declaration)

    def _is_open_when_expired(self, declaration: Declaration) -> bool:
        is_awaited = self.to_status != Status.RECEIVED or services.awaits_paper(declaration)
        return is_awaited and services.can_be_taken_up(declaration)

    def apply(self, declaration_id: int, *, officer: "User", revision: int, reason: str) -> Declaration:
        """Call the service. Raises AlreadyDecided, Declaration.DoesNotExist."""
        with_reason = {"reason": reason} if self.needs_reason else {}
        return self.service(declaration_id, officer=officer, revision=revision, **with_reason)


DECISIONS = {
    decision.name: decision
    for decision in (
        Decision(
            "receive",
            _("Record the paper as received"),
            _("%(reference)s: the signed paper has been recorded as received."),
            services.receive_declaration,
            (Status.SUBMITTED, Status.EXPIRED),
            Status.RECEIVED,
        ),
        Decision(
            "approve",
            _("Approve"),
            _("%(reference)s has been approved. Account and password are being sent to the citizen by SMS."),
            services.approve_declaration,
            (Status.RECEIVED,),
            Status.APPROVED,
        ),
        Decision(
            "return",
            _("Return"),
            _("%(reference)s has been returned. The citizen gets an SMS and reads the reason on the portal."),
            services.return_declaration,
            (Status.SUBMITTED, Status.RECEIVED, Status.EXPIRED),
            Status.RETURNED,
            needs_reason=True,
        ),
        Decision(
            "reject",
            _("Reject"),
            _("%(reference)s has been rejected. The citizen gets an SMS and reads the reason on the portal."),
            services.reject_declaration,
            (Status.SUBMITTED, Status.RECEIVED, Status.RETURNED),
            Status.REJECTED,
            needs_reason=True,
            question=_("Reject %(reference)s for good? The citizen gets an SMS; this cannot be undone."),
        ),
        Decision(
            "reopen",
            _("Reopen for correction"),
            _("%(reference)s is open again: the account is closed until the next approval."),
            services.reopen_declaration,
            (Status.APPROVED,),
            Status.RETURNED,
            needs_reason=True,
        ),
    )
}


def open_decisions(declaration: Declaration, officer: "User") -> list[Decision]:
    """The decisions that this officer can take now, in the order of the buttons."""
    return [decision for decision in DECISIONS.values() if decision.is_open(declaration, officer)]


class DecisionForm(forms.Form):
    """Reason and the revision that the officer saw; a revision that makes no sense counts as an old one."""

    revision = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        help_text=_("Required when returning or rejecting. The citizen reads it."),
        widget=forms.Textarea(attrs={"maxlength": MAX_REASON}),
    )

    def __init__(self, *args: Any, decision: Decision | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decision = decision

    def clean_revision(self) -> int:
        typed: str = self.cleaned_data["revision"]
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0

    def clean_reason(self) -> str:
        # Browsers send a line's end as two characters and count it as one.
        reason = re.sub(r"\r\n?", "\n", self.cleaned_data["reason"]).strip()
        if self.decision and self.decision.needs_reason and not reason:
            text = _("Write the reason: the citizen reads it and acts on it.")
            raise ValidationError(text, code="required")
        if self.decision and not self.decision.needs_reason and reason:
            text = _("A reason goes with “Return” or “Reject” only. Press one of these, or clear the reason first.")
            raise ValidationError(text, code="unexpected")
        if len(reason) > MAX_REASON:
            text = _("The reason is too long: at most %(limit)d characters.")
            raise ValidationError(text, params={"limit": MAX_REASON}, code="long")
        return reason
