"""How often a password may be tried on one account: django-axes keeps the tries, this says what follows from them.

axes counts by address, browser and name, with one time for all of them. What it cannot say is in `SignInLock`:
every address together for one name, a lock that doubles, and the browsers that are known to the account apart.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from accounts.devices import known_device
from accounts.models import User
from accounts.services import attempted_name

if TYPE_CHECKING:
    Attempts = QuerySet[AccessAttempt]

# After the 10th wrong password, the 11th, and each one that follows.
LOCKS = (timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1))


@dataclass(frozen=True)
class Lock:
    """Wrong passwords of the last day, and until when they close an account."""

    failures: int
    until: datetime


class SignInLock(AxesDatabaseHandler):  # type: ignore[misc]
    """The tries on one name from everywhere, or from one browser that the account knows."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return lock_of(request, credentials) is not None

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        return _attempts(request, credentials).aggregate(failures=Sum("failures_since_start"))["failures"] or 0

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        if request is not None:
            request.axes_user_agent = _browser(request, credentials)  # type: ignore[attr-defined]
        super().user_login_failed(sender, credentials, request, **kwargs)

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        deleted: int = _attempts(request, credentials).delete()[0]
        return deleted


def lock_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> Lock | None:
    """Why this browser may not try the name that it tries; None when it may."""
    tries = _attempts(request, credentials).aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
    return _lock(tries["failures"] or 0, tries["last"])


def locked_names() -> dict[str, Lock]:
    """The names that are closed now, to new browsers or to one that they know; the longest lock of each."""
    tries = _today().values("username", "user_agent").order_by()
    over = tries.annotate(failures=Sum("failures_since_start"), last=Max("attempt_time")).filter(
        failures__gte=settings.AXES_FAILURE_LIMIT, last__gt=timezone.now() - LOCKS[-1]
    )
    found: dict[str, Lock] = {}
    for row in over:
        lock = _lock(row["failures"], row["last"])
        if lock and (row["username"] not in found or found[row["username"]].until < lock.until):
            found[row["username"]] = lock
    return found


def unlock_account(account: User) -> int:
    """Forget the wrong passwords tried on this account; how many there were."""
    attempts = AccessAttempt.objects.filter(username=account.username)
    failures: int = attempts.aggregate(failures=Sum("failures_since_start"))["failures"] or 0
    attempts.delete()
    return failures


def _lock(failures: int, last: datetime | None) -> Lock | None:
    over = failures - settings.AXES_FAILURE_LIMIT
    if last is None or over < 0:
        return None
    until = last + LOCKS[min(over, len(LOCKS) - 1)]
    return Lock(failures, until) if until > timezone.now() else None


def _today() -> "Attempts":
    attempts: Attempts = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - settings.AXES_COOLOFF_TIME)
    return attempts


def _attempts(request: HttpRequest, credentials: dict[str, Any] | None) -> "Attempts":
    """The wrong passwords that count for this browser."""
    return _today().filter(user_agent=_browser(request, credentials), username=attempted_name(request, credentials))


def _browser(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The name of a browser that the account knows; nothing for all the others together.

    It stands where axes keeps what a browser says of itself: that is anybody's to choose, and is not kept.
    """
    return known_device(request, attempted_name(request, credentials)) or ""
