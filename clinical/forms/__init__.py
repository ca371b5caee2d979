"""What doctors, nurses and the laboratory can do, one form each."""
