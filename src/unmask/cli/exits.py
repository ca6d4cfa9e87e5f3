"""Exit codes."""

OK = 0
SOME_FAILED = 1
USAGE = 2
MATCHED = 3
MODEL = 4
