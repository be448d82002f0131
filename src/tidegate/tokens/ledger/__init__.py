"""The ledger: who was given a token, who was refused, in a chain that cannot be changed unseen."""
