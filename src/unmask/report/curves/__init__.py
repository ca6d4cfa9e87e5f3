"""Plots and picture sheets of an evaluation, as PNG files; the only place that draws with matplotlib.

Reading order: `canvas` (paper, colours), `panels` and `overview` (one detector), `forest` (groups), `versus` (two
detectors), `stress` (damage), `sheets` (pictures with captions).
"""
