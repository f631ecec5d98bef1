"""Seeing what one types: a button beside each password field, and none of it without JavaScript."""

import pytest

from tests.accounts.test_passwords import CHANGE, LOGIN, citizen

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
OWN = "hoa-buoi-trang-2026"


def signed_in(new_context, live_server, **options):
    page = new_context(viewport={"width": 360, "height": 740}, locale="vi-VN", **options).new_page()
    citizen(OWN)
    page.goto(live_server.url + LOGIN)
    page.get_by_label("Mã số BHXH").fill("7900000001")
    return page


def test_a_password_is_shown_and_hidden_again(new_context, live_server):
    page = signed_in(new_context, live_server)
    field, button = page.get_by_label("Mật khẩu"), page.get_by_role("button", name="Hiện mật khẩu")
    field.fill(OWN)
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(field).to_have_attribute("type", "text")
    expect(field).to_have_value(OWN)
    button.click()
    expect(field).to_have_attribute("type", "password")
    button.click()
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/tai-khoan/")


def test_each_field_has_a_button_of_its_own(new_context, live_server):
    page = signed_in(new_context, live_server)
    page.get_by_label("Mật khẩu").fill(OWN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/tai-khoan/")
    page.goto(live_server.url + CHANGE)
    buttons = page.get_by_role("button", name="Hiện mật khẩu")
    expect(buttons).to_have_count(3)
    expect(buttons.nth(1)).to_have_accessible_description("Mật khẩu mới")
    buttons.nth(1).click()
    kinds = page.locator("input[id^=id_]").evaluate_all("inputs => inputs.map((input) => input.type)")
    assert kinds == ["password", "text", "password"]
    expect(page.locator(".rules li")).to_have_count(5)


def test_without_javascript_nothing_is_missing(new_context, live_server):
    page = signed_in(new_context, live_server, java_script_enabled=False)
    expect(page.get_by_role("button", name="Hiện mật khẩu")).to_have_count(0)
    page.get_by_label("Mật khẩu").fill(OWN)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/tai-khoan/")
