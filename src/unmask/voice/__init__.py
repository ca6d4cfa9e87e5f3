"""From sound to windows of speech that a detector can judge.

Reading order: `activity` (where somebody speaks), `windows` (what a detector gets to hear), `coding` (how it
was stored).
"""
