"""One short file per published dataset: where its files lie, what their names and lists say.

Each reads names and lists only and fills a `Found`; no medium is opened. File names and columns are those that the
datasets are published with.
"""
