"""Movie titles as people write them: "Matrix, The (1999)" is "The Matrix" of 1999."""

import re

YEAR = re.compile(r"\s*\((\d{4})(?:\D\d{0,4})?\)\s*(?:\([IV]+\)\s*)?$")  # "(1995)", "(2006-2007)", "(1995) (V)"
ARTICLES = "The|An?|Le|La|Les|L'|Il|Lo|El|Los|Las|Der|Die|Das|Det|Den|En|Une?|Una|O"
# The article stands last in the title or in a bracket: "City of Lost Children, The (Cité des enfants perdus, La)".
LAST_ARTICLE = re.compile(rf"(a\.k\.a\. )?([^()]+), ({ARTICLES})(?=\s*(?:[()]|$))")


def clean(raw: str) -> tuple[str, int | None]:
    """The title without its year, its article in front; and the year, where there is one."""
    raw = repaired(raw.strip())
    year = YEAR.search(raw)
    title = LAST_ARTICLE.sub(article_first, raw[: year.start()] if year else raw)
    return title, int(year[1]) if year else None


def article_first(found: re.Match[str]) -> str:
    also, name, article = found.groups()
    return f"{also or ''}{article}{'' if article.endswith(chr(39)) else ' '}{name}"


def repaired(text: str) -> str:
    """`text` whose UTF-8 was once read as Windows-1252 ("MisÃ©rables"); any other text as it is."""
    try:
        return b"".join(map(windows_byte, text)).decode("utf-8")
    except UnicodeError:
        return text


def windows_byte(letter: str) -> bytes:
    """Windows-1252 leaves five bytes undefined; programs read those as Latin-1."""
    try:
        return letter.encode("cp1252")
    except UnicodeError:
        return letter.encode("latin-1")
