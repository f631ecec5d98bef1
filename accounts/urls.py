from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views import LoginView

app_name = "accounts"

# The page for choosing a password is the registration's (settings.CHOOSE_PASSWORD_URL): a citizen's first choice
# also makes the registration active.
urlpatterns = [
    path("dang-nhap/", LoginView.as_view(), name="login"),
    path("dang-xuat/", LogoutView.as_view(), name="logout"),
]
