"""Where things are kept: database, content-addressed files, results."""
