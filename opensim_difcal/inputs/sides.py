"""Left and right in the names of coordinates, muscles and channels."""

import re

_SUFFIX = re.compile(r"^(?P<stem>.+)(?P<gap>[_\-. ])(?P<side>right|left|r|l)$", re.IGNORECASE)
_PREFIX = re.compile(r"^(?P<side>right|left|r|l)(?P<gap>[_\-. ])(?P<stem>.+)$", re.IGNORECASE)
_WORDS = {"r": "right", "l": "left"}
_OTHER = {"r": "l", "l": "r", "right": "left", "left": "right"}


def side_of(name: str) -> str | None:
    """Returns "right" or "left" for soleus_r, L-soleus and the like; None where a name has no side.

    Only a side that a separator sets apart counts: RF is a rectus femoris, LGAS a lateral
    gastrocnemius.
    """
    found = _SUFFIX.match(name) or _PREFIX.match(name)
    return _WORDS[found["side"][0].lower()] if found else None


def other_side(name: str) -> str | None:
    """Returns the name of the other side, as it is written; None where a name has no side."""
    found = _SUFFIX.match(name) or _PREFIX.match(name)
    if found is None:
        return None
    side = _OTHER[found["side"].lower()]
    if found["side"].isupper():
        side = side.upper()
    elif found["side"][0].isupper():
        side = side.capitalize()
    start, end = found.span("side")
    return name[:start] + side + name[end:]
