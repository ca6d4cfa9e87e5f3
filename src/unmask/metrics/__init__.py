"""Metrics in pure NumPy. Label 1 is fake; higher scores are more likely fake.

Reading order: `ranking` (ROC, AUC, EER), `threshold` (accuracy and its kin), `calibration` (Brier, ECE, Platt),
`selective` (the surest answers), `speech` (Cllr, minDCF, t-DCF), `bootstrap` (intervals), `paired` (DeLong).
"""
