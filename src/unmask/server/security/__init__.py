"""Who may come in, how often, from where, and where the server itself may go."""
