"""User ids while issuers come and go: nobody's changes, and no two people share one."""

import json

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support.environments import KEY, SECRET
from support.providers import MEMBERS
from tidegate.settings import load
from tidegate.tokens.mapping import SubjectMapping

NAMES = st.sampled_from(list(MEMBERS))
NAMESPACES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16)
APART = st.lists(NAMESPACES, min_size=2, max_size=2, unique=True)
# Short, and of the characters that matter most: what is escaped, what escapes, and what a namespace looks like.
SUBJECTS = st.lists(st.text("aA0-_@|.é", min_size=1, max_size=8) | st.just("tg-a-b"), unique=True, max_size=8)
MAPPING = SubjectMapping()


def issuers(*listed):
    variables = {"STREAM_API_KEY": KEY, "STREAM_API_SECRET": SECRET, "TIDEGATE_ISSUERS": json.dumps(listed)}
    return load(variables).settings.issuers


def ids(config, subjects):
    return [MAPPING.user_id(config.namespace, subject) for subject in subjects]


@settings(max_examples=60)
@given(
    first=NAMES,
    second=NAMES,
    third=NAMES,
    apart=st.lists(NAMESPACES, min_size=2, max_size=2, unique=True),
    subjects=SUBJECTS,
)
def test_further_issuers_change_no_existing_users_id(first, second, third, apart, subjects):
    assume(len({first, second, third}) == 3)
    (alone,) = issuers(MEMBERS[first])
    two = issuers(MEMBERS[first], {**MEMBERS[second], "namespace": apart[0]})
    three = issuers(
        *(MEMBERS[first], {**MEMBERS[second], "namespace": apart[0]}, {**MEMBERS[third], "namespace": apart[1]}),
    )
    assert ids(alone, subjects) == ids(two[0], subjects) == ids(three[0], subjects)
    assert ids(two[1], subjects) == ids(three[1], subjects)
    everybody = [one for config in three for one in ids(config, subjects)]
    assert len(set(everybody)) == len(everybody) == 3 * len(subjects)
    assert [MAPPING.subject(one) for one in everybody] == [
        (config.namespace, subject) for config in three for subject in subjects
    ]
