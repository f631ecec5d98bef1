"""The citizen's own pages after signing in."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.views import ChoosePasswordView
from registration import services
from registration.grants import Access
from registration.models import Declaration
from registration.views.progress import progress


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The signed-in citizen's registration."""
    user = cast("User", request.user)
    if user.is_staff:
        return redirect("admin:index")
    declaration = Declaration.objects.select_related("agency").filter(account=user).order_by("-pk").first()
    context = progress(declaration, Access.OWNER) if declaration else {}
    return render(request, "registration/account.html", context)


class FirstPasswordView(ChoosePasswordView):
    """Choosing a password; a citizen's first choice shows that the account works: approved → active."""

    success_url = reverse_lazy("registration:account")

    def password_chosen(self, account: User) -> None:
        services.activate_declaration(account)
