"""Setting a new password with a code by SMS: the accounts' resets, and the messages that carry the codes."""

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import resets
from accounts.lockout import unlock_account
from accounts.models import PasswordReset
from accounts.services import choose_password
from common.sms_codes import VALID_FOR
from notifications.enums import MessageKind
from notifications.services import NewMessage, message_state, queue_messages
from notifications.services.queueing import PUBLISH_ERRORS
from registration.credentials import RESET_KEY
from registration.services.decisions import activate_declaration
from registration.services.draining import RESETS, drain
from registration.throttle import allow

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

logger = logging.getLogger(__name__)

# A task that has not run by then may be lost.
LOST_AFTER = timedelta(seconds=20)
# Beat comes again after 20 s.
RESET_SWEEP_SECONDS = 15.0


def request_reset(number: str, phone: str, *, asking: str, address: str) -> None:
    """Have a code sent to the phone (E.164), if it is that of the account with this BHXH number.

    Only the browser session `asking` may type it. The same work, and the same answer, whatever is wrong: number,
    phone, or that this client `address` or all together have asked often enough for today.
    """
    account = resets.find_account(number, phone)
    # Who knows only the number uses up tries of a counter that nothing depends on.
    counted = f"{number}:{bool(account)}"
    is_within = all([allow("reset-address", counted, address), allow("reset-number", counted)])
    is_due = not resets.asked_just_now(asking, account) and is_within
    with transaction.atomic():
        reset = resets.open_reset(account if is_due else None, asking)
        transaction.on_commit(partial(_publish, reset.pk))


def send_reset_code(reset_id: int) -> None:
    """Queue the SMS with the code, once; nothing where the number has no account."""
    reset = PasswordReset.objects.select_related("account").get(pk=reset_id)
    key = f"{RESET_KEY}{reset_id}"
    if reset.account is None or message_state(key) is not None:
        return
    text = render_to_string("registration/sms/reset_code.txt", {"hotline": settings.HOTLINE})
    message = NewMessage(
        kind=MessageKind.RESET_CODE,
        phone=reset.account.phone,
        body=" ".join(text.split()),
        account=reset.account,
        related_key=key,
        secret_expires_at=reset.expires_at,
    )
    queue_messages([message])


def lost_resets() -> "QuerySet[PasswordReset]":
    """Those whose code should be on its way by now, and for which no message is known to be."""
    now = timezone.now()
    return PasswordReset.objects.filter(
        account__isnull=False, code_hash="", used_at=None, created_at__range=(now - VALID_FOR, now - LOST_AFTER)
    )


def sweep_resets(seconds: float = RESET_SWEEP_SECONDS) -> int:
    """Queue the codes whose task the queue has lost; how many resets were looked at."""
    return drain(RESETS, lost_resets(), by="created_at", work=_send_lost_code, seconds=seconds).done


def _send_lost_code(reset_id: int) -> bool:
    send_reset_code(reset_id)
    return True


def reset_password(account: "User", reset_id: int, password: str) -> None:
    """The new password, with the code checked before. Raises resets.ResetOver when the reset was used meanwhile."""
    with transaction.atomic():
        resets.use_reset(reset_id)
        choose_password(account, password)
        unlock_account(account)
        activate_declaration(account)


def _publish(reset_id: int) -> None:
    try:
        current_app.send_task("registration.tasks.send_reset_code", args=[reset_id], ignore_result=True)
    except PUBLISH_ERRORS as problem:
        logger.warning("Reset %s stays for the sweep: %s", reset_id, type(problem).__name__)
