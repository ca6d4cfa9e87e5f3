"""Models as data: cards (`cards/*.toml`), the catalogue of them, where their files lie, and the door to the runtime.

Reading order: `card` (what a card says), `catalogue` (which cards exist), `store` (find and verify files), `fetch`
(bring files that are missing), `session` (open and run a graph; the only import of ONNX Runtime in the project).
"""
