"""A notice by e-mail beside the SMS, to those who gave an address: the reference and the next step, nothing personal.

django-post_office keeps the notices as rows, sends them from beat's task and tries again.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from post_office import mail
from post_office.models import STATUS, Email
from post_office.utils import cleanup_expired_mails

from notifications.enums import MessageKind
from registration.enums import Status
from registration.models import Declaration
from registration.throttle import allow

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=90)
# A notice that could not be sent by then is no news any more.
USEFUL_FOR = timedelta(days=3)
WAITING = (STATUS.queued, STATUS.requeued)


def queue_emails(declarations: Sequence[Declaration], kind: MessageKind) -> None:
    """Store the notice of this kind about each that has an address. Called in the transaction that makes it true.

    One address gets a few a day (`RATE_EMAIL`): it may be a stranger's.
    """
    if settings.EMAIL_ENABLED:
        addressed = [each for each in declarations if _may_write_to(each.email)]
        mail.send_many([_notice(each, kind) for each in addressed])


def send_emails() -> None:
    """Send what waits. One run at a time on a machine; a notice may come twice where a worker dies, never get lost."""
    mail.send_queued_mail_until_done()


def count_emails() -> dict[str, int]:
    """How many notices wait, and how many of the last KEPT_FOR were given up."""
    return {
        "waiting": Email.objects.filter(status__in=WAITING).count(),
        "failed": Email.objects.filter(status=STATUS.failed).count(),
    }


def purge_emails() -> int:
    """Remove notices older than KEPT_FOR; how many."""
    removed: int = cleanup_expired_mails(timezone.now() - KEPT_FOR, delete_attachments=True)[0]
    return removed


def _may_write_to(address: str) -> bool:
    """Whether it is an address at all (a row may be older than today's form) and has not had enough for today."""
    try:
        validate_email(address)
    except ValidationError:
        return False
    return allow("email", address.casefold())


def _notice(declaration: Declaration, kind: MessageKind) -> dict[str, object]:
    with translation.override(declaration.language):
        subject, lead, steps = _words(declaration, kind)
        context = {
            "lead": lead,
            "steps": steps,
            "declaration": declaration,
            "hotline": settings.HOTLINE,
            "portal": settings.PORTAL_NAME,
        }
        text = render_to_string("registration/email.txt", context)
    return {
        "recipients": [declaration.email],
        "subject": f"{subject} – {declaration.reference_text}",
        # As a value, not as a template: an office's name may hold any sign.
        "message": "{{ text|safe }}",
        "context": {"text": text},
        "expires_at": timezone.now() + USEFUL_FOR,
    }


def _words(declaration: Declaration, kind: MessageKind) -> tuple[str, str, str]:
    """Subject, what has happened, what to do."""
    due = date_format(timezone.localtime(declaration.expires_at), "DATE_FORMAT")
    to_hand_in = _("Print the declaration, sign it and hand it in by %(date)s.") % {"date": due}
    to_correct = _("Look it up, read the reason, correct what is named and submit it again by %(date)s.") % {
        "date": due
    }
    if kind == MessageKind.REMINDER and declaration.status == Status.RETURNED:
        return _("Correction due soon"), _("Your declaration has not been corrected yet."), to_correct
    return {
        MessageKind.RECEIVED: (_("Declaration recorded"), _("Your declaration has been recorded."), to_hand_in),
        MessageKind.REMINDER: (
            _("Signed paper due soon"), _("The signed paper of your declaration has not arrived yet."), to_hand_in,
        ),
        MessageKind.RETURNED: (
            _("Please correct your declaration"), _("The office has looked at your declaration: something must be "
            "corrected."), to_correct,
        ),
        MessageKind.REJECTED: (
            _("Declaration not approved"), _("Your declaration has not been approved."),
            _("Look it up to read the reason, or call the hotline."),
        ),
        MessageKind.CREDENTIAL: (
            _("Account opened"), _("Your declaration has been approved and your account is open."),
            _("The password comes by SMS, never by e-mail. Sign in with your BHXH number and choose a password of "
            "your own."),
        ),
    }[kind]  # fmt: skip
