"""The soak: a clinic's day under kills and hostile input, and the proof afterwards that nothing was lost or doubled."""
