"""Fakes made from genuine media while training, each with its mask and its own source."""
