import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiddenpop.errors import OptionError, UnknownNameError
from hiddenpop.numerics.terms import close_terms, components, generators, read_model, write_model

NAMES = ("police", "ngo", "nca")


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        ("[12,3]", (0b011, 0b100)),
        ("[1,2,3]", (1, 2, 4)),
        ("[ 12 , 3 ]", (0b011, 0b100)),
        ("[police:ngo,nca]", (0b011, 0b100)),
        ("[1:2,nca]", (0b011, 0b100)),
        ("['police':\"ngo\"]", (0b011,)),
        ("[]", ()),
    ],
)
def test_reads_names_and_positions(text, masks):
    assert read_model(text, NAMES) == masks


def test_positions_from_ten_on_need_colons():
    names = [f"l{i}" for i in range(1, 13)]
    assert read_model("[1:12,3]", names) == (1 | 1 << 11, 1 << 2)
    assert read_model("[12,3]", names) == (0b11, 1 << 2)
    assert read_model("[12:]", names) == (1 << 11,)
    assert read_model("[10,11]", names) == (1 << 9, 1 << 10)


def test_quoted_names_may_hold_anything():
    assert read_model("['a:b,[c]':d]", ("a:b,[c]", "d")) == (0b11,)


@pytest.mark.parametrize("text", ["12,3", "[14]", "[0]", "['police]", "[:]", "[12],[3]", "[11]"])
def test_refuses_what_is_not_a_model(text):
    with pytest.raises(OptionError):
        read_model(text, NAMES)


def test_near_names_are_offered():
    with pytest.raises(UnknownNameError, match="Did you mean 'police'"):
        read_model("[polce:ngo]", NAMES)


def test_a_number_that_is_both_name_and_position_is_refused():
    with pytest.raises(OptionError, match="both the name of a list and a position"):
        read_model("[2]", ("2", "1"))
    assert read_model("['2']", ("2", "1")) == (1,)


def test_canonical_text_has_highest_order_first_and_lone_lists_last():
    assert write_model(close_terms([0b10001, 0b00010], 5), range(5)) == "[15,2,3,4]"
    assert write_model(close_terms([0b00111, 0b01010], 5), range(5)) == "[123,24,5]"


@given(st.integers(2, 12).flatmap(lambda k: st.tuples(st.just(k), st.lists(st.integers(1, 2**k - 1), max_size=4))))
def test_writing_and_reading_are_inverse(drawn):
    k, masks = drawn
    masks = [m for m in masks if m.bit_count() <= 4]
    terms = close_terms(masks, k)
    text = write_model(terms, range(k))
    assert close_terms(read_model(text, [f"list {i}" for i in range(k)]), k) == terms
    assert close_terms(generators(terms), k) == terms


def test_components_tie_lists_that_share_a_term():
    assert components(close_terms([0b0011, 0b0110], 4), 4) == (0b0111, 0b1000)


def test_models_beyond_any_use_are_refused():
    with pytest.raises(OptionError, match="more than 4096 terms"):
        close_terms([2**16 - 1], 16)
