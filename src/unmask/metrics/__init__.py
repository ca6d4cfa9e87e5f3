"""Metrics in pure NumPy: ranking, calibration, intervals. Label 1 is fake; higher scores are more likely fake."""
