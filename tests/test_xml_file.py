"""XML is read, and what would harm is refused with the line, the column and a remedy."""

import pytest
from mutations import FILES, XML, check_refusal, in_the_way, mutated

from opensim_difcal.errors import DifcalError, ModelError, StorageFileError
from opensim_difcal.xml_file import DEEPEST, check_xml, model_encoding, read_xml

VALID = b"""<?xml version="1.0" encoding="UTF-8"?>
<root version="1">
    <!-- a comment -->
    <muscle name="soleus"><length>0.05</length></muscle>
    <muscle name="tib_ant"><length>0.06</length></muscle>
</root>
"""
DOCTYPE = "a <!DOCTYPE> declaration is not allowed, for it can hold entities. Remove it."


def read(path):
    return read_xml(path, ModelError, what="the model")


def test_elements_attributes_and_lists_are_read(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(VALID)
    assert read(path) == {
        "root": {
            "@version": "1",
            "muscle": [
                {"@name": "soleus", "length": "0.05"},
                {"@name": "tib_ant", "length": "0.06"},
            ],
        }
    }


def test_single_elements_are_lists_where_that_is_asked_for(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(b"<a><b>1</b></a>")
    assert read_xml(path, ModelError, force_list=["b"]) == {"a": {"b": ["1"]}}
    assert read_xml(path, ModelError, force_cdata=True) == {"a": {"b": {"#text": "1"}}}


MESSAGES = {
    "a wrong end tag": (
        b"<a>\n<b></a>",
        "line 2, column 6: not well-formed XML, mismatched tag. Correct the file there or shortly before.",
    ),
    "a document type": (b"<!DOCTYPE a><a/>", f"line 1, column 12: {DOCTYPE}"),
    "an external entity": (
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        f"line 1, column 13: {DOCTYPE}",
    ),
    "an instruction that hides elements": (
        b"<a><?b ><c>?></a>",
        "line 1, column 4: an instruction <?...?> with a '>' inside is not allowed. Remove it.",
    ),
    "an unknown encoding": (
        b'<?xml version="1.0" encoding="latin-99"?><a/>',
        "unknown encoding: latin-99. Save the file as UTF-8 and declare it so.",
    ),
    "levels": (
        b"<a>" * 101 + b"</a>" * 101,
        "line 1, column 301: elements are nested more than 100 deep. Save the file again from its program.",
    ),
}


@pytest.mark.parametrize(("content", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message(tmp_path, content, message):
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_file_of_the_deepest_nesting_is_read(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(b"<a>" * DEEPEST + b"</a>" * DEEPEST)
    assert "a" in read(path)


def test_a_harmless_instruction_is_ignored(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(b'<?xml-stylesheet href="a.xsl"?><a/>')
    assert read(path) == {"a": None}


def test_the_error_is_of_the_type_that_is_asked_for(tmp_path):
    with pytest.raises(StorageFileError) as caught:
        read_xml(tmp_path / "a.xml", StorageFileError, what="the mapping", missing_remedy="Check <map>.")
    assert str(caught.value) == f"{tmp_path}/a.xml: the mapping does not exist. Check <map>."


@pytest.mark.parametrize("text", ["<a>ü</a>", "<a>\0</a>"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_model_in_utf_16_is_refused_since_opensim_cannot_read_it(text, encoding):
    content = text.encode(encoding)
    with pytest.raises(ModelError) as caught:
        check_xml(content, ModelError, where="a.osim", remedy="", encoding=model_encoding(content))
    assert str(caught.value) == "a.osim: the file holds NUL bytes, as UTF-16 does. Save it as UTF-8."


def test_a_model_in_latin_1_that_says_utf_8_is_accepted():
    content = '<?xml version="1.0" encoding="UTF-8"?><a>Jörg</a>'.encode("latin-1")
    check_xml(content, ModelError, where="a.osim", remedy="", encoding=model_encoding(content))


@pytest.mark.parametrize("mutation", XML)
def test_a_mutated_file_is_read_or_refused(tmp_path, mutation):
    check_refusal(read, mutated(tmp_path / "a.xml", VALID, mutation), (ModelError,))


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_readable_file_is_refused(tmp_path, obstacle):
    assert check_refusal(read, in_the_way(tmp_path / "a.xml", obstacle), (DifcalError,))
