"""Pages of the clinical app, by workflow."""
