"""What is legal and yet wrong: credentials in sources, declarations that are there twice, and those that nothing reaches."""
