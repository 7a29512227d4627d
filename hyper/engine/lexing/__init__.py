"""Lexing on arrays: the files of a build cut together by the text engine's native library, where this machine has one."""
