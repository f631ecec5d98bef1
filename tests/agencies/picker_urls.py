"""Addresses for the picker's browser test: a page with nothing but the agency field, and the real picker."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import include, path

from agencies.models import Agency

PAGE = Template(
    """{% load static %}<!doctype html><html lang="vi"><head><title>Tờ khai</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    {% for sheet in sheets %}<link rel="stylesheet" href="{% static sheet %}">{% endfor %}</head>
    <body><main class="wrap main"><h1>Tờ khai</h1><form method="post">
    <label for="name">Họ và tên</label><input id="name" name="name">
    {% include "agencies/_field.html" %}<button class="button button--primary">Ghi nhận</button></form>
    <output>{{ posted }}</output></main></body></html>"""
)


class AgencyForm(forms.Form):
    agency = forms.CharField(widget=forms.HiddenInput)


def page(request: HttpRequest) -> HttpResponse:
    """A form with the agency field; what was posted is shown in <output>."""
    code = request.POST.get("agency") or request.GET.get("agency")
    form = AgencyForm(request.POST if request.method == "POST" else None)
    context = {
        "field": form["agency"],
        "agency": Agency.objects.filter(code=code).first(),
        "posted": ",".join(f"{name}={value}" for name, value in request.POST.items()),
        "sheets": ["css/tokens.css", "css/base.css", "css/components.css"],
    }
    return HttpResponse(PAGE.render(Context(context)))


# No token in this bare page: the declaration form's own tests see to that.
page.csrf_exempt = True  # type: ignore[attr-defined]

urlpatterns = [
    path("dang-ky/to-khai/", page),
    path("co-quan/", include("agencies.urls")),
]
