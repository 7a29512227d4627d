"""Certificates for tests of TLS."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def make_certificates(folder: Path) -> Path:
    """An authority, and certificates of a server at 127.0.0.1, of one elsewhere, and of a client, in a folder."""
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made with openssl, which is not on this machine")
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    # Python 3.13 demands that an authority says what its key is for; who has a certificate of one is none.
    authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"]
    for name, options in (
        ("ca", ["-addext", "keyUsage=keyCertSign"]),
        ("here", [*authority, "-addext", "subjectAltName=IP:127.0.0.1"]),
        ("elsewhere", [*authority, "-addext", "subjectAltName=DNS:elsewhere.invalid"]),
        ("client", authority),
    ):
        files = ["-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run([*new, "-nodes", "-days", "2", *files, *options], cwd=folder, check=True)
    return folder
