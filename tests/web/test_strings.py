"""The catalogue of sentences: everything that a view says is in it, and nothing else is."""

from __future__ import annotations

import re

from lorakeeper.testing.frontend_host import PACK

APP = PACK / "web" / "app"
# Keys that are put together: what comes before the part that varies.
FAMILIES = re.compile(r"\bt\(`([\w.]+)\$\{")


def test_every_sentence_is_in_the_catalogue_and_used() -> None:
    known = set(re.findall(r'^  "([\w.]+)":', (APP / "strings.js").read_text("utf-8"), re.MULTILINE))
    code = "\n".join(
        path.read_text("utf-8")
        for path in sorted(APP.rglob("*.js"))
        if path.name != "strings.js" and "vendor" not in path.parts
    )
    quoted = set(re.findall(r'"([\w.]+)"', code)) & known
    missing = set(re.findall(r'\bt\("([\w.]+)"', code)) - known
    families = tuple(FAMILIES.findall(code))

    unused = {key for key in known - quoted if not key.startswith(families)}

    assert (missing, unused) == (set(), set())
