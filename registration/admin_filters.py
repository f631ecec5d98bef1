"""What the queue can be narrowed to. Statuses stand as tabs above the list too."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from registration.desk import TODO_STATUSES, declarations_for, declared_agencies, open_counts, without_sms
from registration.enums import Status

TODO, NO_SMS, ALL = "todo", "no-sms", "all"
# A declaration is never stored as a draft.
_STATUSES = [(status.value, status.label) for status in Status if status != Status.DRAFT]
_CHOICES = [(TODO, _("To do")), *_STATUSES, (NO_SMS, _("Password not sent")), (ALL, _("All statuses"))]
_TABS = (TODO, Status.RECEIVED, Status.SUBMITTED, Status.RETURNED, NO_SMS, ALL)


def shown_status(request: HttpRequest) -> str:
    """The status that the list shows: what is to do, unless asked otherwise; a search looks everywhere."""
    asked = request.GET.get("status", "")
    if asked in dict(_CHOICES):
        return asked
    return ALL if request.GET.get("q") else TODO


class StatusFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.shown = shown_status(request)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(_CHOICES)

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({"status": value}, ["p"])
            yield {"selected": value == self.shown, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.shown == ALL:
            return queryset
        if self.shown == NO_SMS:
            return without_sms(queryset)
        return queryset.filter(status__in=TODO_STATUSES if self.shown == TODO else (self.shown,))


class AgencyFilter(admin.SimpleListFilter):
    title = _("agency")
    parameter_name = "agency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The officer's agencies that have declarations; with one alone there is nothing to choose."""
        agencies = [(agency.code, agency.label) for agency in declared_agencies(request.user)]
        return agencies if len(agencies) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        code = self.value()
        if not code:
            return queryset
        return queryset.filter(agency__code=code) if code.isdecimal() else queryset.none()


def status_tabs(request: HttpRequest, changelist: Any) -> list[dict[str, Any]]:
    """The statuses that an officer works through, with how many stand in each."""
    counts = open_counts(request.user)
    counts[TODO] = sum(counts.get(status, 0) for status in TODO_STATUSES)
    counts[NO_SMS] = without_sms(declarations_for(request.user)).count()
    labels, shown = dict(_CHOICES), shown_status(request)
    return [
        {
            "label": labels[tab],
            "count": None if tab == ALL else counts.get(tab, 0),
            "url": changelist.get_query_string({"status": tab}, ["p", "q"]),
            "is_shown": tab == shown,
        }
        for tab in _TABS
        if tab != NO_SMS or counts[NO_SMS] or shown == NO_SMS
    ]
