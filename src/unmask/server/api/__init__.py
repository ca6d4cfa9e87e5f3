"""Routes of `/api/v1` and of the root: requests in, documents of `unmask.client.documents` out."""
