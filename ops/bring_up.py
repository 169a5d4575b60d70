"""The order in which everything comes up: servers, settings, keys, migrations, our processes."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ops import data_folder
from ops.embedded.stack import SETTING_OF, EmbeddedStack
from ops.errors import PlainError
from ops.keys import make_sure_of_keys
from ops.migrate import migrate
from ops.processes import OwnProcess, ProcessSpec, process_specs
from ops.settings import Settings, given, redacted
from ops.supervision import probes
from ops.supervision.child import LOGS_NOTHING, sweep
from ops.supervision.keeper import Patience
from ops.supervision.ports import PortBook, holder, is_free
from ops.supervision.program import NotReady, StartFailed
from ops.supervision.supervisor import Supervisor
