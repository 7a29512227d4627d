"""What a bounded layer throws out, and what it lets in: eviction policies behind one protocol, and admission."""
