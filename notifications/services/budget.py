"""How many messages one phone gets within a day, over all kinds together.

A number that is typed into a form may be a stranger's. Every message is queued through here, so that no kind, button
or page goes round the budget. The window slides: midnight opens no second helping.

The kinds share one count and have ceilings of different height (`settings.RATE_LIMITS`, sms-*). What strangers can
set off most easily, the notices, stops first; codes go on; a code for a new password, which takes number and phone of
an account, goes on longer; an officer's decision longest. A notice of a changed phone is counted apart, against its
own kind alone: nobody silences it by other messages. Passwords are not counted: an officer's approval sends them, and
registration.services.resend limits the repetitions.

The rows are counted, not a counter beside them: the budget holds through a restart and while Redis is away. Requests
of the same moment do not see each other's rows and may go beyond it together by as many as they are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from limits import RateLimitItem, parse

from notifications.enums import HELD_BACK, MessageKind
from notifications.models import Message

CEILINGS = {
    MessageKind.RECEIVED: "sms-notice",
    MessageKind.REMINDER: "sms-notice",
    MessageKind.ACCESS_CODE: "sms-code",
    MessageKind.RESET_CODE: "sms-reset",
    MessageKind.RETURNED: "sms-decision",
    MessageKind.REJECTED: "sms-decision",
}
# Counted against their own kind alone.
APART = {MessageKind.PHONE_CHANGED: "sms-security"}
UNCOUNTED = (MessageKind.CREDENTIAL,)


def has_room(phone: str, kind: MessageKind) -> bool:
    """Whether a message of this kind to this phone (E.164) would be sent now."""
    return fitting([(phone, kind)]) == [True]


def has_messages(phone: str) -> bool:
    """Whether anything was ever sent to this phone (E.164), or is about to be."""
    return Message.objects.filter(phone=phone).exclude(last_error_code=HELD_BACK).exists()


def fitting(wanted: Sequence[tuple[str, MessageKind]]) -> list[bool]:
    """For each phone (E.164) and kind, whether its budget has room for it, the earlier ones of the list included."""
    counted = [(phone, kind) for phone, kind in wanted if kind not in UNCOUNTED]
    if not counted:
        return [True] * len(wanted)
    limits = {kind: _ceiling(kind) for _phone, kind in counted}
    sent = {limit: _sent(limit, {phone for phone, _kind in counted}) for limit in limits.values()}
    return [kind in UNCOUNTED or _take(sent, limits[kind], phone, kind) for phone, kind in wanted]


def _take(sent: dict[RateLimitItem, Counter[tuple[str, str]]], limit: RateLimitItem, phone: str, kind: str) -> bool:
    pool = _pool(kind)
    if sent[limit][phone, pool] >= limit.amount:
        return False
    for counts in sent.values():
        counts[phone, pool] += 1
    return True


def _pool(kind: str) -> str:
    return kind if kind in APART else ""


def _ceiling(kind: MessageKind) -> RateLimitItem:
    return parse(settings.RATE_LIMITS[APART.get(kind) or CEILINGS[kind]])


def _sent(limit: RateLimitItem, phones: Iterable[str]) -> Counter[tuple[str, str]]:
    """What was queued to each of these phones within the time of this limit, by phone and pool."""
    since = timezone.now() - timedelta(seconds=limit.get_expiry())
    recent = Message.objects.filter(phone__in=phones, created_at__gt=since).exclude(kind__in=UNCOUNTED)
    rows = recent.exclude(last_error_code=HELD_BACK).order_by().values_list("phone", "kind").annotate(Count("pk"))
    counts: Counter[tuple[str, str]] = Counter()
    for phone, kind, number in rows:
        counts[phone, _pool(kind)] += number
    return counts
