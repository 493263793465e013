"""What a form hands back is read by us alone, for a working day, under any key that is still in force."""

from starter.web.console.sealed import Sealed

OLD, NEW = "o" * 32, "n" * 32
ADDRESS = "ada.brook@example.com"


def test_sealed_is_opened_by_us_alone_and_not_for_ever() -> None:
    sealed = Sealed([OLD]).seal(ADDRESS, 1000)
    assert "ada" not in sealed
    assert sealed.replace("-", "").replace("_", "").isalnum()  # stands in a path as it is
    assert Sealed([NEW, OLD]).open(sealed, 1000 + 12 * 3600) == ADDRESS
    assert Sealed([OLD]).open(sealed, 1001 + 12 * 3600) is None
    assert Sealed([NEW]).open(sealed, 1000) is None
    for wrong in ("", "x", "é", sealed[:-2], sealed[:20] + "A" + sealed[21:], "A" * 3000):
        assert Sealed([OLD]).open(wrong, 1000) is None, wrong
    assert sealed != Sealed([OLD]).seal(ADDRESS, 1000)  # two rows of one address do not look alike
