"""Judge what ships: the very scan that people run, over labelled media.

Reading order: `predict` (manifest to predictions), `score` (figures with intervals), `groups` (by source, generator,
compression, size and level), `calibrate` (probabilities and thresholds from left-out sources), `section` and `write`
(tables, plots, model-card section), `hardest` (the worst errors, looked at), then `trials`.
"""
