"""Signing in, signing out, choosing a password."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse, reverse_lazy
from django.views.generic import FormView

from accounts.forms import ChoosePasswordForm, LoginForm
from accounts.models import User
from accounts.services import choose_password


class LoginView(DjangoLoginView):
    """The citizens' sign-in; a member of staff who ends up here is taken to the desk."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        user = self.request.user
        if user.is_authenticated and user.must_change_password:
            return str(settings.CHOOSE_PASSWORD_URL)
        if user.is_authenticated and user.is_staff:
            return reverse("admin:index")
        return super().get_default_redirect_url()

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class ChoosePasswordView(LoginRequiredMixin, FormView[ChoosePasswordForm]):
    """The page that replaces a one-time password, or later changes a chosen one."""

    template_name = "accounts/choose_password.html"
    form_class = ChoosePasswordForm
    success_url = reverse_lazy("home")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_success_url(self) -> str:
        return reverse("admin:index") if self._account().is_staff else super().get_success_url()

    def form_valid(self, form: ChoosePasswordForm) -> HttpResponse:
        with transaction.atomic():
            choose_password(self._account(), form.cleaned_data["new_password1"])
            self.password_chosen(self._account())
        update_session_auth_hash(self.request, self._account())
        return super().form_valid(form)

    def form_invalid(self, form: ChoosePasswordForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def password_chosen(self, account: User) -> None:
        """Called in the same transaction; a view built on this one does what belongs to it here."""

    def _account(self) -> User:
        return cast("User", self.request.user)
