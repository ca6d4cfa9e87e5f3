"""The words that every room speaks; standard library and NumPy only.

Reading order: `records` (media, frames, faces, sounds), `evidence` (scores, abstentions, reports), `contracts`
(executors and other roles), `events` (progress), `errors`.
"""
