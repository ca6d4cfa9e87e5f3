from __future__ import annotations

import time

import pytest

from unmask.provenance.xmp import MOST_BYTES, MOST_ELEMENTS, read_xmp

PACKET = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:CreatorTool="Adobe Photoshop 25.0 (Windows)">
<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic</Iptc4xmpExt:DigitalSourceType>
<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:softwareAgent="Adobe Lightroom 7"/></rdf:Seq></xmpMM:History>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Two words</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>Jane Doe</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
BOMB = """<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><x>&c;</x>"""
OUTSIDE = """<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<xmp:CreatorTool xmlns:xmp="http://ns.adobe.com/xap/1.0/">&secret;</xmp:CreatorTool>"""


def test_attributes_and_elements_are_read_and_people_are_not() -> None:
    found, notes = read_xmp(PACKET.encode())
    assert [(tag.name, tag.value) for tag in found] == [
        ("CreatorTool", "Adobe Photoshop 25.0 (Windows)"),
        ("DigitalSourceType", "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"),
        ("History softwareAgent", "Adobe Lightroom 7"),
        ("description", "Two words"),
    ]
    assert notes == ()


@pytest.mark.parametrize("packet", [b"", b" \n\0\0"])
def test_no_packet_no_words(packet: bytes) -> None:
    assert read_xmp(packet) == ([], ())


@pytest.mark.parametrize("packet", [BOMB, OUTSIDE], ids=["bomb", "file"])
def test_entities_are_never_declared(packet: str) -> None:
    found, notes = read_xmp(packet.encode())
    assert found == []
    assert "declares a document type" in notes[0]


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"<x>" + b" " * MOST_BYTES + b"</x>", "larger than"),
        (b"<x>" + b"<y/>" * (MOST_ELEMENTS + 1) + b"</x>", "passes"),
        (b"<x>" * 150_000, "passes"),
        (b"<x><y></x>", "damaged"),
        (b"\xff\xfe\x00garbage", "damaged"),
        (b'<?xml version="1.0" encoding="nonsense"?><x/>', "damaged"),
    ],
    ids=["large", "many", "deep", "unbalanced", "binary", "encoding"],
)
def test_hostile_packets_become_a_note_at_once(packet: bytes, words: str) -> None:
    start = time.perf_counter()
    found, notes = read_xmp(packet)
    assert time.perf_counter() - start < 2
    assert found == []
    assert words in notes[0]
