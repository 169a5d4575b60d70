"""What a person sees of the demonstration: numbered steps, what was asked, what came back, and how long it took."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from ops.demo.storefront import Answer
from ops.supervision.child import last_lines, log_file

LOG_WIDTH = 120
_LINES_OF_A_LOG = 15


@dataclass(slots=True)
class Step:
    """The step under way: what is to blame when something fails."""

    number: int
    title: str
    logs: Sequence[str]
    """Names of the processes whose logs may tell more."""


@dataclass(slots=True)
class Screen:
    """Prints to a terminal or into a file."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    step_now: Step | None = None
    _steps: int = 0

    def __post_init__(self) -> None:
        """A log or a pipe has no width of its own."""
        if not self.console.is_terminal:
            self.console.width = LOG_WIDTH

    @contextmanager
    def step(self, title: str, logs: Sequence[str] = ("gateway", "projector")) -> Iterator[None]:
        """One step; how long it took is said at its end."""
        self._steps += 1
        self.step_now = Step(self._steps, title, logs)
        self.console.print(f"\n[bold cyan]{self._steps:>2}[/] [bold]{escape(title)}[/]")
        began = perf_counter()
        yield
        self.console.print(f"   [dim]{_spent(perf_counter() - began)}[/]")
        self.step_now = None

    @contextmanager
    def waiting(self) -> Iterator[Callable[[str], None]]:
        """On a terminal, what is waited for is shown until it is there; a log needs none of that."""
        if not self.console.is_terminal:
            yield lambda _: None
            return
        with self.console.status("waiting") as status:
            yield lambda text: status.update(escape(text))

    def say(self, text: str) -> None:
        """A line of the step."""
        self.console.print(Padding(escape(text), (0, 0, 0, 3)))

    def asked(self, question: str, answer: Answer, gist: str) -> None:
        """One exchange with the gateway."""
        colour = "green" if answer.status < 400 else "yellow"  # noqa: PLR2004 -- where refusals begin
        self.console.print(Padding(f"[cyan]→[/] {escape(question)}", (0, 0, 0, 3)))
        text = f"[{colour}]←[/] [bold]{answer.status}[/] {escape(gist)}  [dim]{answer.ms:.1f} ms[/]"
        self.console.print(Padding(text, (0, 0, 0, 3)))

    def failed(self, failure: BaseException, data_dir: Path) -> None:
        """Which step failed, why, and the end of the logs that may tell more."""
        step = self.step_now
        where = "before the first step" if step is None else f"at step {step.number}, {step.title!r}"
        words = "interrupted" if isinstance(failure, KeyboardInterrupt) else str(failure) or repr(failure)
        self.console.print(f"\n[bold red]DEMO FAILED[/] {escape(f'{where}: {words}')}", soft_wrap=True)
        if isinstance(failure, KeyboardInterrupt) or step is None:
            return
        for name in step.logs:
            log = log_file(data_dir, name)
            if tail := last_lines(log, _LINES_OF_A_LOG):
                self.console.print(f"\n[bold]the end of {escape(str(log))}[/]")
                self.console.print(escape(tail), soft_wrap=True)


def _spent(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
