"""Text to checked module: tokens, lexer, parser, tree, names, types, checks, formatter."""
