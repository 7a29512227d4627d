"""What commands print: results to stdout, progress and remarks to stderr, one JSON object with ``--json``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from hyper.base.render import COLOUR, PLAIN, Palette, Renderer, printable, wants_colour
from hyper.base.reports import SCHEMA_VERSION, as_object
from hyper.cli.streams import put, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from hyper.base.diagnostics import Diagnostic
    from hyper.base.events import Event
    from hyper.base.output import Published
    from hyper.cli.progress import Progress
    from hyper.engine.compiler import Compiler
    from hyper.gpu.engine import Fallback


# Errors come in hundreds where one thing is wrong; nobody reads more of them.
_READ: Final = 100


_OUTAGES: Final = {
    "owner": "nothing is kept: the cache, .hyper beside the configuration or else here, was not made by you; "
    "remove it, or name it with HYPER_CACHE",
    "state": "nothing is kept: your state folder cannot be written; name a cache with HYPER_CACHE",
}

_REASONS: Final = {
    "connection": "no connection",
    "timeout": "no answer in time",
    "budget": "its answers take too long for one build",
    "authentication": "it refuses the user or the password (HYPER_CACHE_URL)",
    "cluster": "it is one of a cluster, whose address begins with redis+cluster:// or rediss+cluster://",
    "single": "it is no cluster: its address begins with redis:// or rediss://",
    "server": "it refuses what it is asked",
}


_FLEET: Final = {
    "unconfigured": "HYPER_QUEUE_URL says where its server is",
    "missing": "pip install 'hypercompiler[distributed]'",
    "authentication": "its server refuses the user, the password or a command (docs/distributed.md)",
    "full": "its server has no memory left",
    "down": "its cluster is not whole",
    "moving": "what is on its cluster is on its way to another node",
    "configuration": "one of HYPER_QUEUE_URL, HYPER_FLEET and HYPER_CACHE_... is not what it should be",
    "process": "the system has no room for another process",
    "closed": "what leads to it has ended",
    "ended": "what leads to it has ended",
}

FLEET_REASONS: Final = {
    **_REASONS,
    **_FLEET,
    "server": "it refuses what it is asked; without a password it answers its own machine only",
}
"""What went wrong with a fleet, in words, by the word of its event."""


class UsageError(Exception):
    """The command was called in a way that makes no sense; exit code 2."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


class Console:
    """Where a command prints."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.fleet_lost = False
        """Whether it was told that a build goes on without its fleet, and why."""
        self._progress: Progress | None = None

    @property
    def palette(self) -> Palette:
        """Colours of stdout."""
        return self._palette(sys.stdout)

    @staticmethod
    def _palette(stream: TextIO | None) -> Palette:
        return COLOUR if stream is not None and wants_colour(stream, os.environ) else PLAIN

    def shown(self, text: str) -> str:
        """What is printed of the text of a file or a name: on a terminal nothing in it steers that.

        A file or a program is given what there is.
        """
        terminal = sys.stdout is not None and sys.stdout.isatty()
        return printable(text) if terminal or self.palette is not PLAIN else text

    def say(self, text: str = "") -> None:
        """Print a line of the result, but not with ``--json``."""
        if not self.json:
            put(_sayable(text, sys.stdout) + "\n")

    def write(self, text: str) -> None:
        """Print text as it is."""
        put(text)

    def remark(self, text: str) -> None:
        """Print a line that is no result to stderr."""
        self.progress_end()
        tell(text + "\n")

    def aside(self, text: str) -> None:
        """Print a line to stderr above the progress bar, which stays."""
        if self._progress is not None:
            self._progress.hide()
        tell(_sayable(text, sys.stderr) + "\n")

    def object(self, value: dict[str, Any]) -> None:
        """Print the one JSON object of ``--json``."""
        self.document({"schema_version": SCHEMA_VERSION} | value)

    @staticmethod
    def document(whole: dict[str, Any]) -> None:
        """Print an object of another form as JSON."""
        import json

        text = json.dumps(whole, ensure_ascii=False, indent=2)
        if not text.isascii():
            # What stdout cannot say, a lone surrogate included, is escaped.
            try:
                text.encode(_encoding(sys.stdout))
            except UnicodeEncodeError:
                text = json.dumps(whole, indent=2)
        put(f"{text}\n")

    def failed(self, code: str, message: str) -> None:
        """Say why a command that was called well has nothing to show; ``code`` is one of ``docs/schemas/error.json``."""
        if self.json:
            self.object({"success": False, "error": {"code": code, "message": message}})
            return
        self.remark(f"hyper: {message}")

    def usage(self, error: UsageError) -> None:
        """Say why a call makes no sense."""
        if self.json:
            failure = {"code": "usage", "message": str(error), "suggestion": error.suggestion}
            self.object({"success": False, "error": failure})
            return
        hint = f"; did you mean {error.suggestion}?" if error.suggestion else ""
        self.remark(f"hyper: {error}{hint}")

    def diagnostics(
        self, items: Sequence[Diagnostic], line_of: Callable[[str, int], str | None]
    ) -> None:
        """Print diagnostics for people to stderr: as many as people read."""
        self.progress_end()
        if items:
            palette = self._palette(sys.stderr)
            text = Renderer(line_of, palette).render_all(items[:_READ])
            if len(items) > _READ:
                text += f"\n… and {len(items) - _READ:,} more; `--json` has all of them\n"
            tell(_sayable(text, sys.stderr) + "\n")

    def created(self, done: Published, folder: str) -> None:
        """Say which files a command made beneath a folder, or why it made none."""
        if self.json:
            value = {"created": list(done.written), "success": not done.failed}
            self.object(as_object(done.diagnostics) | value)
            return
        self.diagnostics(done.diagnostics, lambda _file, _line: None)
        for path in done.written:
            self.say(f"created {path if folder == '.' else f'{folder}/{path}'}")

    def follow(self, compiler: Compiler) -> None:
        """Say what cannot be used, and on a terminal show how far a compiler is."""
        compiler.on("cache:outage", self._outage)
        compiler.on("fleet:outage", self._fleet_lost)
        compiler.on("fleet:others", self._fleet_of_others)
        compiler.on("text:fallback", lambda event: self._text_failed(event.reason))
        bar = self.bar()
        if bar is not None:
            compiler.on("*", bar.hear)

    def bar(self) -> Progress | None:
        """A progress bar, where somebody may see it; ``progress_end`` takes it away."""
        watched = sys.stderr is not None and sys.stderr.isatty()
        if not watched or self.json or os.environ.get("TERM") == "dumb":
            return None
        from hyper.cli.progress import Progress

        self._progress = Progress()
        return self._progress

    def _outage(self, event: Event) -> None:
        why = _REASONS.get(event.reason, event.reason)
        at = f" at {event.path}" if event.path else ""
        shared = f"building without the shared cache{at}: {why}"
        self.remark(f"hyper: {_OUTAGES.get(event.reason, shared)}")

    def _fleet_lost(self, event: Event) -> None:
        self.fleet_lost = True
        why = FLEET_REASONS.get(event.reason, event.reason)
        at = f" at {event.path}" if event.path else ""
        self.remark(f"hyper: building without the fleet{at}: {why}")

    def _fleet_of_others(self, event: Event) -> None:
        self.fleet_lost = True
        count = f"{event.total:,} {'worker is' if event.total == 1 else 'workers are'}"
        self.remark(
            f"hyper: {count} of another version at {event.path}, and of no use here: install the same sources there"
        )

    def fell_back(self, fallback: Fallback) -> None:
        """Say which back end of the text engine could not be used."""
        self._text_failed(f"{fallback.backend}: {fallback.reason}")

    def _text_failed(self, reason: str) -> None:
        self.remark(f"hyper: the text engine goes on without {printable(reason)}")

    def progress_end(self) -> None:
        """Take the progress bar away."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None


def _sayable(text: str, stream: TextIO | None) -> str:
    """The text with what the stream cannot say, a lone surrogate included, escaped."""
    encoding = _encoding(stream)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _encoding(stream: TextIO | None) -> str:
    """What a stream can say; one that was closed before we began has no encoding."""
    return getattr(stream, "encoding", None) or "utf-8"
