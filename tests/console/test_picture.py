"""The picture says the worst of what is known, and whose fault it is."""

import pytest

from tidegate.console.drawing import drawings
from tidegate.console.picture import headline, way_of, ways
from tidegate.watch.probes.model import Blame, Outcome, State

NOW = 1_700_000_000.0


def outcome(probe, state=State.OK, since=NOW, **more):
    return Outcome(probe, NOW, state, since, text=f"{probe} is {state}.", **more)


def test_each_probe_is_on_the_way_that_it_looks_at():
    names = {
        "keys:clerk": "identity",
        "credentials": "stream",
        "quota": "stream",
        "canary": "delivery",
        "certificate:stream": "stream",
        "certificate:clerk": "identity",
        "certificate:own": "apps",
        "configuration": "apps",
        "anything": "apps",
    }
    assert {name: way_of(outcome(name)) for name in names} == names


def test_where_all_is_well_it_is_said_since_the_last_trouble_ended():
    found = ways([outcome("keys:a", since=NOW - 50), outcome("credentials", since=NOW - 9)], {"stream": "3 ms"})
    said = headline(found)

    assert (said.state, said.text, said.since) == (State.OK, "Chat works.", NOW - 9)
    assert [way.figure for way in found if way.name == "stream"] == ["3 ms"]
    assert [way.name for way in found if not way.watched] == ["apps", "delivery"]


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        ((State.OK, State.WARNING), State.WARNING),
        ((State.FAILING, State.WARNING), State.FAILING),
        ((State.UNKNOWN, State.OK), State.UNKNOWN),
        ((State.WARNING, State.UNKNOWN), State.WARNING),
    ],
)
def test_the_worst_counts_with_its_fault_and_its_time(states, worst):
    blames = {State.FAILING: Blame.STREAM, State.WARNING: Blame.OURS}
    outcomes = [
        outcome(f"p{place}", state, NOW - place, blame=blames.get(state, Blame.NOBODY), sure=0.8)
        for place, state in enumerate(states)
    ]
    (apps,) = (way for way in ways(outcomes, {}) if way.name == "apps")
    (shown,) = (one for one in outcomes if one.state is worst)

    assert (apps.state, apps.since, apps.text) == (worst, shown.since, shown.text)
    assert apps.blame is blames.get(worst, Blame.NOBODY)
    assert headline(ways(outcomes, {})).state is worst


def test_an_alert_that_fires_keeps_the_word_from_being_all_is_well():
    said = headline(ways([outcome("credentials")], {}), [("Refusals are many.", NOW - 60)])

    assert (said.state, said.more, said.since) == (State.WARNING, "Refusals are many.", NOW - 60)


def test_nothing_known_is_not_taken_for_well():
    said = headline(ways([], {}))

    assert (said.state, said.since) == (State.UNKNOWN, None)


def test_both_drawings_show_every_way_within_their_frame():
    for drawing in drawings(ways([outcome("canary")], {})):
        assert {line.way.name for line in drawing.lines} == {"apps", "identity", "stream", "delivery"}
        for node in drawing.nodes:
            assert drawing.node_width / 2 <= node.x <= drawing.width - drawing.node_width / 2
            assert drawing.node_height / 2 <= node.y <= drawing.height - drawing.node_height / 2
