"""Scripts of the repository; the shell ones are called by make."""
