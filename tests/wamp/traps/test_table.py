"""The traps of Autobahn and Crossbar that were found in their issue threads and by running them, and what shows that ours are none.

The numbers are those of the study in which they were found: of its sections on reconnecting, on issue threads, and on what nobody has
reported. A row names the trap and the tests; a name without a file is in this folder.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

COMPONENT = "tests/wamp/twisted/test_component.py::"
RUNNER = "tests/wamp/twisted/test_runner.py::"
SESSION = "tests/wamp/twisted/test_application_session.py::"
REQUESTS = "tests/wamp/test_session_requests.py::"
CLIENT = "tests/wamp/asyncio/test_client.py::"
COMMANDS = "tests/wamprouter/cli/test_clients.py::"
SCRIPTS = "tests/interop/test_asyncio_component.py::"
TESTING = "tests/wamp/testing/"

TRAPS: dict[str, tuple[str, list[str]]] = {
    # -- reconnecting
    "reconnect 1": (
        "the delays of a component without main never start over, and grow to five minutes",
        [
            "test_connections.py::test_delays_start_over_after_each_good_connection",
            f"{COMPONENT}test_delays_start_over_after_each_good_connection",
            "tests/wamp/test_backoff.py::test_a_good_connection_starts_over",
        ],
    ),
    "reconnect 2": (
        "a main that raises floods the router with connections",
        [
            "test_connections.py::test_a_main_that_raises_ends_the_component",
            f"{SCRIPTS}test_a_main_that_raises_ends_the_script_with_status_1",
            f"{COMPONENT}test_attempts_that_fail_are_never_made_without_a_delay",
        ],
    ),
    "reconnect 3": (
        "a main that returns is run again and again over RawSocket",
        [
            "test_connections.py::test_a_main_that_returns_is_run_once",
            f"{COMPONENT}test_a_main_that_returns_is_run_once",
            f"{SCRIPTS}test_a_main_that_returns_ends_the_script",
        ],
    ),
    "reconnect 4": (
        "a runner whose connection is lost hangs",
        [
            "test_connections.py::test_a_runner_on_asyncio_raises_that_the_connection_was_lost",
            f"{RUNNER}test_a_lost_connection_is_raised_from_run",
        ],
    ),
    "reconnect 5": (
        "max_retries is a TypeError",
        [
            "test_connections.py::test_a_runner_on_asyncio_tries_as_often_as_it_is_told",
            f"{RUNNER}test_attempts_end_where_they_should",
        ],
    ),
    "reconnect 6": (
        "with max_retries nothing is tried again before the first success, and the process hangs",
        [
            "test_connections.py::test_a_runner_on_asyncio_tries_as_often_as_it_is_told",
            "test_connections.py::test_exhausted_retries_are_told_and_fail_the_component",
            f"{RUNNER}test_delays_grow_while_there_is_no_router",
        ],
    ),
    "reconnect 7": (
        "a component does not ping, and never notices that a link is half open",
        [
            "test_pings.py::test_a_component_on_asyncio_pings",
            "test_pings.py::test_a_component_on_twisted_pings_by_rawsocket",
            "test_pings.py::test_a_component_on_twisted_pings_by_websocket",
            "tests/wamp/twisted/test_rawsocket.py::test_a_router_that_does_not_answer_pings_is_left",
        ],
    ),
    # -- issue threads
    "issue 1": (
        "the delay is never reset",
        ["test_connections.py::test_delays_start_over_after_each_good_connection"],
    ),
    "issue 2": (
        "leaving loops for ever when the router answers goodbye_and_out",
        [
            f"{SCRIPTS}test_a_main_that_returns_ends_the_script",
            f"{RUNNER}test_a_run_ends_well_when_the_component_leaves",
            "tests/interop/test_compat.py::test_a_program_does_the_same_with_both_libraries",
        ],
    ),
    "issue 3": (
        "a process neither ends nor reconnects when the link breaks",
        [
            "test_connections.py::test_a_runner_on_asyncio_raises_that_the_connection_was_lost",
            "test_connections.py::test_a_runner_on_asyncio_connects_again_if_asked_to",
            f"{RUNNER}test_a_lost_connection_is_raised_from_run",
            f"{RUNNER}test_a_lost_connection_comes_back_with_a_new_session",
        ],
    ),
    "issue 4": (
        "an exception in onJoin is swallowed, and the exit status is 0",
        [
            "test_sessions.py::test_an_error_in_on_join_ends_the_component",
            f"{SCRIPTS}test_an_error_in_on_join_ends_the_script_with_status_1",
            f"{RUNNER}test_an_error_in_on_join_is_raised_from_run",
        ],
    ),
    "issue 5": (
        "one handler that raises takes the component out",
        [
            "test_sessions.py::test_a_handler_that_raises_ends_nothing",
            f"{SESSION}test_an_error_in_one_handler_does_not_keep_the_event_from_the_next",
        ],
    ),
    "issue 6": (
        "exceptions are swallowed: registering an object does not tell of a procedure that exists already",
        [
            "test_sessions.py::test_a_procedure_that_exists_already_is_not_overlooked",
            f"{SESSION}test_a_registration_that_fails_is_not_overlooked",
            f"{COMPONENT}test_a_procedure_that_exists_already_ends_the_component",
            f"{SESSION}test_an_error_in_a_procedure_is_logged_here_and_told_to_the_caller",
        ],
    ),
    "issue 7": (
        "nothing on asyncio connects again",
        [
            "test_connections.py::test_a_runner_on_asyncio_connects_again_if_asked_to",
            "test_connections.py::test_a_client_comes_back_with_what_it_has_registered",
            f"{CLIENT}test_registrations_and_subscriptions_come_back",
            f"{TESTING}test_time.py::test_a_component_connects_again_in_the_routers_time",
            "tests/wamp/test_backoff.py::test_a_fleet_comes_back_spread_out",
        ],
    ),
    "issue 8": (
        "time-outs of calls do nothing, or come too early, as something else",
        [
            "test_sessions.py::test_a_call_times_out_when_it_says_so",
            f"{CLIENT}test_a_call_without_an_answer_fails_in_time",
            "tests/wamp/test_types.py::test_a_timeout_may_be_given_as_a_timedelta",
            f"{TESTING}test_time.py::test_a_call_does_not_time_out_before",
        ],
    ),
    "issue 9": (
        "asyncio.wait_for around a call breaks the protocol of a router that cannot cancel",
        [
            "test_sessions.py::test_a_router_that_cannot_cancel_is_not_asked_to",
            "test_sessions.py::test_wait_for_is_a_time_out",
            f"{SCRIPTS}test_cancelling_the_await_cancels_the_call",
        ],
    ),
    "issue 10": (
        "there are no type hints of use",
        [
            "tests/types/test_types.py::test_mypy_says_what_is_marked",
            "tests/types/test_types.py::test_pyright_says_what_is_marked",
            "tests/test_repository.py::test_both_packages_are_typed",
        ],
    ),
    "issue 11": (
        "Twisted and asyncio cannot share a process",
        [
            "test_sessions.py::test_both_loops_share_a_process_and_a_router",
            f"{SCRIPTS}test_twisted_and_asyncio_share_a_process",
        ],
    ),
    "issue 12": (
        "no `async with connect()`, no composition under a prefix",
        [
            "test_sessions.py::test_a_session_is_a_block_and_an_app_a_blueprint_with_a_prefix",
            f"{CLIENT}test_a_block_is_a_session_that_leaves_at_its_end",
        ],
    ),
    "issue 13": (
        "run takes over logging, and what the user prints",
        [
            "test_processes.py::test_a_script_prints_what_it_prints",
            "test_processes.py::test_logging_that_is_set_up_stays_as_it_is",
            f"{TESTING}test_time.py::test_a_component_of_asyncio_connects_by_name",
        ],
    ),
    "issue 14": (
        "nothing to test with, but a router",
        [
            f"{TESTING}test_plugin.py::test_a_users_tests_run_with_the_fixtures",
            "tests/docs/test_howto.py::test_the_tests_that_are_shown_pass",
        ],
    ),
    "issue 15": (
        "no client for scripts, threads and notebooks, which have no event loop",
        [
            "tests/wamp/blocking/test_threads.py::test_eight_threads_share_a_session",
            "tests/wamp/blocking/test_threads.py::test_it_works_inside_an_event_loop_that_runs",
            "tests/wamp/blocking/test_fork.py::test_a_server_that_forks_its_workers",
            "tests/wamp/blocking/test_flask.py::test_requests_at_the_same_time_share_the_session",
            "tests/wamp/blocking/test_django.py::test_requests_at_the_same_time_share_the_session",
        ],
    ),
    "issue 16": (
        "one component that fails ends run for all, and nobody is told that the retries are exhausted",
        [
            "test_connections.py::test_other_components_go_on_if_they_should",
            "test_connections.py::test_other_components_are_stopped_where_nothing_is_said",
            "test_connections.py::test_exhausted_retries_are_told_and_fail_the_component",
        ],
    ),
    "issue 17": (
        "many dependencies, pinned to what is insecure now, and long imports",
        [
            "test_processes.py::test_only_what_is_needed_is_loaded",
            "tests/test_repository.py::test_dependencies_have_lower_bounds_only",
            "tests/test_repository.py::test_every_import_is_declared",
            f"{TESTING}test_plugin.py::test_loading_the_plugin_imports_no_router",
        ],
    ),
    "issue 18": (
        "the configuration is read once",
        [
            "tests/robustness/test_reload.py::test_who_comes_is_judged_by_the_new_file",
            "tests/robustness/test_reload.py::test_a_signal_does_the_same_as_the_command",
        ],
    ),
    "issue 19": (
        "the documentation does not say what is implemented, and its examples do not run",
        [
            "tests/docs/test_references.py::test_what_works_has_a_test",
            "tests/docs/test_references.py::test_protocol_says_of_what_is_announced_that_it_works",
            "tests/docs/test_howto.py::test_a_configuration_is_valid",
            "tests/docs/test_howto.py::test_a_program_runs_and_ends",
        ],
    ),
    # -- what nobody has reported
    "found 1": (
        "details for one handler reach the next one",
        [
            "test_sessions.py::test_details_for_one_handler_do_not_reach_the_next",
            f"{SESSION}test_details_for_one_handler_do_not_reach_the_next",
        ],
    ),
    "found 2": (
        "a publication without acknowledgement cannot be awaited",
        [
            "test_sessions.py::test_a_publication_can_be_awaited_without_acknowledgement",
            f"{SESSION}test_a_publication_can_be_awaited_and_ignored",
        ],
    ),
    "found 3": (
        "decorators of a component return None",
        [
            "test_sessions.py::test_decorators_return_what_they_decorate",
            f"{COMPONENT}test_decorators_return_what_they_decorate",
        ],
    ),
    "found 4": (
        "a registration that the router takes away stays in the client's table",
        [
            "test_sessions.py::test_a_registration_that_the_router_takes_away_is_gone",
            f"{REQUESTS}test_a_registration_that_the_router_revokes_is_gone",
            f"{REQUESTS}test_a_registration_that_the_router_revokes_takes_no_more_calls",
        ],
    ),
    "found 5": (
        "the command line exits with 0 on an error, takes every argument for text, and knows one way to log in",
        [
            f"{COMMANDS}test_an_error_of_the_router_is_status_1_and_one_line",
            f"{COMMANDS}test_a_realm_that_is_not_there_is_status_1",
            f"{COMMANDS}test_no_router_is_status_3",
            f"{COMMANDS}test_call_passes_typed_arguments",
            f"{COMMANDS}test_every_method_logs_in",
            f"{COMMANDS}test_a_certificate_that_is_named_is_trusted",
        ],
    ),
    "found 6": (
        "a realm that does not exist and wrong credentials are tried for ever",
        [
            "test_connections.py::test_a_realm_that_does_not_exist_is_not_asked_for_again",
            f"{SCRIPTS}test_a_realm_that_does_not_exist_ends_the_script_with_status_1",
            f"{CLIENT}test_a_realm_that_does_not_exist_is_said_at_once",
            f"{RUNNER}test_a_refusal_is_raised_from_run",
            "tests/interop/test_login.py::test_who_has_not_is_told_so",
        ],
    ),
}

STUDIED = [
    *(f"reconnect {number}" for number in range(1, 8)),
    *(f"issue {number}" for number in range(1, 20)),
    *(f"found {number}" for number in range(1, 7)),
]


def test_every_trap_of_the_study_has_its_row() -> None:
    assert sorted(STUDIED) == sorted(TRAPS)


@cache
def names_in(file: Path) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse(file.read_text("utf-8"))
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize("trap", TRAPS)
def test_the_tests_of_a_row_exist(trap: str) -> None:
    """A test that is renamed takes the table with it."""
    _, named = TRAPS[trap]
    assert named
    places = [(name.partition("::")[0], name.partition("::")[2]) for name in named]
    files = {file: (ROOT if "/" in file else HERE) / file for file, _ in places}
    missing = [
        f"{file}::{test}" for file, test in places if not files[file].is_file() or test not in names_in(files[file])
    ]
    assert [] == missing


def test_every_test_of_this_folder_is_of_a_trap() -> None:
    """Other tests have their place beside what they test."""
    named = {name for _, names in TRAPS.values() for name in names}
    here = {
        f"{file.name}::{test}"
        for file in HERE.glob("test_*.py")
        for test in names_in(file)
        if test.startswith("test_") and file.name != Path(__file__).name
    }
    assert set() == here - named
