"""The training bench, the only room that knows torch: recipe -> crops or windows -> loop -> export -> parity -> card.

Reading order: `recipe`, then `crops` and `portraits` (pictures) or `voices` (sound), `architectures/`, `loop`,
`export`, `parity`.
"""
