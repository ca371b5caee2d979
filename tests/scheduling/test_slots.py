"""Spans and free times against an independent oracle: a set of minutes."""

import itertools
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.models import DoctorSchedule
from scheduling.slots import Agenda, Span, gaps, merged, nearest, shift, span_of, starts_in

#: Around a leap day and its midnights.
ORIGIN = datetime(2028, 2, 28, 20)


def minutes_of(spans):
    """The oracle: every minute in the spans, counted one by one."""
    return {
        minute
        for start, end in spans
        for minute in range(int((start - ORIGIN).total_seconds() // 60), int((end - ORIGIN).total_seconds() // 60))
    }


@st.composite
def spans(draw):
    """A span on whole minutes within two days."""
    start = draw(st.integers(0, 2 * 24 * 60))
    length = draw(st.integers(1, 480))
    return Span(ORIGIN + timedelta(minutes=start), ORIGIN + timedelta(minutes=start + length))


@pytest.mark.spec("RULE-APPT-2")
@given(spans(), spans())
def test_overlap_is_a_shared_minute(one, other):
    assert one.overlaps(other) == bool(minutes_of([one]) & minutes_of([other]))
    assert one.overlaps(other) == other.overlaps(one)


@given(st.lists(spans(), max_size=8))
def test_merging_keeps_every_minute_once(some):
    result = merged(some)
    assert minutes_of(result) == minutes_of(some)
    assert all(one.end < other.start for one, other in itertools.pairwise(result))


@given(st.lists(spans(), max_size=5), st.lists(spans(), max_size=8))
def test_gaps_are_what_is_left(within, taken):
    assert minutes_of(gaps(within, taken)) == minutes_of(within) - minutes_of(taken)


@pytest.mark.spec("BYD-1")
@given(
    st.lists(spans(), max_size=4),
    st.lists(spans(), max_size=8),
    st.sampled_from([15, 20, 30, 45, 60, 480]),
    st.integers(0, 2000),
)
def test_free_starts_are_exactly_the_free_quarters(working, booked, length, earliest):
    earliest = ORIGIN + timedelta(minutes=earliest)
    found = starts_in(gaps(working, booked), length, earliest)
    free = minutes_of(working) - minutes_of(booked)
    day = datetime.combine(ORIGIN.date(), time())
    quarters = (day + timedelta(minutes=15 * n) for n in range(4 * 24 * 5))
    expected = [
        start
        for start in quarters
        if start >= earliest and minutes_of([Span(start, start + timedelta(minutes=length))]) <= free
    ]
    assert found == expected


@pytest.mark.spec("BYD-1")
@given(st.lists(spans(), max_size=4), st.integers(0, 2880), st.sampled_from([15, 30, 60]))
def test_the_nearest_are_near_and_apart(working, asked, length):
    asked = ORIGIN + timedelta(minutes=asked)
    starts = starts_in(merged(working), length, ORIGIN)
    chosen = nearest(starts, asked, length)
    assert set(chosen) <= set(starts)
    assert len(chosen) <= 3
    assert chosen == sorted(chosen)
    if starts:
        assert min(abs(start - asked) for start in chosen) == min(abs(start - asked) for start in starts)
    assert all(other - one >= timedelta(minutes=length) for one, other in itertools.pairwise(chosen))


def test_over_midnight_and_leap_day():
    assert span_of(date(2028, 2, 28), time(23, 45), 30).end == datetime(2028, 2, 29, 0, 15)
    assert span_of(date(2028, 2, 29), time(23, 45), 15).end == datetime(2028, 3, 1)
    night = shift(DoctorSchedule(weekday=0, start_time=time(20), end_time=time(23, 59)), date(2028, 2, 28))
    assert night.end == datetime(2028, 2, 29)


def test_an_absence_may_last_for_ever(db):
    from tests.factories import DoctorAbsenceFactory

    absence = DoctorAbsenceFactory(start_date=date.min, end_date=date.max)
    agenda = Agenda.of(absence.doctor_id, date(2028, 2, 28), date(2028, 2, 29))
    assert agenda.free_starts(30, ORIGIN) == []
    assert agenda.is_away(Span(ORIGIN, ORIGIN + timedelta(minutes=15)))
