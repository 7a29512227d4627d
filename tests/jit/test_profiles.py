"""Profiles: written and read, added up in any order, and refused where they are not what was written."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.jit import profile_records as records
from hyper.jit.profiles import (
    Counters,
    FunctionProfile,
    Left,
    Profile,
    ProfileError,
    as_body,
    decode,
    encode,
    load,
    merge,
)

if TYPE_CHECKING:
    from pathlib import Path

COUNTS = st.integers(0, 5) | st.just(records.MOST)
FUNCTIONS = st.builds(
    FunctionProfile,
    st.sampled_from(["a.f", "b.g"]),
    st.lists(st.lists(COUNTS, max_size=3).map(tuple), max_size=3).map(tuple),
    st.dictionaries(st.sampled_from("xyz"), st.none() | st.sampled_from(["1", "2"]), max_size=3),
    st.dictionaries(
        st.sampled_from("0123"), st.builds(Counters, COUNTS, COUNTS, COUNTS, COUNTS), max_size=2
    ),
    st.lists(
        st.builds(
            Left,
            st.integers(0, 3),
            st.sampled_from(["a.intent", "b.intent"]),
            st.integers(0, 2),
            st.sampled_from(["it fails", "it is lost"]),
            st.sampled_from(["f(1)", "f(2)", ""]),
        ),
        max_size=3,
    ).map(tuple),
)
PROFILES = st.builds(
    Profile, st.dictionaries(st.sampled_from(["0" * 32, "f" * 32]), FUNCTIONS, max_size=2)
)
ONE = Profile(
    {"a" * 32: FunctionProfile("m.f", ((1, 2),), {"x": "3"}, {"1": Counters(3, 3, 0, 900)})}
)


def _signed(body: Any) -> bytes:
    rest = json.dumps(body).encode()
    return b"hyper profile 1 %s\n%s" % (sha256(rest).hexdigest().encode(), rest)


@given(PROFILES)
def test_what_is_written_is_read(profile: Profile) -> None:
    assert decode(encode(profile)) == profile


@given(PROFILES, PROFILES, PROFILES)
def test_merging_is_commutative_and_associative(one: Profile, two: Profile, three: Profile) -> None:
    assert encode(merge(one, two)) == encode(merge(two, one))
    assert encode(merge(merge(one, two), three)) == encode(merge(one, merge(two, three)))
    assert encode(merge(one, two, three)) == encode(merge(three, two, one))
    assert encode(merge(one, Profile())) == encode(merge(one))


def test_a_merge_adds_counts_and_forgets_what_varied() -> None:
    other = Profile(
        {"a" * 32: FunctionProfile("m.f", ((4, 0),), {"x": "5"}, {"0": Counters(4, 4, 0, 100)})}
    )
    (found,) = merge(ONE, other).functions.values()
    assert found.decisions == ((5, 2),)
    assert found.constants == {"x": None}
    assert found.calls == 7


def test_what_was_never_left_is_not_written() -> None:
    assert b"left" not in encode(ONE)
    assert b"left" not in encode(merge(ONE, ONE))


@given(st.integers(0, len(encode(ONE)) * 8 - 1))
def test_a_flipped_bit_is_seen(bit: int) -> None:
    data = bytearray(encode(ONE))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProfileError):
        decode(bytes(data))


@given(st.integers(0, len(encode(ONE)) - 1))
def test_a_profile_that_was_cut_off_is_refused(size: int) -> None:
    with pytest.raises(ProfileError):
        decode(encode(ONE)[:size])


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"a": {}},
        {"a" * 32: []},
        {"a" * 32: {"name": ""}},
        {"a" * 32: {"name": "f", "decisions": [[-1]]}},
        {"a" * 32: {"name": "f", "decisions": [[1 << 63]]}},
        {"a" * 32: {"name": "f", "decisions": [["1"]]}},
        {"a" * 32: {"name": "f", "decisions": [[1.5]]}},
        {"a" * 32: {"name": "f", "tiers": {"4": [1]}}},
        {"a" * 32: {"name": "f", "constants": {"x": "y" * 300}}},
        {"a" * 32: {"name": "f", "more": 1}},
        {"a" * 32: {"name": "f", "left": [[1, "m.intent", 2]]}},
        {"a" * 32: {"name": "f", "left": [[4, "m.intent", 2, "it fails", "f(1)"]]}},
        {"a" * 32: {"name": "f", "left": [[1, "m.intent", 2, "it fails", "y" * 300]]}},
    ],
)
def test_wrong_types_are_refused_whatever_the_digest_says(body: Any) -> None:
    with pytest.raises(ProfileError):
        decode(_signed(body))


def test_deep_and_large_bytes_are_refused() -> None:
    rest = b"[" * 100_000
    with pytest.raises(ProfileError):
        decode(b"hyper profile 1 %s\n%s" % (sha256(rest).hexdigest().encode(), rest))
    with pytest.raises(ProfileError, match="larger than 64 MB"):
        decode(bytes(records.MOST_BYTES + 1))


def test_another_version_is_told() -> None:
    with pytest.raises(ProfileError, match="version 2"):
        decode(encode(ONE).replace(b"profile 1", b"profile 2"))


def test_several_add_to_one_file_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "runs.profile")
    with ThreadPoolExecutor(8) as pool:
        remarks = list(pool.map(lambda _: records.add(path, as_body(ONE)), range(40)))
    assert remarks == [""] * 40
    assert load(path).functions["a" * 32].calls == 120
    assert [each.name for each in tmp_path.iterdir()] == ["runs.profile"]


def test_what_was_there_and_is_broken_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "runs.profile"
    path.write_bytes(encode(ONE)[:-5])
    assert "not those that were written" in records.add(str(path), as_body(ONE))
    assert load(str(path)) == ONE


def test_a_file_that_never_was_a_profile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    with pytest.raises(ValueError, match="not a profile"):
        records.add(str(path), as_body(ONE))
    with pytest.raises(ValueError, match="Expecting value"):
        records.add_counters(str(path), as_body(ONE))
    assert path.read_text() == "years of work"


def test_counters_are_added_up_by_name(tmp_path: Path) -> None:
    path = tmp_path / "counters.json"
    for _ in range(3):
        records.add_counters(str(path), as_body(ONE))
    value = json.loads(path.read_text())
    assert (value["format"], value["version"]) == ("hyper counters", 1)
    counts = {"calls": 9, "rows": 9, "guard_failures": 0, "nanoseconds": 2700}
    assert value["functions"] == {"m.f": {"digest": "a" * 32, **counts, "tiers": {"1": counts}}}


def test_counters_of_a_function_that_is_another_now_begin_again(tmp_path: Path) -> None:
    path = tmp_path / "counters.json"
    entry, other = as_body(ONE)["a" * 32], {**as_body(ONE)["a" * 32], "name": "m.g"}
    records.add_counters(str(path), {"c" * 32: entry, "d" * 32: other})
    for digest in ("b" * 32, "e" * 32):
        for calls in (3, 6):
            records.add_counters(str(path), {digest: entry})
            functions = json.loads(path.read_text())["functions"]
            assert (functions["m.f"]["digest"], functions["m.f"]["calls"]) == (digest, calls)
            assert (functions["m.g"]["digest"], functions["m.g"]["calls"]) == ("d" * 32, 3)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize("put", [records.add, records.add_counters])
def test_others_may_read_what_is_written_as_any_file_of_ours(put: Any, tmp_path: Path) -> None:
    path, plain = tmp_path / "runs.profile", tmp_path / "plain"
    plain.touch()
    put(str(path), as_body(ONE))
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    put(str(path), as_body(ONE))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_weights_have_no_times() -> None:
    slow = Profile(
        {"a" * 32: FunctionProfile("m.f", ((1, 2),), {"x": "3"}, {"0": Counters(1, 1, 0, 5)})}
    )
    more = Profile({"a" * 32: FunctionProfile("m.f", ((1, 3),), {"x": "3"})})
    assert slow.weights == ONE.weights
    assert more.weights != ONE.weights


def test_the_weights_tell_whose_counts_they_are() -> None:
    one, other = (
        decode(_signed({"a" * 32: {"name": name, "decisions": [[1, 2]]}}))
        for name in ("m.a", "m.b")
    )
    assert one.weights != other.weights


@pytest.mark.parametrize("place", ["name", "constants"])
def test_halves_of_characters_are_refused(place: str, tmp_path: Path) -> None:
    entry = {"name": "m.a", "decisions": [], "constants": {}, "tiers": {}}
    entry[place] = "m.\ud800" if place == "name" else {"x": "\udfff"}
    data = _signed({"a" * 32: entry})
    with pytest.raises(ProfileError, match="surrogates"):
        decode(data)
    path = tmp_path / "p"
    path.write_bytes(data)
    assert "surrogates" in records.add(str(path), {})


@pytest.mark.parametrize("put", [records.add, records.add_counters])
def test_what_is_no_file_is_neither_waited_for_nor_replaced(put: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        put(str(pipe), {})
    with pytest.raises(OSError, match="not a regular file"):
        load(str(pipe))
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    link = tmp_path / "link"
    link.symlink_to("profile")
    put(str(link), {})
    assert link.is_symlink()
    assert (tmp_path / "profile").is_file()
