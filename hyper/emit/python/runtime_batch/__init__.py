"""What packages carry whose functions run over columns."""
