"""Train and compare every recipe of recipes/zoo on one manifest; `make zoo` runs it and writes docs/zoo.md."""
