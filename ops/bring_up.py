"""The order in which everything comes up: servers, settings, keys, migrations, our processes."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops import data_folder
from ops.embedded.stack import SETTING_OF, EmbeddedStack
from ops.errors import PlainError
from ops.keys import make_sure_of_keys
from ops.migrate import migrate
from ops.processes import OwnProcess, ProcessSpec, process_specs
from ops.settings import Settings, given, redacted
from ops.supervision import probes
from ops.supervision.child import sweep_all
from ops.supervision.keeper import Patience
from ops.supervision.ports import PortBook, is_free
from ops.supervision.program import NotReady, StartFailed
from ops.supervision.supervisor import Supervisor

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_stack(  # noqa: PLR0913 -- one call says everything a run can be told
    data_dir: Path,
    *,
    elasticsearch: bool = False,
    report: Callable[[str], None] = print,
    announce: Callable[[Settings], None] = lambda _settings: None,
    processes: Callable[[Settings], Sequence[ProcessSpec]] = process_specs,
    patience: Patience | None = None,
) -> None:
    """Bring everything up on a data folder, call `announce`, and keep it up until a signal asks us to stop.

    Raises:
        PlainError: something did not come up (everything else is stopped again), or the folder is held already.
    """
    with data_folder.hold(data_dir):
        for name in sweep_all(data_dir):
            report(f"stopped {name}, left over from a run that was killed")
        supervisor = Supervisor(data_dir, report, patience)
        with _signals(supervisor):
            try:
                settings = _bring_up(supervisor, data_dir, elasticsearch=elasticsearch, processes=processes)
                announce(settings)
                supervisor.run()
            except PlainError as failure:
                supervisor.stop(str(failure))
                if not supervisor.asked_to_stop:
                    raise
            except BaseException as failure:
                supervisor.stop(f"{type(failure).__name__}: {failure}")
                raise
            else:
                supervisor.stop()


def _bring_up(
    supervisor: Supervisor,
    data_dir: Path,
    *,
    elasticsearch: bool,
    processes: Callable[[Settings], Sequence[ProcessSpec]],
) -> Settings:
    variables = given()
    for setting in SETTING_OF.values():
        if setting in variables:
            _probe_given(setting, variables[setting])
    stack = EmbeddedStack(data_dir, variables, elasticsearch=elasticsearch)
    supervisor.start(stack.servers)
    own = {"CHEMIST_DATA_DIR": str(data_dir)}
    settings = Settings.from_environment(
        {**variables, **stack.environment(), **own, **_own_ports(variables, data_dir)}
    )
    make_sure_of_keys(settings)
    migrate(settings, supervisor.report)
    supervisor.environment = settings.to_environment()
    supervisor.start([OwnProcess(spec, data_dir) for spec in processes(settings)])
    return settings


def _probe_given(setting: str, address: str) -> None:
    try:
        probes.OF_SETTING[setting](address)
    except NotReady as refusal:
        message = f"{setting} names {redacted(address)}, which does not answer: {refusal}"
        raise StartFailed(message) from None


def _own_ports(variables: Mapping[str, str], data_dir: Path) -> dict[str, str]:
    """Where our own processes listen: as told, and then that port must be free, else the usual port or a free one."""
    book = PortBook(data_dir)
    chosen: dict[str, str] = {}
    if "CHEMIST_GATEWAY_PORT" not in variables:
        chosen["CHEMIST_GATEWAY_PORT"] = str(
            book.choose("gateway", Settings.model_fields["gateway_port"].default)
        )
    elif not is_free(port := int(variables["CHEMIST_GATEWAY_PORT"])):
        message = f"port {port}, asked for by CHEMIST_GATEWAY_PORT, is taken; `chemist doctor` says by whom"
        raise StartFailed(message)
    if variables.get("CHEMIST_CHANNEL") == "grpc":
        for side in ("command_side", "query_side"):
            setting = f"CHEMIST_{side.upper()}_ADDRESS"
            if setting not in variables:
                usual = str(Settings.model_fields[f"{side}_address"].default)
                chosen[setting] = f"127.0.0.1:{book.choose(side, int(usual.rpartition(':')[2]))}"
    return chosen


@contextmanager
def _signals(supervisor: Supervisor) -> Iterator[None]:
    """Ctrl-C, a polite kill and a closed terminal all mean: stop everything cleanly."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Under nohup a closed terminal is to be ignored, and stays so.
    heard = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: supervisor.ask_to_stop()) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
