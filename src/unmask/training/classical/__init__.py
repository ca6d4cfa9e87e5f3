"""Classical detectors: features that a textbook names, a scikit-learn pipeline on them, both exported as one graph.

Reading order: `features` (from crops to numbers), `pipelines` (all by name), `fit`, `graph`.
"""
