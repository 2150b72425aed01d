import os
import re

import pytest

from opensim_difcal.ceinms.document import MAX_BYTES, MAX_ELEMENTS, parse, read_document, shown
from opensim_difcal.errors import CEINMSFileError

BOMB = """<?xml version="1.0"?>
<!DOCTYPE subject [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<subject>&c;</subject>"""
EXTERNAL = '<!DOCTYPE subject [<!ENTITY x SYSTEM "file:///etc/passwd">]><subject>&x;</subject>'
DOCTYPE = "a <!DOCTYPE> declaration is not allowed, for it can hold entities. Remove it."


def refused(content: bytes | str) -> str:
    with pytest.raises(CEINMSFileError) as caught:
        parse(content if isinstance(content, bytes) else content.encode(), "s.xml")
    return str(caught.value)


def test_elements_keep_their_order_and_lose_namespaces_and_white_space():
    root = parse(
        b'<s xmlns:xsi="http://x" xsi:noNamespaceSchemaLocation="y" id="1"> <b> two\n </b><a/><b>3</b></s>',
        "s.xml",
    )
    assert [(child.tag, child.text) for child in root] == [("b", "two"), ("a", ""), ("b", "3")]
    assert root.attributes == {"id": "1"}
    assert parse(b'<n:s xmlns:n="http://n"/>', "s.xml").tag == "s"


@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        EXTERNAL,
        '<!DOCTYPE subject SYSTEM "http://example.org/subject.dtd"><subject/>',
        "<!DOCTYPE subject><subject/>",
        '<!DOCTYPE s [<!ENTITY % p SYSTEM "http://example.org/p">%p;]><s/>',
    ],
)
def test_document_types_with_and_without_entities_are_refused(content):
    assert refused(content).partition(": ")[2].partition(": ")[2] == DOCTYPE


def test_an_entity_that_nobody_declares_is_not_well_formed():
    assert refused("<s>&x;</s>") == (
        "s.xml: line 1, column 4: not well-formed XML, undefined entity. Correct the file there or "
        "shortly before."
    )


def test_what_is_cut_short_says_where():
    assert refused("<s>\n<a>1</a>\n<b>") == (
        "s.xml: line 3, column 4: not well-formed XML, no element found. Correct the file there or shortly "
        "before."
    )
    assert refused("") == (
        "s.xml: line 1, column 1: not well-formed XML, no element found. Correct the file there or shortly "
        "before."
    )


def test_deep_nesting_is_refused():
    assert parse(b"<a>" * 100 + b"</a>" * 100, "s.xml").tag == "a"
    assert refused("<a>" * 100_000) == (
        "s.xml: line 1, column 301: elements are nested more than 100 deep. Save the file again from its "
        "program."
    )


def test_too_many_elements_are_refused():
    assert refused("<a>" + "<b/>" * MAX_ELEMENTS + "</a>") == (
        "s.xml: holds more than 40000 elements, more than any file of CEINMS. Check what wrote the file."
    )


def test_large_files_are_refused():
    assert refused(b" " * (MAX_BYTES + 1)) == (
        "s.xml: the file has 4000001 bytes; a file of CEINMS has at most 4000000. Give the XML file, not a "
        "file of data."
    )


def test_latin_1_without_a_declaration_is_read():
    assert parse("<s>M\u00fcller</s>".encode("iso-8859-1"), "s.xml").text == "M\u00fcller"
    assert parse("<s>M\u00fcller \u7b4b</s>".encode(), "s.xml").text == "M\u00fcller \u7b4b"
    assert (
        parse("<?xml version='1.0' encoding='UTF-16'?><s>\u7b4b</s>".encode("utf-16"), "s.xml").text
        == "\u7b4b"
    )
    assert parse(b"\xef\xbb\xbf<s>1</s>", "s.xml").text == "1"


def test_an_unknown_encoding_says_so():
    assert refused('<?xml version="1.0" encoding="klingon"?><s/>') == (
        "s.xml: unknown encoding: klingon. Save the file as UTF-8 and declare it so."
    )


def test_files_that_cannot_be_read_say_why(tmp_path):
    os.mkfifo(tmp_path / "pipe.xml")
    for path, reason in (
        (tmp_path, "is a folder"),
        (tmp_path / "no.xml", "does not exist"),
        (tmp_path / "pipe.xml", "is a pipe or a device"),
    ):
        expected = re.escape(
            f"{path}: the file {reason}. Correct the path; paths in a file of CEINMS are relative to that "
            "file's folder."
        )
        with pytest.raises(CEINMSFileError, match=expected):
            read_document(path)


def test_long_words_are_cut_in_messages():
    assert shown("a\\b") == "'a\\b'"
    assert shown("x" * 1000) == repr("x" * 100) + "... (1000 characters)"
