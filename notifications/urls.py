from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("hop-thu-thu/", views.inbox, name="inbox"),
    path("sms/bao-phat/<slug:gateway>/<str:secret>/", views.receipt, name="receipt"),
]
