"""The XMP packet (ISO 16684-1) of a file: the few properties that tell about origin.

A packet comes from a stranger, so it is read by a parser that knows no document type: the first ``<!DOCTYPE`` ends the
reading, and with it every way of declaring or expanding entities.
"""

from __future__ import annotations

from xml.parsers import expat

from unmask.media.tags import Tag

MOST_BYTES = 1 << 20
MOST_ELEMENTS = 20_000
MOST_LETTERS = 4096
WHERE = "XMP"

_XAP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
WANTED = {
    f"{_XAP} CreatorTool": "CreatorTool",
    f"{_XAP}sType/ResourceEvent# softwareAgent": "History softwareAgent",
    f"{_IPTC} DigitalSourceType": "DigitalSourceType",
    f"{_IPTC} AISystemUsed": "AISystemUsed",
    "http://ns.adobe.com/photoshop/1.0/ Credit": "Credit",
    "http://ns.adobe.com/tiff/1.0/ Make": "Make",
    "http://ns.adobe.com/tiff/1.0/ Model": "Model",
    "http://ns.adobe.com/tiff/1.0/ Software": "Software",
    "http://ns.adobe.com/exif/1.0/ UserComment": "UserComment",
    "http://purl.org/dc/elements/1.1/ description": "description",
    "http://www.tc260.org.cn/ns/AIGC/1.0/ AIGC": "AIGC",
}


class Refused(Exception):
    """The packet asks for more than a packet may."""


def read_xmp(packet: bytes) -> tuple[list[Tag], tuple[str, ...]]:
    """Read the properties of `WANTED` from a packet.

    Args:
        packet: XML, as found in the file; may be empty.

    Returns:
        Entries in file order, and notes for people: one if the packet is damaged, hostile or too large.
    """
    if not packet.strip(b" \t\r\n\0"):
        return [], ()
    if len(packet) > MOST_BYTES:
        return [], (f"The XMP packet is larger than {MOST_BYTES >> 20} MB and was left out.",)
    reading = _Reading()
    try:
        reading.parse(packet.strip(b" \t\r\n\0"))
    except Refused as error:
        return reading.found, (f"The XMP packet was left out from where {error}.",)
    except (expat.ExpatError, ValueError, LookupError):
        return reading.found, ("The XMP packet is damaged; only what comes before was read.",)
    return reading.found, ()


class _Reading:
    """Collects wanted properties, written as attributes or as elements."""

    def __init__(self) -> None:
        self.found: list[Tag] = []
        self._open: list[str] = []
        self._text: list[str] = []
        self._elements = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.buffer_text = True
        self._parser = parser

    def parse(self, packet: bytes) -> None:
        self._parser.Parse(packet, True)  # noqa: FBT003 - expat takes it by place only

    def _refuse(self, *_: object) -> None:
        message = "it declares a document type, which no XMP does"
        raise Refused(message)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            message = f"it passes {MOST_ELEMENTS} elements"
            raise Refused(message)
        for key, value in attributes.items():
            self._keep(key, value)
        if name in WANTED:
            self._text.clear()
        self._open.append(name)

    def _end(self, name: str) -> None:
        self._open.pop()
        self._keep(name, "".join(self._text))
        if name in WANTED:
            self._text.clear()

    def _characters(self, text: str) -> None:
        if any(name in WANTED for name in self._open):
            self._text.append(text[:MOST_LETTERS])

    def _keep(self, name: str, value: str) -> None:
        text = " ".join(value[:MOST_LETTERS].split())
        if name in WANTED and text:
            self.found.append(Tag(WHERE, WANTED[name], text))
