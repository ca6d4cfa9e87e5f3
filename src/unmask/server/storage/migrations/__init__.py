"""Changes of the schema, in order; run by `unmask.server.storage.database`."""
