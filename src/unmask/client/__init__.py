"""Talks to a running `unmask serve`; `documents` holds what both ends say to each other."""
