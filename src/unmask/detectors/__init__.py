"""Detectors: one file per kind of evidence, one contract (`unmask.core.contracts.Detector`).

Units in, one score or abstention each out. A detector opens no files and keeps no state between calls.
"""
