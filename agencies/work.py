"""What waits at an office. Other apps keep the work, and tell here how much of it is open."""

from collections.abc import Callable, Collection, Mapping

Counter = Callable[[Collection[int]], Mapping[int, int]]
_counters: list[Counter] = []


def count_with(counter: Counter) -> None:
    """From now on `counter` is asked, too: for ids of agencies, how much open work each has."""
    if counter not in _counters:
        _counters.append(counter)


def open_work(agency_ids: Collection[int]) -> dict[int, int]:
    """How many open dossiers each of these agencies has; those without any are left out."""
    total: dict[int, int] = {}
    for counter in _counters:
        for agency_id, number in counter(agency_ids).items():
            total[agency_id] = total.get(agency_id, 0) + number
    return {agency_id: number for agency_id, number in total.items() if number}
