"""SSH keys and signatures: people sign with the key they log in with."""
