"""One short file per architecture: each takes what the scanner hands it and returns logit, evidence, embedding."""
