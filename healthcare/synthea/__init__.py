"""Loads Synthea's CSV into the clinic's tables, through the forms that the desk uses (DATA-2)."""
