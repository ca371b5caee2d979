"""Pages for appointments, free times, working hours and absences."""
