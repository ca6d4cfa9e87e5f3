"""How fast this machine scans, beside the bare library calls. Run: ``python -m bench`` (or ``make bench``)."""
