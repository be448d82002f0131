"""The charts: which figures, on one axis of time."""

from tidegate.console.charts import APP_CHARTS, CHARTS, LINES_MOST, TOO_FEW, charts_of, figures

ALL = charts_of(told=True)


class Held:
    def __init__(self, tracks):
        self.tracks = tracks

    def names(self):
        return tuple(self.tracks)

    def recent(self, name, seconds):
        return [(at, value) for at, value in self.tracks.get(name, []) if at > 1000 - seconds]


def test_every_chart_is_there_even_where_nothing_is_known():
    found = figures(ALL, Held({}), 3600)

    assert list(found) == [chart.name for chart in (*CHARTS, *APP_CHARTS)]
    assert charts_of(told=False) == CHARTS
    assert found["refusals"] == {"times": [], "lines": []}


def test_lines_share_their_times_and_lack_what_was_not_measured():
    series = Held({"exchanges.issued": [(980.0, 20.0), (990.0, 40.0)], "exchanges.refused": [(990.0, 5.0)]})
    found = figures(ALL, series, 3600)["exchanges"]

    assert found["times"] == [980.0, 990.0]
    assert [line["values"] for line in found["lines"]] == [[2.0, 4.0], [None, 0.5]]


def test_no_number_is_no_value():
    found = figures(ALL, Held({"quota.lowest_ratio": [(990.0, float("nan"))]}), 3600)["quota"]

    assert found["lines"][0]["values"] == [None]


def test_the_reasons_that_refused_most_are_shown_and_no_more():
    tracks = {f"refusals.reason_{place}": [(990.0, float(place))] for place in range(9)}
    found = figures(ALL, Held({**tracks, "refusals.auth": [(990.0, 99.0)]}), 3600)["refusals"]

    assert [line["label"] for line in found["lines"]] == [f"reason {place}" for place in (8, 7, 6, 5)]
    assert len(found["lines"]) == LINES_MOST


def test_what_apps_tell_is_drawn_and_said_to_be_of_too_few_where_it_is_missing():
    tracks = {"client.session.p50": [(990.0, 600.0)], "client.failed": [(990.0, 7.0)]}
    reasons = {f"client.failures.{name}": [(990.0, count)] for name, count in (("dropped", 5.0), ("send", 0.0))}
    found = figures(ALL, Held({**tracks, **reasons}), 3600)

    assert [line["values"] for line in found["apps-session"]["lines"]] == [[10.0], [None]]
    assert [(line["label"], line["values"]) for line in found["apps-failures"]["lines"]] == [
        ("all", [7.0]),
        ("dropped", [5.0]),
    ]
    assert {chart.nothing for chart in APP_CHARTS} == {TOO_FEW}
