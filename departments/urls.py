"""Addresses of log-in, departments, staff and settings."""

from django.urls import path

from departments import draft_views, views

urlpatterns = [
    path("drafts/", draft_views.DraftSave.as_view(), name="draft_save"),
    path("drafts/discard/", draft_views.DraftDiscard.as_view(), name="draft_discard"),
    path("login/", views.LoginPage.as_view(), name="login"),
    path("logout/", views.LogoutPage.as_view(), name="logout"),
    path("account/password/", views.ChangePasswordPage.as_view(), name="password_change"),
    path("settings/", views.ClinicSettingsPage.as_view(), name="clinic_settings"),
    path("clinic-logo/", views.ClinicLogo.as_view(), name="clinic_logo"),
    path("departments/", views.DepartmentList.as_view(), name="department_list"),
    path("departments/new/", views.DepartmentCreate.as_view(), name="department_create"),
    path("departments/<uuid:pk>/", views.DepartmentDetail.as_view(), name="department_detail"),
    path("departments/<uuid:pk>/edit/", views.DepartmentEdit.as_view(), name="department_edit"),
    path("departments/<uuid:pk>/delete/", views.DepartmentDeactivate.as_view(), name="department_delete"),
    path("departments/<uuid:pk>/reactivate/", views.DepartmentReactivate.as_view(), name="department_reactivate"),
    path("users/", views.UserList.as_view(), name="user_list"),
    path("users/new/", views.UserCreate.as_view(), name="user_create"),
    path("users/<uuid:pk>/", views.UserDetail.as_view(), name="user_detail"),
    path("users/<uuid:pk>/edit/", views.UserEdit.as_view(), name="user_edit"),
    path("users/<uuid:pk>/password/", views.UserSetPassword.as_view(), name="user_set_password"),
    path("users/<uuid:pk>/delete/", views.UserDeactivate.as_view(), name="user_delete"),
    path("users/<uuid:pk>/reactivate/", views.UserReactivate.as_view(), name="user_reactivate"),
]
