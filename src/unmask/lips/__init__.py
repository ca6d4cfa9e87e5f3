"""Do the lips follow the sound? An observation beside the verdict; it never enters the probability.

Reading order: `mouth` (what the mouth does), `match` (what the sound asks of it, and how well both agree).
"""
