"""``unmask datasets``: `commands`, what their options mean (`options`), and what they show (`tables`)."""
