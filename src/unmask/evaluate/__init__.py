"""Judge what ships: the very scan that people run, over labelled media.

Reading order: `predict` (manifest to predictions), `score` (figures with intervals), `calibrate` (probabilities and
thresholds from left-out sources), `write` (tables, plots, model-card section).
"""
