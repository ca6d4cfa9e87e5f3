"""Pictures and clips as training examples: drawn fairly, disturbed alike, and from a recipe to trained weights."""
