"""What was promised, checked in the end: nothing lost, nothing doubled, nothing leaked."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.torture.desk import Officer
from tests.torture.faults import Faults
from tests.torture.provider import REFUSED, TOO_LATE, Provider
from tests.torture.watch import Watch

# Of a thousand messages and of a hundred alike; the provider leaves out 15%.
MOST = 0.6
# After the database is back, until the last request that had waited for it is answered.
GRACE_SECONDS = 15


def check_messages(count: int, provider: Provider) -> list[str]:
    """Every message ended as the provider says; the passwords that were sent, one an account."""
    from notifications.models import Message

    statuses = dict(Message.objects.filter(kind="credential").values_list("request_id", "status"))
    assert len(statuses) == count, f"{len(statuses)} messages for {count} approvals"
    assert not Message.objects.exclude(secret_encrypted="").exists(), "a secret remains"
    assert set(provider.accepted) == set(statuses), "the provider knows other messages than we"
    reported = provider.reporter.reported
    expected = {each: "delivered" if each in reported else "accepted" for each in statuses}
    wrong = Counter((expected[each], status) for each, status in statuses.items() if status != expected[each])
    assert not wrong, f"the provider says one thing and we another (expected, found): {wrong}"
    assert Counter(statuses.values())["delivered"] > MOST * count, "few messages were reported delivered"
    return check_calls(count, provider)


def check_calls(count: int, provider: Provider) -> list[str]:
    """What the provider saw: one request id a phone, one text a request id, and the account opens with it."""
    from accounts.models import User

    ids = {(call.phone, call.request_id) for call in provider.calls}
    assert len(ids) == len(dict(ids)) == count, "a message under two request ids"
    doubled = [request_id for request_id, texts in provider.texts().items() if len(set(texts)) > 1]
    assert not doubled, f"{len(doubled)} messages came with two texts"
    seen = {call.credential for call in provider.calls}
    last = dict(call.credential for call in provider.calls)
    assert len(seen) == len(last) == count, "an account was sent two passwords"
    assert len(set(last.values())) == count, "two accounts were sent the same password"
    accounts = {account.username: account for account in User.objects.filter(username__in=last)}
    wrong = [number for number, password in last.items() if not accounts[number].check_password(password)]
    assert not wrong, f"{len(wrong)} accounts do not open with the password that was sent last"
    return list(last.values())


def receipts(provider: Provider) -> dict[str, int]:
    """The receipts that were written down, counted: each report once, and that it came twice."""
    from notifications.models import Attempt, ProviderReceipt

    answered: dict[int, datetime] = {}
    for message_id, at in Attempt.objects.filter(outcome="accepted").values_list("message_id", "finished_at"):
        answered[message_id] = min(at, answered.get(message_id, at))
    rows = list(ProviderReceipt.objects.values_list("message_id", "times", "received_at"))
    counts = {
        "rows": len(rows),
        "sent twice": sum(times >= 2 for _, times, _ in rows),
        "before our acceptance was recorded": sum(
            message_id not in answered or at < answered[message_id] for message_id, _, at in rows
        ),
    }
    assert not provider.reporter.faults, f"receipts: {Counter(provider.reporter.faults)}"
    assert len(rows) == len(provider.reporter.reported), "not every receipt was written down once"
    assert all(message_id for message_id, _, _ in rows), "a receipt of ours was taken for a stranger's"
    assert counts["sent twice"], f"receipts: {counts}"
    return counts


def tries() -> dict[str, int]:
    """The tries that were written down, and how many of them came back after a later one had begun."""
    from notifications.models import Attempt

    by_message: dict[int, list[tuple[int, datetime, datetime]]] = {}
    for message_id, *times in Attempt.objects.values_list("message_id", "number", "started_at", "finished_at"):
        by_message.setdefault(message_id, []).append(tuple(times))
    late = sum(
        any(number < other and finished > begun for other, begun, _ in all_tries)
        for all_tries in by_message.values()
        for number, _, finished in all_tries
    )
    return {"written down": sum(map(len, by_message.values())), "too late to count": late}


def check_late_calls(provider: Provider) -> None:
    """A call outlasted its lease, was refused for good then, and that was written down and did not count.

    What its message has become says check_messages. The later try need not have been written down: it may have been
    cut off there.
    """
    from notifications.models import Attempt

    assert provider.did[TOO_LATE], "no call outlasted its lease"
    assert Attempt.objects.filter(code=f"esms-{REFUSED}").exists(), "what came too late was not written down"


def check_faults(faults: Faults, officer: Officer, watch: Watch) -> None:
    """Each was done, and the officer was refused only while the database was away."""
    assert faults.is_complete, f"not every fault was done: {faults.counts}"
    without_reason = [at for at in officer.refused if not _is_within(at, faults.away)]
    assert not without_reason, f"{len(without_reason)} requests of the officer failed with the database there"
    assert all(watch.counts.values()), f"nothing was under way when we looked: {watch.counts}"
    assert watch.reports(), "no error was reported: the search for passwords in reports means nothing"


def _is_within(at: float, spans: Iterable[tuple[float, float]]) -> bool:
    return any(began <= at <= ended + GRACE_SECONDS for began, ended in spans)


def check_search(watch: Watch, passwords: list[str]) -> dict[str, Any]:
    """Every mark is found on its road, and no password on any."""
    marks = watch.marks()
    found = watch.evidence.find([*passwords, *(mark for mark, _ in marks)])
    missed = [road for mark, road in marks if mark not in found.get(road, ())]
    assert not missed, f"the search cannot find what was left there for it: {missed}"
    sent = set(passwords)
    leaks = {road: len(needles & sent) for road, needles in found.items() if needles & sent}
    assert not leaks, "\n  ".join([f"passwords stand in: {leaks}", *watch.places(sent)[:20]])
    return {
        "marks": len(marks),
        "megabytes": {road: round(size / 1e6, 1) for road, size in watch.evidence.size.items()},
    }
