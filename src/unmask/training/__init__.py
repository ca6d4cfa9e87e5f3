"""The training bench, the only room that knows torch: recipe -> crops or windows -> loop -> export -> parity -> card.

Reading order: `recipe`, then `pictures/` or `voices` (sound), `forge/` (fakes made on the spot), `architectures/`,
`loop` with what it is made of in `fitting/`, then `export`, `parity`, `draft`.
"""
