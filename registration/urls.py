from django.urls import path

from registration.views import account, declaration, drafts, opening, photos, receipt, reset, tracking, verify

app_name = "registration"

# A token is of letters, digits, - and _: what cannot be one never reaches the database.
urlpatterns = [
    path("dang-ky/", declaration.start, name="start"),
    path("dang-ky/to-khai/", declaration.declaration_form, name="declaration"),
    path("dang-ky/tiep-tuc/", drafts.resume, name="resume"),
    path("dang-ky/to-khai/xoa/", drafts.discard, name="discard_draft"),
    path("dang-ky/to-khai/anh/", photos.upload_photo, name="upload_photo"),
    path("dang-ky/to-khai/anh/xoa/", photos.remove_photo, name="remove_photo"),
    path("dang-ky/to-khai/luu/", photos.save_draft, name="save_draft"),
    path("dang-ky/to-khai/trang-thai/", photos.draft_state, name="draft_state"),
    path("dang-ky/to-khai/dien-thoai/", photos.phone_link, name="phone_link"),
    path("dang-ky/chup/<str:key>/", photos.phone, name="phone"),
    path("dang-ky/to-khai/anh/<slug:token>.jpg", drafts.draft_photo, name="draft_photo"),
    path("dang-ky/ho-so/<slug:token>/", receipt.receipt, name="receipt"),
    path("dang-ky/ho-so/<slug:token>/to-khai.pdf", receipt.receipt_document, name="receipt_document"),
    path("dang-ky/ho-so/<slug:token>/anh/<slug:kind>.jpg", receipt.receipt_photo, name="receipt_photo"),
    path("dang-ky/ho-so/<slug:token>/dong/", receipt.close, name="close"),
    path("tra-cuu/", tracking.track, name="track"),
    path("kiem-tra/", verify.verify, name="verify"),
    path("q/<str:reference>/", verify.scan, name="scan"),
    path("tra-cuu/sua/", tracking.correct, name="correct"),
    path("tra-cuu/rut/", tracking.withdraw, name="withdraw"),
    path("tra-cuu/ma/", opening.access_code, name="access_code"),
    path("tra-cuu/ma/gui/", opening.send_code, name="send_code"),
    path("tai-khoan/", account.account, name="account"),
    path("tai-khoan/quen-mat-khau/", reset.ask, name="reset"),
    path("tai-khoan/quen-mat-khau/ma/", reset.choose, name="reset_code"),
    path("tai-khoan/mat-khau/", account.FirstPasswordView.as_view(), name="choose_password"),
]
