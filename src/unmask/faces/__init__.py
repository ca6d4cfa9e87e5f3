"""Faces: find them (`detect`), cut them out (`crop`), judge their quality (`quality`), follow people (`track`)."""
