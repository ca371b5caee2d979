"""`make bench`: what the clinic's pages cost, beside bare Django pages on the same machine in the same run."""
