"""What `commands.predict` consists of."""
