"""The few HTML elements the report is made of.

Plain `str` arguments are text and are escaped here; `Html` has been through these
functions and is not. Nothing else in the package writes angle brackets.
"""

import base64
import html
from collections.abc import Collection, Iterable, Sequence
from typing import NewType
from urllib.parse import quote

from opensim_difcal.outputs.report_style import STYLE

Html = NewType("Html", str)


def text(plain: str) -> Html:
    """Returns plain text as HTML."""
    return Html(html.escape(plain))


def joined(parts: Iterable[Html]) -> Html:
    """Returns the parts one below the other."""
    return Html("\n".join(parts))


def paragraph(plain: str, *, css: str = "") -> Html:
    """Returns a paragraph of text."""
    return Html(f"<p{_css(css)}>{text(plain)}</p>")


def bullets(items: Iterable[Html], *, css: str = "") -> Html:
    """Returns a list with one bullet per item."""
    lines = "\n".join(f"<li>{item}</li>" for item in items)
    return Html(f"<ul{_css(css)}>\n{lines}\n</ul>")


def marked(mark: str, css: str, plain: str) -> Html:
    """Returns text after a colored mark."""
    return Html(f'<span class="mark {css}">{text(mark)}</span> <span>{text(plain)}</span>')


def section(anchor: str, title: str, body: Iterable[Html]) -> Html:
    """Returns a section that a link can point to."""
    return Html(f'<section id="{anchor}">\n<h2>{text(title)}</h2>\n{joined(body)}\n</section>')


def box(css: str, title: str, body: Iterable[Html]) -> Html:
    """Returns a framed block with a title."""
    return Html(f'<div class="box {css}">\n<p class="verdict">{text(title)}</p>\n{joined(body)}\n</div>')


def links(anchors: Sequence[tuple[str, str]]) -> Html:
    """Returns the table of contents: pairs of anchor and title."""
    items = " ".join(f'<a href="#{anchor}">{text(title)}</a>' for anchor, title in anchors)
    return Html(f'<nav aria-label="Contents">{items}</nav>')


def collapsible(title: str, body: Html) -> Html:
    """Returns a block that opens on a click and is open on paper."""
    return Html(f"<details>\n<summary>{text(title)}</summary>\n{body}\n</details>")


def preformatted(plain: str) -> Html:
    """Returns text with its line breaks and spaces."""
    return Html(f"<pre>{text(plain)}</pre>")


def cell(plain: str, *, css: str = "", below: Iterable[str] = ()) -> Html:
    """Returns a table cell, with smaller lines below its text."""
    lines = "".join(f"<small>{text(line)}</small>" for line in below)
    return Html(f"<td{_css(css)}>{text(plain)}{lines}</td>")


def link(address: str, plain: str) -> Html:
    """Returns a link to a file beside the page."""
    return Html(f'<a href="{text(quote(address))}">{text(plain)}</a>')


def linking_cell(links: Iterable[Html], *, below: Iterable[str] = ()) -> Html:
    """Returns a table cell of links, with smaller lines below them."""
    lines = "".join(f"<small>{text(line)}</small>" for line in below)
    return Html(f'<td class="words">{" ".join(links)}{lines}</td>')


def table(
    caption: str,
    header: Sequence[str],
    rows: Iterable[tuple[str, Sequence[Html]]],
    *,
    words: Collection[str] = (),
) -> Html:
    """Returns a table that scrolls when it is wider than the page.

    Args:
        caption: What the table holds.
        header: One title per column; the first is that of the row names.
        rows: Name of the row, and its cells.
        words: Titles of columns that hold words, not numbers.
    """
    head = "".join(
        f'<th scope="col"{_css("words" if title in words else "")}>{text(title)}</th>' for title in header
    )
    body = "\n".join(f'<tr><th scope="row">{text(name)}</th>{"".join(cells)}</tr>' for name, cells in rows)
    return Html(
        f'<div class="wide"><table>\n<caption>{text(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def picture(image: bytes, media_type: str, *, alt: str, caption: str) -> Html:
    """Returns an image inside the page, with the caption that says how to read it."""
    source = f"data:{media_type};base64,{base64.b64encode(image).decode()}"
    image_element = f'<img src="{source}" alt="{text(alt)}">'
    return Html(f"<figure>\n{image_element}\n<figcaption>{text(caption)}</figcaption>\n</figure>")


def page(title: str, subtitle: str, body: Iterable[Html]) -> Html:
    """Returns the whole document; it asks for nothing outside itself."""
    return Html(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{text(title)}</h1>\n{paragraph(subtitle)}\n</header>\n"
        f"<main>\n{joined(body)}\n</main>\n</body>\n</html>\n"
    )


def _css(name: str) -> str:
    return f' class="{name}"' if name else ""
