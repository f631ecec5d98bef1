"""Who cannot sign in because a password was tried too often, and the button that lets them."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.lockout import locked_names, unlock_account
from accounts.models import LockedAccount, User
from common.admin import DeskModelAdmin

PERMISSION = "accounts.unlock_account"
LIST = "admin:accounts_lockedaccount_changelist"


class LockedAccountAdmin(DeskModelAdmin):
    """Superusers, and those who have been given this one right: they see staff only, citizens have their SMS."""

    list_display = ("username", "full_name", "locked_until", "failures", "unlock")
    list_display_links = None
    list_per_page = 50
    show_full_result_count = False
    sortable_by = ()
    actions = None
    ordering = ("username",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LockedAccount]:
        accounts: QuerySet[LockedAccount] = super().get_queryset(request).filter(username__in=locked_names())
        return accounts if request.user.is_superuser else accounts.filter(is_staff=True, is_superuser=False)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The rows of this page, each with its lock; one that has just ended is left out."""
        changelist = super().get_changelist_instance(request)
        locks = locked_names()
        changelist.result_list = [each for each in changelist.result_list if each.username in locks]
        for account in changelist.result_list:
            account.lock = locks[account.username]
        return changelist

    @admin.display(description=_("locked until"))
    def locked_until(self, account: LockedAccount) -> str:
        return time_format(timezone.localtime(account.lock.until), "H:i")

    @admin.display(description=_("wrong passwords"))
    def failures(self, account: LockedAccount) -> int:
        return account.lock.failures

    @admin.display(description="")
    def unlock(self, account: LockedAccount) -> SafeString:
        """A button of the list's own form, which carries the token against forged requests."""
        address = reverse("admin:accounts_lockedaccount_unlock", args=[account.pk])
        button = '<button type="submit" class="desk-button" formmethod="post" formaction="{}">{}</button>'
        return format_html(button, address, gettext("Unlock"))

    def unlock_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Unlock the account, and write down who did it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        account = get_object_or_404(self.get_queryset(request), pk=pk)
        failures = unlock_account(account)
        note = gettext("Unlocked after %(count)d wrong passwords.") % {"count": failures}
        self.log_change(request, User.objects.get(pk=pk), note)
        messages.success(request, gettext("%(name)s can sign in again.") % {"name": account.username})
        return redirect(LIST)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.unlock_view))
        return [path("<int:pk>/unlock/", view, name="accounts_lockedaccount_unlock"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Locked accounts")})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSION))

    def has_view_permission(self, request: HttpRequest, obj: LockedAccount | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LockedAccount | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LockedAccount | None = None) -> bool:
        return False
