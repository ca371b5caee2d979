"""FHIR R4, to read: the clinic's rows as resources, within the roles (API-6)."""
