"""Accounts at the staff desk: superusers keep the staff's; citizens' are looked at and, at most, closed."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.admin_locks import LockedAccountAdmin
from accounts.models import LockedAccount, User
from accounts.search import search_users
from common.admin import DeskModelAdmin

_PERSON = ("username", "full_name", "phone")
_RIGHTS = ("is_active", "is_staff", "groups", "must_change_password")


class StaffCreationForm(UserCreationForm):
    """Only staff accounts are made here; citizens' are made by the approval of their declaration."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "full_name", "phone")

    def save(self, commit: bool = True) -> User:
        self.instance.is_staff = True
        # Whoever types the password for another person knows it: that person replaces it at once.
        self.instance.must_change_password = True
        user: User = super().save(commit=commit)
        return user

    def _post_clean(self) -> None:
        self.instance.is_staff = True  # the model refuses a citizen's number as the name of staff
        super()._post_clean()


class AccountChangeForm(UserChangeForm):
    class Meta(UserChangeForm.Meta):
        model = User


class StaffPasswordForm(AdminPasswordChangeForm):
    """A password that somebody else typed is replaced at the next sign-in."""

    def save(self, commit: bool = True) -> User:
        self.user.must_change_password = True
        user: User = super().save(commit=commit)
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin, DeskModelAdmin):  # type: ignore[type-arg]
    form = AccountChangeForm
    add_form = StaffCreationForm
    change_password_form = StaffPasswordForm
    list_display = ("username", "full_name", "is_staff", "is_active", "must_change_password", "last_login")
    list_filter = ("is_staff", "is_active", "groups")
    # Opens the search; get_search_results decides what is found.
    search_fields = ("username",)
    search_help_text = _("User name, full name or phone")
    ordering = ("username",)
    filter_horizontal = ()
    list_per_page = 50
    show_full_result_count = False
    actions = None
    fieldsets = (
        (None, {"fields": (*_PERSON, "password")}),
        (_("Access"), {"fields": _RIGHTS}),
        (_("Times"), {"fields": ("created_at", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": (*_PERSON, "password1", "password2")}),)
    readonly_fields = ("created_at", "last_login")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        return search_users(queryset, search_term), False

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is not None and obj.is_citizen:
            times = ("must_change_password", "one_time_password_until", "created_at", "last_login")
            return ((None, {"fields": (*_PERSON, "is_active")}), (_("Times"), {"fields": times}))
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        if obj is not None and obj.is_citizen:
            # Name and phone are what an approved declaration says; the rest is the citizen's own doing.
            return (*_PERSON, "must_change_password", "one_time_password_until", "created_at", "last_login")
        return self.readonly_fields

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Staff only: nobody but the citizen may know a citizen's password."""
        user = self.get_object(request, id)
        if user is not None and user.is_citizen:
            raise PermissionDenied
        response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never: history names the account. One that is no longer needed is made inactive."""
        return False


admin.site.register(LockedAccount, LockedAccountAdmin)
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, DeskModelAdmin):
    """What each group of staff may do; `setup_roles` puts the two that the portal knows back in order."""

    actions = None
