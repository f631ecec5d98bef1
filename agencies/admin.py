"""The staff desk's view of the offices: staff keep the contacts of their own, superusers keep the tree."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, StaffMember
from agencies.services import agencies_for, open_dossiers_text, save_agency
from agencies.text import words
from agencies.work import open_work
from common.admin import DeskModelAdmin
from common.text import name_key

CONTACTS = ("address", "phone", "email", "opening_hours", "note")
PLACE = ("code", "name", "parent", "level", "basis", "valid_from", "valid_until", "successor")
# The same for who only reads: links to other offices would lead outside what is theirs.
READ_PLACE = ("code", "name", "above", "level", "basis", "valid_from", "valid_until", "followed_by")


class AgencyForm(ModelForm[Agency]):
    """An office that ends while dossiers are open there needs a successor."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        # Both fields are there for those who keep the tree only.
        if (
            self.instance.pk
            and "successor" in self.fields
            and cleaned.get("valid_until")
            and not cleaned.get("successor")
        ):
            waiting = open_work([self.instance.pk]).get(self.instance.pk, 0)
            if waiting and not self.has_error("successor"):
                self.add_error("successor", open_dossiers_text(waiting))
        return cleaned


@admin.register(Agency)
class AgencyAdmin(DeskModelAdmin):
    form = AgencyForm
    list_display = ("label", "level", "phone", "opening_hours", "valid_until")
    list_filter = ("level",)
    list_per_page = 100
    list_select_related = ("parent",)
    search_fields = ("search_key",)
    search_help_text = _("Code or name, with or without accents")
    ordering = ("path",)
    autocomplete_fields = ("parent", "successor")
    actions = None

    @admin.display(description=_("agency"), ordering="path")
    def label(self, agency: Agency) -> str:
        return agency.label

    @admin.display(description=_("office above"))
    def above(self, agency: Agency) -> str:
        return agency.parent.label if agency.parent else "–"

    @admin.display(description=_("successor"))
    def followed_by(self, agency: Agency) -> str:
        return agency.successor.label if agency.successor else "–"

    def get_fieldsets(self, request: HttpRequest, obj: Agency | None = None) -> Any:
        place = PLACE if request.user.is_superuser else READ_PLACE
        return (
            (_("Office"), {"fields": (*place, "path")}),
            (_("Contacts shown to citizens"), {"fields": CONTACTS}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agency]:
        return agencies_for(request.user).select_related("parent")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Agency], search_term: str
    ) -> tuple[QuerySet[Agency], bool]:
        for word in words(search_term):
            queryset = queryset.filter(search_key__contains=word)
        return queryset, False

    def get_readonly_fields(self, request: HttpRequest, obj: Agency | None = None) -> tuple[str, ...]:
        if not request.user.is_superuser:
            return (*READ_PLACE, "path")
        # Declarations keep the code they were made with: it never changes.
        return ("code", "path") if obj else ("path",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Agency | None = None) -> bool:
        return bool(request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: Agency, form: ModelForm[Agency], change: bool) -> None:
        save_agency(obj)


@admin.register(StaffMember)
class StaffMemberAdmin(DeskModelAdmin):
    """Who works where decides who sees what: superusers only."""

    list_display = ("user", "agency")
    list_select_related = ("user", "agency")
    # Opens the search; get_search_results decides what is found.
    search_fields = ("user__username",)
    raw_id_fields = ("user",)
    autocomplete_fields = ("agency",)
    actions = None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StaffMember], search_term: str
    ) -> tuple[QuerySet[StaffMember], bool]:
        """Every word in the user name, in the person's folded name, or in the office's code or name."""
        for word in name_key(search_term).split()[:10]:
            user = Q(user__username__contains=word) | Q(user__name_key__contains=word)
            queryset = queryset.filter(user | Q(agency__search_key__contains=word))
        return queryset, False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)
