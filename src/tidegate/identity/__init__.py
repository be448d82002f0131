"""Who is calling: issuers, key sets, the strict verifier, claims judged."""
