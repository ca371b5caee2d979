"""Backups: one file with the database, the media, the published audit head, and a manifest that proves a restore."""
