"""Full-text search, and the only module that speaks SQLite's.

``words`` has a document a file, cut into words by us: a run of letters and digits is one word, a character of a script
without spaces and a symbol is one of its own. ``grams`` has every word of three letters or more that any document ever
had, once, by its three-letter pieces: a part of a word is looked up there, and so is what a slip may stand for. A row's
number there is made from the word, so that words of one first letter and length lie together.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from sqlalchemy import Connection, Select, column, select, table

_ACCENTS = re.compile("[\u0300-\u036f]+")
# Kana, Bopomofo, Hangul and Chinese characters; arrows to dingbats, and emoji.
_SPACELESS = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u312f\u3131-\u318e\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_SYMBOLS = "\u2190-\u2bff\U0001f000-\U0001faff"
_WORD = re.compile(f"[{_SPACELESS}{_SYMBOLS}]|[^\\W_{_SPACELESS}{_SYMBOLS}]+")
_ALONE = re.compile(f"[{_SPACELESS}{_SYMBOLS}]")
_DIGITS = re.compile(r"(\d+)")
_ASKED = re.compile(r'(-?)"([^"]*)"?|(-?)(\S+)')

# Private characters, which no word has: one begins the name of a character that SQLite would take for a space; one
# stands once in each document, one between words that are no neighbours, and one nowhere.
_NAMED, _EVERYWHERE, _GAP, _NOWHERE = "\ue000", "\ue002", "\ue003", "\ue004"

_MOST_WORDS = 20
# A part of a word stands for so many words at most: each costs some 20 µs to begin with.
_MOST_FORMS, _LOOKED_AT = 24, 500
_CHUNK = 500

_WORDS = table("words", column("rowid"), column("words"))


def fold(text: str) -> str:
    """``text`` for comparing: without accents, width and case. Characters with marks of other scripts stay whole."""
    return _plain(text).casefold()


def tag(text: str) -> str:
    """A tag for comparing, in one line; empty where nothing is left of it."""
    return " ".join(fold(text).split())[:100]


# -- Writing ---------------------------------------------------------------------------------------------------------


def put(connection: Connection, documents: Iterable[tuple[int, str]]) -> None:
    """Takes in the documents of these files in place of those that they had."""
    texts = dict(sorted(dict(documents).items()))
    if not texts:
        return
    parted: dict[str, list[str]] = {}
    documents_words = {file: _document(text, parted) for file, text in texts.items()}
    connection.exec_driver_sql(
        "INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)",
        [(file, " ".join(words)) for file, words in documents_words.items()],
    )
    every = set().union(*documents_words.values())
    new = {_key(word): word for word in every if len(word) > 2 and word[0] != _NAMED}
    known = connection.exec_driver_sql(
        "SELECT grams.rowid FROM json_each(?) AS asked CROSS JOIN grams ON grams.rowid = asked.value",
        (json.dumps(list(new)),),
    )
    for (key,) in known.all():
        del new[key]
    if new:
        connection.exec_driver_sql("INSERT INTO grams (rowid, text) VALUES (?, ?)", sorted(new.items()))


def drop(connection: Connection, files: Iterable[int]) -> None:
    """Forgets the documents of these files."""
    if rows := [(file,) for file in files]:
        connection.exec_driver_sql("DELETE FROM words WHERE rowid = ?", rows)


def tidy(connection: Connection, pages: int = 50) -> bool:
    """Merges a part of what many writes left in pieces, which makes searches faster; says whether there may be more."""

    def changes() -> int:
        return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one())

    more = False
    for name in ("words", "grams"):
        connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('usermerge', 2)")  # noqa: S608
        before = changes()
        connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('merge', ?)", (pages,))  # noqa: S608
        more |= changes() - before >= 2
    return more


# -- Words -----------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def _words(folded: str) -> list[str]:
    """The words of a folded text, in their order."""
    words = _WORD.findall(folded)
    return words if folded.isascii() else [_named(word) for word in words]


def _named(word: str) -> str:
    """A symbol, or a character of a plane that old tables of SQLite don't reach, by its number."""
    if len(word) == 1 and ("\u2190" <= word <= "\u2bff" or word > "\uffff"):
        return f"{_NAMED}{ord(word):x}"
    return word


def _document(text: str, parted: dict[str, list[str]]) -> list[str]:
    """The words of a document: all in their order, then the parts of those that have some, such as ``FooBar2``.
    ``parted`` remembers these from one document to the next."""
    plain = _plain(text)
    words = [_EVERYWHERE, *_words(plain.casefold())]
    for run in dict.fromkeys(_WORD.findall(plain)):
        if run.isdigit() or (run.isalpha() and (run.islower() or len(run) == 1)):
            continue
        if (parts := parted.get(run)) is None:
            cut = _parts(run)
            parts = parted[run] = [_GAP, *_words(" ".join(cut).casefold())] if len(cut) > 1 else []
        words += parts
    return words


def _parts(run: str) -> list[str]:
    """A run of letters and digits, cut where one meets the other and where a new word begins with a capital."""
    parts: list[str] = []
    for part in _DIGITS.split(run):
        start = 0
        if not (part.islower() or part.isupper()):
            for at in range(1, len(part)):
                before, here, after = part[at - 1], part[at], part[at + 1 : at + 2]
                if here.isupper() and (before.islower() or after.islower()):
                    parts.append(part[start:at])
                    start = at
        parts.append(part[start:])
    return [part for part in parts if part]


def _key(word: str) -> int:
    """A word's row in ``grams``: from its first letter (15 bits), its length (6) and all of it (42)."""
    return _shelf(word[0], len(word)) + (int.from_bytes(blake2b(word.encode(), digest_size=6).digest(), "big") >> 6)


def _shelf(letter: str, length: int) -> int:
    return (ord(letter) & 0x7FFF) << 48 | min(length, 63) << 42


# -- Reading ---------------------------------------------------------------------------------------------------------


def matching(connection: Connection, query: str, *, slips: bool = False) -> str | None:
    """What :func:`found` and :func:`listed` take, made of what a user typed, any text will do. None where this asks for
    nothing.

    All words must be found, in any order; of more than twenty the first count. From three letters on a part of a word
    will do (one that stands in more than 24 words: of those that begin with it, and from four letters on of the
    shortest others), below its beginning. What no space parts, or quotes hold together, must stand side by side, and
    its last word may go on. ``-word`` must not be found. A word that no document ever had stands for those it may be a
    slip of; with ``slips``, which is for a query that found nothing, so does one that none has today.
    """
    every: list[str] = []
    none: list[str] = []
    for excluded, words in _asked(query):
        (none if excluded else every).append(_expression(connection, words, excluded=excluded, slips=slips))
    if not every and not none:
        return None
    expression = " AND ".join(f"({each})" for each in every or [_quoted(_EVERYWHERE)])
    return f"({expression}) NOT ({' OR '.join(none)})" if none else expression


def found(expression: str) -> Select[tuple[int]]:
    """The ids of the files whose documents match."""
    return select(_WORDS.c.rowid.label("file")).where(_WORDS.c.words.op("MATCH")(expression))


def listed(connection: Connection, expression: str) -> str:
    """The same with commas between: one text is made and read several times faster than so many rows."""
    sql = "SELECT group_concat(rowid) FROM words WHERE words MATCH ?"
    return str(connection.exec_driver_sql(sql, (expression,)).scalar() or "")


def _asked(query: str) -> Iterator[tuple[bool, list[str]]]:
    """``(excluded, words)`` for each word or quoted phrase of a query that has anything to look for."""
    seen: set[tuple[bool, str]] = set()
    for match in _ASKED.finditer(fold(query)):
        excluded = bool(match[1] or match[3])
        words = _words(match[2] if match[4] is None else match[4])
        key = (excluded, " ".join(words))
        if words and key not in seen and len(seen) < _MOST_WORDS:
            seen.add(key)
            yield excluded, words


def _expression(connection: Connection, words: list[str], *, excluded: bool, slips: bool) -> str:
    last = words[-1]
    goes_on = last[0] != _NAMED and not _ALONE.fullmatch(last)
    if len(words) > 1 or len(last) < 3 or not goes_on:
        return _quoted(" ".join(words), goes_on=goes_on)
    forms = _forms(connection, last)
    if not excluded and not (forms and (not slips or _any(connection, _either(forms)))):
        forms = [_quoted(word) for word in _meant(connection, last)]
    return _either(forms or [_quoted(_NOWHERE)])


def _forms(connection: Connection, part: str) -> list[str]:
    """What finds the words that hold ``part``, shortest first: these are the most common ones."""
    sql = "SELECT text FROM grams WHERE grams MATCH ? LIMIT ?"
    most = _LOOKED_AT if len(part) > 3 else _MOST_FORMS + 1
    words = sorted(connection.exec_driver_sql(sql, (_quoted(part), most)).scalars().all(), key=len)
    if len(words) <= _MOST_FORMS:
        return [_quoted(word) for word in words]
    if len(part) == 3:
        return [_quoted(part, goes_on=True)]
    inside = [_quoted(word) for word in words if not word.startswith(part)]
    return [_quoted(part, goes_on=True), *inside[: _MOST_FORMS - 1]]


def _quoted(text: str, *, goes_on: bool = False) -> str:
    # Words are of letters, digits and our own characters only, so there is nothing to escape.
    return f'"{text}" *' if goes_on else f'"{text}"'


def _either(expressions: Sequence[str], head: int = 4, group: int = 16) -> str:
    """Any of ``expressions``, the most common ones first.

    For each hit SQLite looks at all members of an OR, and takes an OR in an OR apart again, but not behind a NOT. So
    the first few and the groups are looked at for every hit, and what is in a group for its own hits only.
    """
    if len(expressions) <= group:
        return " OR ".join(expressions)
    rest = (" OR ".join(expressions[at : at + group]) for at in range(head, len(expressions), group))
    return " OR ".join([*expressions[:head], *(f"(({each}) NOT {_quoted(_NOWHERE)})" for each in rest)])


def _any(connection: Connection, expression: str) -> bool:
    return connection.execute(found(expression).limit(1)).first() is not None


# -- Slips -----------------------------------------------------------------------------------------------------------


def _meant(connection: Connection, word: str) -> list[str]:
    """The known words that ``word`` may be a slip of: those one edit away, or two from eight letters on, whose first
    letter is its first or its second. An edit puts a letter in, leaves one out, changes one or swaps two neighbours."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < 4:
        return []
    edits = 2 if len(word) > 7 else 1
    pieces = _pieces(word, edits)
    holds = " OR ".join(["instr(text, ?)"] * len(pieces))
    close: list[str] = []
    for letter in dict.fromkeys(word[:2]):
        shelves = (_shelf(letter, len(word) - edits), _shelf(letter, len(word) + edits + 1) - 1)
        sql = f"SELECT text FROM grams WHERE rowid BETWEEN ? AND ? AND ({holds})"  # noqa: S608 - holds no values
        candidates = connection.exec_driver_sql(sql, (*shelves, *pieces)).scalars().all()
        found = process.extract(word, candidates, scorer=OSA.distance, score_cutoff=edits, limit=None)
        close += [each for each, _, _ in found]
    return sorted(close, key=len)[:_MOST_FORMS]


def _pieces(word: str, edits: int) -> list[str]:
    """Pieces of ``word`` of which one at least survives so many edits: a letter between two keeps a swap from both."""
    size, more = divmod(len(word) - edits, edits + 1)
    pieces, start = [], 0
    for number in range(edits + 1):
        end = start + size + (number > edits - more)
        pieces.append(word[start:end])
        start = end + 1
    return pieces
