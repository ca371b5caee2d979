"""Addresses of the scheduling pages. `<id>/start/` is clinical's: it opens the consultation."""

from django.urls import path

from scheduling.views import appointments, board, booking, calendar, hours, slots, steps, waiting

urlpatterns = [
    path("appointments/", appointments.AppointmentList.as_view(), name="appointment_list"),
    path("appointments/new/", booking.AppointmentCreate.as_view(), name="appointment_create"),
    path("appointments/board/", board.WaitingBoard.as_view(), name="appointment_board"),
    path("appointments/board/room/", board.WaitingRoom.as_view(), name="appointment_board_room"),
    path("appointments/calendar/", calendar.AppointmentCalendar.as_view(), name="appointment_calendar"),
    path("appointments/calendar/events/", calendar.CalendarEvents.as_view(), name="appointment_calendar_events"),
    path("appointments/<uuid:pk>/move/", calendar.AppointmentMove.as_view(), name="appointment_move"),
    path("appointments/slots/", slots.FreeTimes.as_view(), name="appointment_slots"),
    path("appointments/<uuid:pk>/", appointments.AppointmentDetail.as_view(), name="appointment_detail"),
    path("appointments/<uuid:pk>/edit/", booking.AppointmentEdit.as_view(), name="appointment_edit"),
    path("appointments/<uuid:pk>/delete/", steps.AppointmentCancel.as_view(), name="appointment_delete"),
    path("appointments/<uuid:pk>/confirm/", steps.AppointmentConfirm.as_view(), name="appointment_confirm"),
    path("appointments/<uuid:pk>/check-in/", steps.AppointmentCheckIn.as_view(), name="appointment_check_in"),
    path("appointments/<uuid:pk>/complete/", steps.AppointmentComplete.as_view(), name="appointment_complete"),
    path("appointments/<uuid:pk>/cancel/", steps.AppointmentCancel.as_view(), name="appointment_cancel"),
    path("appointments/<uuid:pk>/no-show/", steps.AppointmentNoShow.as_view(), name="appointment_no_show"),
    path(
        "appointments/<uuid:pk>/undo-check-in/",
        steps.AppointmentUndoCheckIn.as_view(),
        name="appointment_undo_check_in",
    ),
    path(
        "appointments/<uuid:pk>/undo-no-show/",
        steps.AppointmentUndoNoShow.as_view(),
        name="appointment_undo_no_show",
    ),
    path(
        "appointments/<uuid:pk>/confirmation/",
        appointments.AppointmentConfirmation.as_view(),
        name="appointment_confirmation",
    ),
    path("waiting-list/", waiting.WaitingList.as_view(), name="waiting_list_entry_list"),
    path("waiting-list/new/", waiting.WaitingListCreate.as_view(), name="waiting_list_entry_create"),
    path("waiting-list/<uuid:pk>/", waiting.WaitingListDetail.as_view(), name="waiting_list_entry_detail"),
    path("waiting-list/<uuid:pk>/edit/", waiting.WaitingListEdit.as_view(), name="waiting_list_entry_edit"),
    path("waiting-list/<uuid:pk>/delete/", waiting.WaitingListWithdraw.as_view(), name="waiting_list_entry_delete"),
    path("appointments/walk-in/", booking.AppointmentWalkIn.as_view(), name="appointment_walk_in"),
    path("working-hours/", hours.ScheduleList.as_view(), name="doctor_schedule_list"),
    path("working-hours/new/", hours.ScheduleCreate.as_view(), name="doctor_schedule_create"),
    path("working-hours/<uuid:pk>/", hours.ScheduleDetail.as_view(), name="doctor_schedule_detail"),
    path("working-hours/<uuid:pk>/edit/", hours.ScheduleEdit.as_view(), name="doctor_schedule_edit"),
    path("working-hours/<uuid:pk>/delete/", hours.ScheduleDeactivate.as_view(), name="doctor_schedule_delete"),
    path(
        "working-hours/<uuid:pk>/reactivate/",
        hours.ScheduleReactivate.as_view(),
        name="doctor_schedule_reactivate",
    ),
    path("absences/", hours.AbsenceList.as_view(), name="doctor_absence_list"),
    path("absences/new/", hours.AbsenceCreate.as_view(), name="doctor_absence_create"),
    path("absences/<uuid:pk>/", hours.AbsenceDetail.as_view(), name="doctor_absence_detail"),
    path("absences/<uuid:pk>/edit/", hours.AbsenceEdit.as_view(), name="doctor_absence_edit"),
    path("absences/<uuid:pk>/delete/", hours.AbsenceDeactivate.as_view(), name="doctor_absence_delete"),
    path("absences/<uuid:pk>/reactivate/", hours.AbsenceReactivate.as_view(), name="doctor_absence_reactivate"),
]
