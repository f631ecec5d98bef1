"""Notices by e-mail: what they say, to whom they go, and that a mail server that is away loses none."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from django.urls import reverse
from django.utils import timezone
from post_office.models import STATUS, Email

from registration import services, throttle
from registration.answers import NAMES
from registration.enums import Status
from registration.forms import DeclarationForm
from registration.tasks import purge_emails, send_emails
from scripts.processes import free_port
from tests.registration.factories import make_correction, make_declaration, make_officer

ADDRESS = "nguoi.khai@example.com"


class Mailbox:
    """What a mail server on this machine was given; while `refusal` is set it takes nothing."""

    def __init__(self):
        self.messages, self.refusal = [], ""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (the library's name for it)
        if self.refusal:
            return self.refusal
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mailbox(settings):
    controller = Controller(Mailbox(), hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = controller.hostname, controller.port
    yield controller.handler
    controller.stop()


def notices():
    return list(Email.objects.order_by("pk"))


@pytest.mark.django_db
def test_each_step_is_told(settings):
    settings.LANGUAGE_CODE = "vi"
    officer = make_officer()
    make_declaration(Status.ACTIVE, officer, email=ADDRESS)
    returned = make_declaration(Status.RETURNED, officer, email=ADDRESS)
    make_declaration(Status.REJECTED, officer, email=ADDRESS)
    subjects = [notice.subject.split(" – ")[0] for notice in notices()]
    assert subjects == [
        "Đã ghi nhận tờ khai", "Tài khoản đã mở", "Đã ghi nhận tờ khai", "Hồ sơ cần sửa", "Đã ghi nhận tờ khai",
        "Hồ sơ không được duyệt",
    ]  # fmt: skip
    assert all(notice.to == [ADDRESS] for notice in notices())
    assert returned.reference_text in notices()[3].subject and returned.reference_text in notices()[3].message


@pytest.mark.django_db
def test_a_notice_tells_nothing_personal_and_has_no_link():
    declaration = make_declaration(Status.RETURNED, email=ADDRESS)
    for notice in notices():
        for name in set(NAMES) - {"agency", "paper_kind", "email"}:
            assert getattr(declaration, name) not in notice.message + notice.subject
        assert declaration.reason not in notice.message
        assert "http" not in notice.message and "www" not in notice.message
        assert "{" not in notice.message and "&" not in notice.message


@pytest.mark.django_db
def test_a_notice_speaks_the_language_of_the_declaration():
    make_declaration(email=ADDRESS, language="en")
    assert notices()[0].subject.startswith("Declaration recorded")


@pytest.mark.django_db
def test_without_an_address_nothing_is_stored():
    make_declaration(email="")
    assert notices() == []


@pytest.mark.django_db
def test_an_address_gets_a_few_a_day(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "email": "2/day"}
    throttle._limit.cache_clear()
    for _ in range(3):
        make_declaration(email="someone.else@example.com")
    throttle._limit.cache_clear()
    assert len(notices()) == 2


@pytest.mark.django_db(transaction=True)
def test_notices_are_sent_and_only_once(mailbox):
    declaration = make_declaration(email=ADDRESS)
    send_emails()
    send_emails()
    (sent,) = mailbox.messages
    assert sent["To"] == ADDRESS and declaration.reference_text in sent["Subject"]
    assert declaration.reference_text in sent.get_content()
    assert services.count_emails() == {"waiting": 0, "failed": 0}


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_refuses_gets_the_notice_again(mailbox, caplog):
    make_declaration(email=ADDRESS)
    mailbox.refusal = f"451 {ADDRESS}: later"
    send_emails()
    assert services.count_emails() == {"waiting": 1, "failed": 0} and not mailbox.messages
    assert ADDRESS not in caplog.text
    mailbox.refusal = ""
    Email.objects.update(scheduled_time=timezone.now())
    send_emails()
    assert len(mailbox.messages) == 1 and services.count_emails()["waiting"] == 0


@pytest.mark.django_db(transaction=True)
def test_old_news_is_not_sent_and_old_notices_are_removed(mailbox):
    make_declaration(email=ADDRESS)
    Email.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    send_emails()
    assert not mailbox.messages
    Email.objects.update(created=timezone.now() - services.emails.KEPT_FOR - timedelta(days=1))
    purge_emails()
    assert notices() == []


@pytest.mark.django_db
def test_a_changed_address_gets_the_news_from_then_on():
    declaration = make_declaration(Status.RETURNED, email=ADDRESS)
    make_correction(declaration, email="moi@example.com")
    assert [notice.to for notice in notices()][-1] == ["moi@example.com"]
    assert notices()[-1].status == STATUS.queued


@pytest.mark.django_db
def test_where_none_can_be_sent_the_form_asks_for_no_address(settings, client):
    settings.EMAIL_ENABLED = False
    page = client.get(reverse("registration:declaration")).content.decode()
    assert 'name="email"' not in page and "email" not in DeclarationForm().fields
    make_declaration(email=ADDRESS)
    assert notices() == []


@pytest.mark.django_db
def test_the_test_inbox_shows_them(settings, client):
    settings.DEBUG = True
    make_declaration(email=ADDRESS)
    page = client.get("/hop-thu-thu/", {"q": ADDRESS}).content.decode()
    assert ADDRESS in page and "Đã ghi nhận tờ khai" in page
