"""Sources as text: the files of a request in one arena, looked through by the text engine."""
