"""The one place that connects the stages.

Reading order: `plan` (what to do), `kit` (open models), `pipeline` (one medium), `sight` and `hearing` (its pictures
and its sound), `summary` (plain sentences), `walk` and `many` (a list of media over any executor).
"""
