"""Sending the password of an approved declaration again."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.services import agencies_for
from notifications.enums import MessageKind
from notifications.models import Message
from notifications.services import cancel_credentials
from registration.enums import AccessKind, Status
from registration.models import AccessEvent, Declaration
from registration.services.errors import ResendRefused
from registration.services.texts import send_messages

if TYPE_CHECKING:
    from accounts.models import User

RESENDS_A_DAY = 3


def resend_credential(declaration_id: int, *, officer: "User", seen: int) -> None:
    """Queue a new one-time password in place of the last one, which ends when the new one is made.

    `seen` is the newest password message that the officer's page showed: a double click sends once. Raises
    ResendRefused (not approved or already in use, one is being handed over, RESENDS_A_DAY in 24 hours),
    Declaration.DoesNotExist.
    """
    with transaction.atomic():
        mine = Declaration.objects.select_for_update(of=("self",)).filter(agency__in=agencies_for(officer))
        declaration = mine.get(pk=declaration_id)
        if declaration.status != Status.APPROVED or declaration.account_id is None:
            raise ResendRefused(_("The password is only sent again while the approved account has not been used."))
        sent = list(_credentials(declaration).order_by("pk").values_list("pk", "created_at"))
        if sent and sent[-1][0] > seen:
            return
        since = timezone.now() - timedelta(days=1)
        if sum(created_at > since for _pk, created_at in sent[1:]) >= RESENDS_A_DAY:
            raise ResendRefused(_("The password has been sent again three times within a day. Try again tomorrow."))
        if cancel_credentials([declaration.account_id]):
            raise ResendRefused(_("The SMS is being handed over right now. Wait a minute and look again."))
        send_messages([declaration], MessageKind.CREDENTIAL)
        AccessEvent.objects.create(declaration=declaration, user=officer, kind=AccessKind.RESEND)


def _credentials(declaration: Declaration) -> QuerySet[Message]:
    return Message.objects.filter(related_key=declaration.message_key, kind=MessageKind.CREDENTIAL)
