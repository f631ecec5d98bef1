"""The crispy template pack: labels, hints and errors that belong to their control."""

import re

import pytest
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Fieldset, Layout, Submit
from crispy_forms.utils import render_crispy_form
from django import forms
from django.template.loader import render_to_string
from django.utils import translation


class PaperForm(forms.Form):
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect, help_text="One.")
    number = forms.CharField(
        label="Number", help_text="Ten digits.", widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    email = forms.EmailField(label="Email", required=False)
    photo = forms.FileField(label="Photo", widget=forms.FileInput)
    agency = forms.CharField(label="Agency", widget=forms.HiddenInput)
    consent = forms.BooleanField(label="I agree <b>")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Fieldset("Paper", "kind", Field("number", wrapper_class="field--short")),
            "email",
            "photo",
            "agency",
            "consent",
        )
        self.helper.add_input(Submit("save", "Save"))

    def clean(self):
        raise forms.ValidationError("Both at once is not possible.")


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def empty():
    return render_crispy_form(PaperForm())


@pytest.fixture
def wrong():
    return render_crispy_form(PaperForm({}))


def test_field_has_a_label_for_its_control(empty):
    for name in ["number", "email", "photo", "consent"]:
        assert re.search(rf'<label[^>]* for="id_{name}"', empty)


def test_field_marks_what_is_optional_and_nothing_else(empty):
    assert empty.count("(optional)") == 1
    assert 'Email <span class="field__optional">(optional)</span>' in empty
    assert "*" not in empty


def test_field_keeps_the_attributes_of_its_widget(empty):
    assert 'inputmode="numeric"' in empty
    assert 'class="field field--short"' in empty


def test_radio_group_is_a_fieldset_with_its_hint(empty):
    group = empty.split('<fieldset id="div_id_kind"')[1].split("</fieldset>")[0]
    assert 'aria-describedby="id_kind_helptext"' in group
    assert re.search(r'<legend class="field__label">\s*Kind', group)
    assert re.search(r'<input type="radio"[^>]*id="id_kind_0"[^>]*><label for="id_kind_0">A</label>', group)


def test_error_is_tied_to_its_control_and_stands_above_it(wrong):
    number = re.search(r'<input[^>]*id="id_number"[^>]*>', wrong)[0]
    assert 'aria-invalid="true"' in number
    assert 'aria-describedby="id_number_helptext id_number_error"' in number
    assert wrong.index('id="id_number_error"') < wrong.index(number)


def test_every_described_id_is_on_the_page(wrong):
    described = " ".join(re.findall(r'aria-describedby="([^"]*)"', wrong)).split()
    assert described
    assert all(f'id="{name}"' in wrong for name in described)


def test_whole_form_sends_files_without_the_browsers_own_checks(empty):
    form = re.search(r"<form[^>]*>", empty)[0]
    assert "novalidate" in form
    assert 'enctype="multipart/form-data"' in form
    assert re.search(r'<button type="submit" name="save"[^>]*class="button button--primary[^>]*>Save</button>', empty)
    assert 'type="hidden" name="agency"' in empty


def test_label_is_escaped(empty):
    assert "I agree &lt;b&gt;" in empty


def test_error_summary_counts_and_links_to_every_field():
    html = render_to_string("civic/errors.html", {"form": PaperForm({})})
    assert "There are 6 things to correct" in html
    links = re.findall(r'href="#(\w+)"', html)
    assert links == ["id_kind_0", "id_number", "id_photo", "id_agency", "id_consent"]
    assert "<li>Both at once is not possible.</li>" in html
    assert 'tabindex="-1"' in html


@pytest.mark.parametrize("form", [PaperForm(), forms.Form({})])
def test_error_summary_is_absent_when_nothing_is_wrong(form):
    assert "error-summary" not in render_to_string("civic/errors.html", {"form": form})
