"""INFO of other versions than the one at hand: texts in the shape of Redis 6, Redis 8 and Valkey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.cache import families, latency, replication
from exporters.cache.fields import FIELDS
from exporters.cache.info import Info, number, parse_info
from exporters.core.cardinality import LabelLimit
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family, HistogramFamily, render
from tests.support.properties import cases

REDIS_6_0 = """# Server
redis_version:6.0.16
redis_mode:standalone
os:Linux x86_64
uptime_in_seconds:10

# Replication
role:slave
master_host:10.0.0.1
master_port:6379
master_link_status:down
master_last_io_seconds_ago:-1
master_sync_in_progress:1
slave_repl_offset:14
slave_read_only:1
connected_slaves:0

# Commandstats
cmdstat_get:calls=4,usec=10,usec_per_call=2.50
cmdstat_set:calls=1,usec=3,usec_per_call=3.00

# Keyspace
db0:keys=3,expires=1,avg_ttl=2500
"""
REDIS_8 = """# Server
redis_version:8.2.1
uptime_in_seconds:10

# Stats
acl_access_denied_auth:2
total_error_replies:7

# Replication
role:master
connected_slaves:2
slave0:ip=10.0.0.2,port=6379,state=online,offset=100,lag=1,io-thread=0
slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0,io-thread=0

# Commandstats
cmdstat_get:calls=4,usec=10,usec_per_call=2.50,rejected_calls=1,failed_calls=2,some_new_field=5
cmdstat_config|get:calls=1,usec=3,usec_per_call=3.00,rejected_calls=0,failed_calls=0

# Errorstats
errorstat_WRONGTYPE:count=7

# Latencystats
latency_percentiles_usec_get:p50=1.003,p99=2.007

# Keysizes
db0_distrib_strings_sizes:1=3,2=1

# Keyspace
db0:keys=3,expires=1,avg_ttl=2500,subexpiry=0
db7:keys=1,expires=0,avg_ttl=0,subexpiry=0
"""
VALKEY = """# Server
redis_version:7.2.4
server_name:valkey
valkey_version:8.1.3
server_mode:standalone
uptime_in_seconds:10
"""


def _info(text: str) -> Info:
    return parse_info(text.replace("\n", "\r\n").encode())


def _lines(*given: Family | HistogramFamily) -> set[str]:
    return {line for line in render(given).decode().splitlines() if not line.startswith("#")}


def test_redis_6_has_no_failed_calls_and_no_error_counts() -> None:
    """What an older server does not count is missing, not 0."""
    info = _info(REDIS_6_0)
    lines = _lines(*families.commands(info.commands, LabelLimit("cmd", 10)))
    assert lines == {
        'redis_commands_total{cmd="get"} 4',
        'redis_commands_total{cmd="set"} 1',
        'redis_commands_duration_seconds_total{cmd="get"} 1e-05',
        'redis_commands_duration_seconds_total{cmd="set"} 3e-06',
    }
    assert _lines(families.errors(info.errors, LabelLimit("err", 10))) == set()


def test_a_replica_names_its_master_and_says_that_the_link_is_down() -> None:
    """redis_master_link_up is 0 with the master's address, as redis_exporter labels it."""
    lines = _lines(*replication.replication(_info(REDIS_6_0).fields, LabelLimit("slave", 3)))
    master = 'master_host="10.0.0.1",master_port="6379"'
    assert lines == {
        f'redis_slave_info{{{master},read_only="1"}} 1',
        f"redis_master_link_up{{{master}}} 0.0",
        f"redis_master_sync_in_progress{{{master}}} 1",
        f"redis_master_last_io_seconds_ago{{{master}}} -1",
        f"redis_slave_repl_offset{{{master}}} 14",
    }


def test_redis_8_with_fields_unknown_to_us_is_read() -> None:
    """New fields, in new sections and in old lines, change nothing of what is known."""
    info = _info(REDIS_8)
    commands = _lines(*families.commands(info.commands, LabelLimit("cmd", 10)))
    assert 'redis_commands_failed_calls_total{cmd="get"} 2' in commands
    assert 'redis_commands_total{cmd="config|get"} 1' in commands
    replicas = _lines(*replication.replication(info.fields, LabelLimit("slave", 3)))
    assert 'redis_connected_slave_lag_seconds{slave_ip="10.0.0.2",slave_port="6379",slave_state="online"} 1' in replicas
    assert len(replicas) == 4
    keys = _lines(*families.keyspace(info.keyspace, 2, LabelLimit("db", 64)))
    assert keys == {
        'redis_db_keys{db="db0"} 3', 'redis_db_keys{db="db1"} 0', 'redis_db_keys{db="db7"} 1',
        'redis_db_keys_expiring{db="db0"} 1', 'redis_db_keys_expiring{db="db1"} 0',
        'redis_db_keys_expiring{db="db7"} 0',
        'redis_db_avg_ttl_seconds{db="db0"} 2.5', 'redis_db_avg_ttl_seconds{db="db7"} 0.0',
    }  # fmt: skip
    server = _lines(*families.server(info))
    assert {"redis_acl_access_denied_auth_total 2", "redis_total_error_replies 7"} <= server


def test_valkey_says_its_own_version_and_mode() -> None:
    """The server's own name for its mode stands where redis_exporter has it; its version is a label more."""
    lines = _lines(*families.server(_info(VALKEY)))
    line = next(line for line in lines if line.startswith("redis_instance_info"))
    assert 'redis_mode="standalone"' in line
    assert 'valkey_version="8.1.3"' in line


def test_every_field_has_a_name_of_its_own() -> None:
    """No two INFO fields write the same metric."""
    names = [name for _, name, _, _ in FIELDS]
    assert len(set(names)) == len(names)


def test_words_are_numbers_and_other_texts_none() -> None:
    """States in words become 1 and 0; what is no state has no value."""
    assert [number(word) for word in ("ok", "err", "up", "down", "3", "0.50", "none", None)] == [
        1, 0, 1, 0, 3, 0.5, None, None,
    ]  # fmt: skip


def test_commands_beyond_the_limit_share_other() -> None:
    """The sum over all commands is right, the first ones keep their series, and the drop is counted."""
    label = LabelLimit("cmd", 2)
    by_command = [
        (f"cmdstat_{name}", f"calls={calls},usec=1") for name, calls in (("a", 1), ("b", 2), ("c", 3), ("d", 4))
    ]
    for _ in range(2):
        lines = _lines(*families.commands(by_command, label))
        assert {line for line in lines if line.startswith("redis_commands_total")} == {
            'redis_commands_total{cmd="a"} 1', 'redis_commands_total{cmd="b"} 2',
            'redis_commands_total{cmd="other"} 7',
        }  # fmt: skip
    assert label.dropped == 2


def test_the_histogram_is_exact_at_its_edges() -> None:
    """Edges the server left out repeat the count below; those beyond 1 s count into +Inf; own commands stay out."""
    label = LabelLimit("cmd", 10)
    reply = [
        b"get", [b"calls", 10, b"histogram_usec", [4, 3, 8, 5, 66, 9, 1082130, 10]],
        b"info", [b"calls", 1, b"histogram_usec", [4, 1]],
    ]  # fmt: skip
    family = latency.histogram(reply, [("cmdstat_get", "calls=10,usec=777")], label, {"info"})
    (sample,) = family.samples
    assert [count for _, count in sample.buckets] == [5, 5, 9, 9, 9, 9, 9, 9, 9]
    assert (sample.labels, sample.count, sample.sum) == (("get",), 10, 777)


def test_replicas_behind_one_address_share_a_series() -> None:
    """Of several replicas with one address stand the smallest offset and the greatest lag; no series comes twice."""
    info = _info(
        "# Replication\nrole:master\n"
        "slave0:ip=10.0.0.9,port=6379,state=online,offset=100,lag=1\n"
        "slave1:ip=10.0.0.9,port=6379,state=online,offset=70,lag=19\n"
        "slave2:ip=10.0.0.9,port=6379,state=online,offset=90,lag=0\n"
        "slave3:ip=10.0.0.9,port=6379,state=wait_bgsave,offset=0,lag=0\n"
    )
    labels = 'slave_ip="10.0.0.9",slave_port="6379",slave_state'
    assert _lines(*replication.replication(info.fields, LabelLimit("slave", 9))) == {
        f'redis_connected_slave_offset_bytes{{{labels}="online"}} 70',
        f'redis_connected_slave_lag_seconds{{{labels}="online"}} 19',
        f'redis_connected_slave_offset_bytes{{{labels}="wait_bgsave"}} 0',
        f'redis_connected_slave_lag_seconds{{{labels}="wait_bgsave"}} 0',
    }


def test_names_that_differ_only_in_bytes_that_are_not_utf_8_are_added_up() -> None:
    """Error codes of a script, replaced where they are not UTF-8, are one series with the sum of both."""
    info = parse_info(
        b"# Server\r\nrole:master\r\n# Errorstats\r\nerrorstat_d\xfc:count=2\r\nerrorstat_d\xf6:count=3\r\n"
    )
    assert _lines(families.errors(info.errors, LabelLimit("err", 9))) == {'redis_errors_total{err="d\ufffd"} 5'}


def test_a_sentinel_says_what_it_watches() -> None:
    """Masters, what it thinks of them, and who else watches: under redis_exporter's names."""
    info = _info(
        "# Server\nredis_version:7.0.15\nredis_mode:sentinel\n# Sentinel\nsentinel_masters:1\nsentinel_tilt:0\n"
        "sentinel_tilt_since_seconds:-1\nsentinel_running_scripts:0\nsentinel_scripts_queue_length:0\n"
        "sentinel_simulate_failure_flags:0\n"
        "master0:name=mymaster,status=odown,address=10.0.0.1:6379,slaves=2,sentinels=3\n"
    )
    assert info.is_sentinel
    labels = 'master_name="mymaster",master_address="10.0.0.1:6379"'
    assert _lines(*replication.sentinel(info.fields, LabelLimit("master_name", 9))) == {
        "redis_sentinel_masters 1",
        "redis_sentinel_tilt 0",
        "redis_sentinel_running_scripts 0",
        "redis_sentinel_scripts_queue_length 0",
        "redis_sentinel_simulate_failure_flags 0",
        f'redis_sentinel_master_status{{{labels},master_status="odown"}} 1',
        f"redis_sentinel_master_slaves{{{labels}}} 2",
        f"redis_sentinel_master_sentinels{{{labels}}} 3",
    }


def test_info_without_most_fields_is_read() -> None:
    """A server that says little, Dragonfly say, or in other words, KeyDB say, is up with what it says."""
    info = parse_info(b"# Server\nredis_version:7.4.0\ndragonfly_version:df-v1.27\n\n# KeyDB\nmvcc_depth:0\n")
    assert _lines(*families.server(info)) == {
        line for line in _lines(*families.server(info)) if "instance_info" in line
    }
    assert families.configuration((), info.fields) == ([], 0)


def test_limits_come_from_info_where_config_is_not_to_be_had() -> None:
    """Maxclients and maxmemory have their metrics also on a service that takes CONFIG away."""
    info = _info("# Clients\nmaxclients:200\n# Memory\nmaxmemory:1000\nmaxmemory_policy:allkeys-lru\nrole:master\n")
    found, _ = families.configuration((), info.fields)
    assert _lines(*found) == {"redis_config_maxclients 200", "redis_config_maxmemory 1000"}


@pytest.mark.parametrize("text", ["9" * 400, "-" + "1" * 21, "1." + "0" * 30, "1e999", "9" * 5000])
def test_a_number_nobody_counts_to_is_a_protocol_error(text: str) -> None:
    """Hundreds of digits are no number of a server: class protocol, whatever would be done with it."""
    with pytest.raises(CollectError) as caught:
        number(text)
    assert caught.value.error_class is ErrorClass.PROTOCOL


@pytest.mark.parametrize(
    "text", ["nan", "-nan", "inf", "", "0x10", "1_000", " 5", "\u0661", "1\x00", "12abc", "96.79%"]
)
def test_what_is_no_number_has_no_value(text: str) -> None:
    """Words, signs and digits of other scripts have no sample."""
    assert number(text) is None


def test_a_value_may_look_like_a_section() -> None:
    """Paths with `# ` and `:` in them change nothing of what follows."""
    info = _info("# Server\nexecutable:/srv/team # 1/redis-server\nconfig_file:a:b\nuptime_in_seconds:5\n")
    assert info.fields == {"executable": "/srv/team # 1/redis-server", "config_file": "a:b", "uptime_in_seconds": "5"}


@pytest.mark.parametrize("text", ["", "nonsense", "a:b\r\n", "# Server\r\n" + "x:1\r\n" * 30_000])
def test_what_is_no_info_is_a_protocol_error(text: str) -> None:
    """A text with none of INFO's fields, or of more lines than any server has, is class protocol."""
    with pytest.raises(CollectError) as caught:
        parse_info(text.encode())
    assert caught.value.error_class is ErrorClass.PROTOCOL


_LINE = st.one_of(
    st.text(max_size=30),
    st.builds("{}:{}".format, st.sampled_from([field for field, *_ in FIELDS]), st.text(max_size=15)),
    st.builds("{}:{}".format, st.sampled_from([field for field, *_ in FIELDS]), st.from_regex(r"-?[0-9.e+]{0,30}")),
    st.sampled_from(["# Keyspace", "# Commandstats", "# Errorstats", "# Replication", "#", "redis_mode:sentinel"]),
    st.builds("slave{}:ip=a,port={},lag={}".format, st.integers(0, 3), st.text(max_size=3), st.text(max_size=3)),
    st.builds("cmdstat_{}:calls={},usec=1".format, st.text(max_size=3), st.integers()),
    st.builds("db0:keys={},expires=,avg_ttl={}".format, st.text("0123456789e.-", max_size=25), st.integers()),
)


@cases(300)
@given(lines=st.lists(_LINE, max_size=30), cut=st.integers(0, 500))
def test_any_info_is_a_page_or_a_protocol_error(lines: list[str], cut: int) -> None:
    """Whatever the lines say, and wherever the text ends, the families can be written, or the class is protocol."""
    data = "\r\n".join(["uptime_in_seconds:5", *lines]).encode(errors="replace")
    error_class = None
    try:
        info = parse_info(data[: len(data) - cut])
        families_of = [
            *families.server(info),
            families.errors(info.errors, LabelLimit("err", 5)),
            *families.commands(info.commands, LabelLimit("cmd", 5)),
            *families.keyspace(info.keyspace, 16, LabelLimit("db", 5)),
            *families.configuration((), info.fields)[0],
            *replication.replication(info.fields, LabelLimit("slave", 5)),
            *replication.sentinel(info.fields, LabelLimit("master_name", 5)),
        ]
        render(families_of)
    except CollectError as error:
        error_class = error.error_class
    assert error_class in {None, ErrorClass.PROTOCOL}
