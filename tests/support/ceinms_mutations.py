"""Changes documents at random, as editors, programs and mistakes do."""

import copy
from xml.etree import ElementTree

from hypothesis import strategies as st

STRANGE = st.sampled_from(
    [
        "",
        " ",
        "NaN",
        "inf",
        "-INF",
        "1e999",
        "-0",
        "1e308",
        "5e-324",
        "1_0",
        "0x10",
        "1,5",
        "\u0661\u0662",
        "\u7b4b\u8089",
        "\U0001f9b5",
        "9" * 5000,
        "1 " * 2000,
        "a" * 5000,
        "../" * 3000,
        "C:\\x\\y.xml",
        "/dev/zero",
        "\t\n",
        "&lt;",
        ".",
        "..",
        "true",
    ]
) | st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=20)


def mutated(root: ElementTree.Element, data: st.DataObject) -> None:
    """Changes one place of a document."""
    parents = [element for element in root.iter() if len(element)]
    if not parents:
        return
    parent = data.draw(st.sampled_from(parents))
    child = data.draw(st.sampled_from(list(parent)))
    kind = data.draw(
        st.sampled_from(["remove", "double", "reverse", "text", "tag", "attribute", "empty", "nest"])
    )
    if kind == "remove":
        parent.remove(child)
    elif kind == "double":
        parent.insert(data.draw(st.integers(0, len(parent))), child)
    elif kind == "reverse":
        parent[:] = list(reversed(parent))
    elif kind == "text":
        child.text = data.draw(STRANGE)
    elif kind == "tag":
        child.tag = data.draw(st.sampled_from(["x", "C1", "mtu", "\u7b4b", "a" * 5000, parent.tag, root.tag]))
    elif kind == "attribute":
        name = data.draw(st.sampled_from(["unit", "weight", "weigth", "id", "dofName", "type"]))
        child.attrib[name] = data.draw(STRANGE)
    elif kind == "empty":
        child.clear()
    else:
        child.append(copy.deepcopy(parent))
