"""Who leaves first, and which member of etcd is whose."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aksprov.model.cluster import Node
from aksprov.planning.leaving import Group, nodes_that_leave
from aksprov.workflows.bring_up.leave_cluster import member_of


def _group(count: int, stay: int) -> Group:
    nodes = (
        Node(host=f"cp{i}", cluster="demo", role="control-plane", index=i, address=f"10.0.0.{i + 1}", interface="eth0")
        for i in range(count)
    )
    return Group(nodes=tuple(nodes), stay=stay)


def test_the_last_ones_leave_and_before_them_those_that_do_not_answer() -> None:
    assert [n.host for n in nodes_that_leave([_group(5, 3)], ())] == ["cp4", "cp3"]
    assert [n.host for n in nodes_that_leave([_group(5, 3)], {"cp0"})] == ["cp0", "cp4"]


@given(st.integers(1, 7), st.data())
def test_no_node_that_answers_leaves_while_one_that_does_not_stays(count: int, data: st.DataObject) -> None:
    group = _group(count, data.draw(st.integers(0, count - 1)))
    silent = data.draw(st.sets(st.sampled_from([n.host for n in group.nodes])))
    leaving = {n.host for n in nodes_that_leave([group], silent)}
    assert len(leaving) == count - group.stay
    assert leaving <= silent or silent <= leaving


def test_a_member_of_etcd_is_found_by_its_peer_url_before_it_has_a_name() -> None:
    members = {
        "members": [
            {"ID": "17237436991929493444", "name": "cp1", "peerURLs": ["https://10.0.0.1:2380"]},
            {"ID": "9372538179322589801", "peerURLs": ["https://10.0.0.2:2380"]},
            {"ID": "3", "name": "cp3", "peerURLs": ["https://[fd00::3]:2380"]},
        ]
    }
    assert member_of(members, "10.0.0.2") == "9372538179322589801"
    assert member_of(members, "fd00::3") == "3"
    assert member_of(members, "10.0.0.20") is None
