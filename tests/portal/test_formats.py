"""Dates: day first in both languages, read and shown."""

from datetime import date

import pytest
from django import forms
from django.utils.formats import date_format
from django.utils.translation import override


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("typed", ["03/04/2000", "03-04-2000", "03.04.2000", "2000-04-03"])
def test_date_is_read_day_first(language, typed):
    with override(language):
        assert forms.DateField(localize=True).clean(typed) == date(2000, 4, 3)


@pytest.mark.parametrize(("language", "shown"), [("vi", "03/04/2000"), ("en", "3 April 2000")])
def test_date_is_shown_day_first(language, shown):
    with override(language):
        assert date_format(date(2000, 4, 3), "DATE_FORMAT") == shown
