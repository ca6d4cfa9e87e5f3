"""One short file per architecture. Every network takes what the scanner hands it and returns logit, evidence, embedding."""
