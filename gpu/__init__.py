"""The text engine: tokenising, line index, pattern search, bulk hash and reachability, on several back ends."""
