"""Explanations: what a detector reacted to, as maps over a face and pictures of sound. No inference runtime here."""
