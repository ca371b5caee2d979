"""Pages about insurers, patients, records and allergies."""
