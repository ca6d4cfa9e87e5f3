"""Trials beyond one figure: `compare` (two detectors), `damages` and `stress` (worn media), `leave_out` (strangers)."""
