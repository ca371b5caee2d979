"""Patients from a spreadsheet: columns matched, every row checked by the registration form, then registered."""
