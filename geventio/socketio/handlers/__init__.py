"""What users register, and how an event of a client reaches it."""
