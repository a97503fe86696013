"""Check the built documentation site: ``uv run python docs/check_site.py site``.

Pages load nothing from other hosts, links between pages lead somewhere, and the index that other sites link
by (``objects.inv``) has every operator.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.util.inventory import InventoryFile

sys.path.insert(0, str(Path(__file__).parent))
from operators_of_calls import operators

_LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
_FOLLOWED_RELATIONS = {"canonical", "next", "prev", "index", "search"}


class _Page(HTMLParser):
    """What a page loads, links to, and can be linked at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        relation = given.get("rel", "")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in _LOADED and relation not in _FOLLOWED_RELATIONS:
            self.loaded.append(given.get(_LOADED[tag], ""))


def problems_of(site: Path) -> list[str]:
    """Return what is wrong with a site."""
    pages = {file: _Page(file.read_text()) for file in site.rglob("*.html")}
    found = []
    for file, page in pages.items():
        shown = file.relative_to(site)
        found += [f"{shown} loads {one}" for one in page.loaded if urlsplit(one).netloc]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not target.exists():
                found.append(f"{shown} links to {link}, which does not exist")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                found.append(f"{shown} links to {link}, and that page has no such place")
    inventory = (site / "objects.inv").read_bytes()
    named = InventoryFile.loads(inventory, uri="").data["py:class"]
    found += [
        f"{one.name} is not in objects.inv" for one in operators() if f"{one.module}.{one.name}" not in named
    ]
    return found


def main(site: str) -> int:
    found = problems_of(Path(site).resolve())
    print("\n".join(found) or f"The site is complete: {len(list(Path(site).rglob('*.html')))} pages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
