"""Labelled media as tables: manifests and leak-proof splits. Tables only; tensors belong to `training`."""
