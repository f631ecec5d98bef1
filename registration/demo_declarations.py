"""Believable declarations for the demo, made by the services as citizens and staff would make them.

Only two things are set afterwards, for nobody can wait thirty days: the times, and the messages, which count
as delivered because nothing must ever be sent to an invented number.
"""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from agencies.models import Agency
from common.days import day_of, end_of_day, end_of_day_in
from notifications.enums import MessageStatus
from notifications.models import Message
from registration import services
from registration.answers import Answers
from registration.demo_people import HOME, Person, make_person
from registration.demo_photos import demo_photos
from registration.enums import Status
from registration.models import Declaration, Draft, make_token
from registration.services.decisions import expire_declaration

if TYPE_CHECKING:
    from accounts.models import User

# The first declarations show each status once, all in the home agency; later ones are spread like this.
SHARES = {
    Status.SUBMITTED: 30, Status.RECEIVED: 18, Status.RETURNED: 10, Status.APPROVED: 14, Status.ACTIVE: 14,
    Status.REJECTED: 5, Status.WITHDRAWN: 4, Status.EXPIRED: 5,
}  # fmt: skip
DAYS = 30
_RETURN_REASONS = (
    "Ảnh mặt trước giấy tờ bị lóa, không đọc được số. Đề nghị ông/bà chụp lại ở nơi đủ sáng.",
    "Số giấy tờ ghi trên tờ khai khác với số trên ảnh. Đề nghị ông/bà kiểm tra và sửa lại.",
    "Họ tên chưa có dấu. Đề nghị ông/bà ghi đúng như trên giấy tờ.",
)
_REJECT_REASONS = (
    "Mã số BHXH không thuộc về người kê khai. Đề nghị ông/bà liên hệ cơ quan BHXH để tra cứu mã số của mình.",
    "Tờ khai bằng giấy không có chữ ký của người kê khai.",
)


@dataclass(frozen=True)
class Cast:
    """Who works on the demo's declarations, and the hash of the password of citizens with an account."""

    district: "User"
    province: "User"
    password_hash: str


def make_demo_declarations(number: int, *, seed: int, cast: Cast) -> int:
    """Make the first `number` declarations of this seed, but none twice. Returns how many are new."""
    agencies = {agency.code: agency for agency in Agency.objects.current()}
    made = 0
    for place in range(number):
        person = make_person(seed, place, is_at_home=place < len(SHARES))
        is_there = Declaration.objects.filter(bhxh_number=person.bhxh_number).exists()
        if not is_there and (agency := agencies.get(person.agency_code)):
            _live(person, agency, cast, seed, place)
            made += 1
    return made


@transaction.atomic
def _live(person: Person, agency: Agency, cast: Cast, seed: int, place: int) -> None:
    """The whole life of one declaration. Its messages are settled before the queue can hear of them."""
    dice = random.Random(f"{seed}-{place}-life")  # noqa: S311 (a demo, not a secret)
    statuses = list(SHARES)
    status = statuses[place] if place < len(statuses) else dice.choices(statuses, list(SHARES.values()))[0]
    officer = cast.district if person.agency_code == HOME else cast.province
    declaration = _submit(services.open_draft(make_token()), person, agency, place)
    if place % 9 == 4:
        _return(declaration, officer, dice)
        declaration = _submit(services.begin_correction(declaration), person, agency, place)
    _STEPS[status](declaration, officer, dice)
    declaration.refresh_from_db()
    if status == Status.ACTIVE:
        accounts = get_user_model().objects.filter(declarations=declaration)
        accounts.update(password=cast.password_hash, must_change_password=False)
    _spread(declaration, dice)
    _settle_messages(declaration, is_lost=status == Status.APPROVED and place % 12 == 0)


def _submit(draft: Draft, person: Person, agency: Agency, place: int) -> Declaration:
    for kind, image in demo_photos(person, place).items():
        services.store_photo(draft, kind, image)
    answers = {name: value for name, value in asdict(person).items() if name != "agency_code"}
    return services.submit_declaration(draft, Answers(**answers, agency=agency))


def _receive(declaration: Declaration, officer: "User", dice: random.Random) -> Declaration:
    return services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)


def _approve(declaration: Declaration, officer: "User", dice: random.Random) -> Declaration:
    received = _receive(declaration, officer, dice)
    return services.approve_declaration(received.pk, officer=officer, revision=received.revision)


def _activate(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    approved = _approve(declaration, officer, dice)
    if approved.account is not None:
        services.activate_declaration(approved.account)


def _return(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    reason = dice.choice(_RETURN_REASONS)
    services.return_declaration(declaration.pk, officer=officer, revision=declaration.revision, reason=reason)


def _reject(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    received = _receive(declaration, officer, dice)
    reason = dice.choice(_REJECT_REASONS)
    services.reject_declaration(received.pk, officer=officer, revision=received.revision, reason=reason)


def _expire(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    Declaration.objects.filter(pk=declaration.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_declaration(declaration.pk)


_STEPS: dict[Status, Callable[[Declaration, "User", random.Random], object]] = {
    Status.SUBMITTED: lambda declaration, officer, dice: None,
    Status.RECEIVED: _receive,
    Status.RETURNED: _return,
    Status.APPROVED: _approve,
    Status.ACTIVE: _activate,
    Status.REJECTED: _reject,
    Status.WITHDRAWN: lambda declaration, officer, dice: services.withdraw_declaration(declaration.pk),
    Status.EXPIRED: _expire,
}


def _spread(declaration: Declaration, dice: random.Random) -> None:
    """Give the steps times in office hours of the last `DAYS` days, and set what follows from them."""
    changes = list(declaration.changes.all())
    moments = _moments(len(changes), dice)
    if declaration.status == Status.EXPIRED:
        moments = _moments_of_expiry(moments)
    for change, moment in zip(changes, moments, strict=True):
        declaration.changes.filter(pk=change.pk).update(changed_at=moment)
    submitted = max(at for at, change in zip(moments, changes, strict=True) if change.to_status == Status.SUBMITTED)
    told = moments[-1] if declaration.status == Status.RETURNED else submitted
    declaration.attachments.update(created_at=submitted)
    Declaration.objects.filter(pk=declaration.pk).update(
        created_at=moments[0],
        submitted_at=submitted,
        consented_at=submitted,
        expires_at=end_of_day_in(settings.PAPER_DAYS, now=told),
        updated_at=moments[-1],
    )


def _moments_of_expiry(moments: list[datetime]) -> list[datetime]:
    """The last step comes just after the end of the last day, and not in the future; the others before that time."""
    last_day = day_of(moments[-1]) - timedelta(days=1)
    submitted = timezone.localtime(end_of_day(last_day - timedelta(days=settings.PAPER_DAYS))).replace(
        hour=16, minute=5
    )
    earlier = [submitted - timedelta(hours=3 * at) for at in range(len(moments) - 1)]
    return [*reversed(earlier), end_of_day(last_day) + timedelta(minutes=3)]


def _moments(number: int, dice: random.Random) -> list[datetime]:
    now = timezone.localtime()
    moments = []
    for _ in range(number):
        day = now - timedelta(days=dice.randrange(1, DAYS))
        moments.append(day.replace(hour=dice.randrange(8, 17), minute=dice.randrange(60), second=dice.randrange(60)))
    return sorted(moments)


def _settle_messages(declaration: Declaration, *, is_lost: bool) -> None:
    """Delivered soon after the step that they tell of; a lost one shows what needs a person."""
    steps = dict(declaration.changes.values_list("to_status", "changed_at"))
    for message in Message.objects.filter(related_key=declaration.message_key):
        at = steps.get("approved" if message.kind == "credential" else message.kind, declaration.created_at)
        Message.objects.filter(pk=message.pk).update(
            status=MessageStatus.DEAD if is_lost else MessageStatus.DELIVERED,
            last_error_code="108" if is_lost else "",
            attempts=1,
            created_at=at,
            sent_at=None if is_lost else at + timedelta(seconds=4),
            finished_at=at + timedelta(seconds=30),
            next_attempt_at=None,
            published_at=None,
        )
