"""The files of the tree as the rules see them: names below the top, C without its comments and strings."""

import os
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", ".cache", "__pycache__"}


def files():
    """Every file of the project, as paths below the top; what git ignores is not the project's."""
    git = subprocess.run(["git", "-c", "safe.directory=*", "-C", TOP, "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], capture_output=True, text=True)
    if git.returncode == 0:
        names = set(git.stdout.split("\0")) - {""}
        return sorted(name for name in names if (TOP / name).is_file())
    return sorted(_walk())


def _walk():
    for folder, folders, names in os.walk(TOP):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("build")]
        for name in names:
            yield str((pathlib.Path(folder) / name).relative_to(TOP))


def text(name):
    return (TOP / name).read_text(encoding="utf-8", errors="replace")


def is_c(name):
    return name.endswith((".c", ".h", ".def"))


def is_text(name):
    return b"\0" not in (TOP / name).read_bytes()[:4096]


def is_shell(name):
    return name.endswith(".sh") or (TOP / name).read_bytes()[:40].startswith((b"#!/usr/bin/env bash", b"#!/bin/sh",
                                                                             b"#!/bin/bash"))


_NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def _blank(match):
    found = match.group(0)
    kept = re.sub(r"[^\n]", " ", found)
    return '"' + kept[1:-1] + '"' if found.startswith('"') else kept


def code(source):
    """C with comments and the insides of strings blanked; line numbers stay."""
    return _NOISE.sub(_blank, source)


def line_of(source, position):
    return source.count("\n", 0, position) + 1
