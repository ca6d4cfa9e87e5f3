"""Drawings in SVG that stretch with the page: lanes of the timeline, and the sound below them."""
