"""Networks for speech: raw samples in; logit, map of evidence and embedding out; every front end is part of the graph.

Reading order: `front` (from samples to spectra), `mel_cnn`, `lcnn`, `rawnet2`, `graph_attention` and `aasist`,
`registry` (all by name).
"""
