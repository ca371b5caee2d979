"""Addresses of log-in, departments, staff and settings."""

from django.urls import path

from departments import draft_views, views
from departments.views import account, login, setup, staff_import

urlpatterns = [
    path("drafts/", draft_views.DraftSave.as_view(), name="draft_save"),
    path("drafts/discard/", draft_views.DraftDiscard.as_view(), name="draft_discard"),
    path("login/", login.LoginPage.as_view(), name="login"),
    path("login/code/", login.CodePage.as_view(), name="login_code"),
    path("login/again/", login.LoginAgain.as_view(), name="login_again"),
    path("logout/", login.LogoutPage.as_view(), name="logout"),
    path("account/", account.AccountPage.as_view(), name="account"),
    path("account/alive/", login.Alive.as_view(), name="alive"),
    path("account/password/", account.ChangePasswordPage.as_view(), name="password_change"),
    path("account/second-factor/", account.SecondFactorPage.as_view(), name="second_factor_on"),
    path("account/second-factor/off/", account.SecondFactorOffPage.as_view(), name="second_factor_off"),
    path("account/sessions/end/", account.EndSessionsPage.as_view(), name="account_end_sessions"),
    path("setup/", setup.SetUpPage.as_view(), name="setup"),
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
    path("users/import/", staff_import.UserImport.as_view(), name="user_import"),
    path("users/<uuid:pk>/", views.UserDetail.as_view(), name="user_detail"),
    path("users/<uuid:pk>/edit/", views.UserEdit.as_view(), name="user_edit"),
    path("users/<uuid:pk>/password/", views.UserSetPassword.as_view(), name="user_set_password"),
    path("users/<uuid:pk>/unlock/", views.UserUnlock.as_view(), name="user_unlock"),
    path("users/<uuid:pk>/sessions/end/", views.UserEndSessions.as_view(), name="user_end_sessions"),
    path(
        "users/<uuid:pk>/second-factor/remove/",
        views.UserRemoveSecondFactor.as_view(),
        name="user_remove_second_factor",
    ),
    path("users/<uuid:pk>/delete/", views.UserDeactivate.as_view(), name="user_delete"),
    path("users/<uuid:pk>/reactivate/", views.UserReactivate.as_view(), name="user_reactivate"),
]
