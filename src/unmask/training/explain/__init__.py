"""What a trained network looks at, for those who train it.

Reading order: `run` (open a finished run, cut its units), `maps` (Grad-CAM, Grad-CAM++, attention), `layers` (filters
and activations), `neighbours` (who lies next to whom in embedding space). Arrays only; the command draws them.
"""
