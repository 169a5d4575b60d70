from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Command(_message.Message):
    __slots__ = ("name", "body", "command_id", "actor", "role", "correlation_id", "trace_id", "purpose")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    name: str
    body: bytes
    command_id: bytes
    actor: str
    role: str
    correlation_id: bytes
    trace_id: str
    purpose: str
    def __init__(self, name: _Optional[str] = ..., body: _Optional[bytes] = ..., command_id: _Optional[bytes] = ..., actor: _Optional[str] = ..., role: _Optional[str] = ..., correlation_id: _Optional[bytes] = ..., trace_id: _Optional[str] = ..., purpose: _Optional[str] = ...) -> None: ...

class CommandOutcome(_message.Message):
    __slots__ = ("id", "version", "position", "ledger", "repeated_before", "refusal")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    REPEATED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    version: int
    position: int
    ledger: str
    repeated_before: bool
    refusal: Refusal
    def __init__(self, id: _Optional[bytes] = ..., version: _Optional[int] = ..., position: _Optional[int] = ..., ledger: _Optional[str] = ..., repeated_before: _Optional[bool] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class CommandBatch(_message.Message):
    __slots__ = ("commands",)
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[Command]
    def __init__(self, commands: _Optional[_Iterable[_Union[Command, _Mapping]]] = ...) -> None: ...

class CommandOutcomes(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[CommandOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[CommandOutcome, _Mapping]]] = ...) -> None: ...

class Question(_message.Message):
    __slots__ = ("name", "parameters_json", "token", "deadline_seconds", "locale")
    class TokenEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_JSON_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    name: str
    parameters_json: bytes
    token: _containers.ScalarMap[str, int]
    deadline_seconds: float
    locale: str
    def __init__(self, name: _Optional[str] = ..., parameters_json: _Optional[bytes] = ..., token: _Optional[_Mapping[str, int]] = ..., deadline_seconds: _Optional[float] = ..., locale: _Optional[str] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("body", "etag", "positions", "generation", "whole_view", "keys", "refusal")
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    BODY_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    WHOLE_VIEW_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    body: bytes
    etag: str
    positions: _containers.ScalarMap[str, int]
    generation: int
    whole_view: bool
    keys: _containers.RepeatedScalarFieldContainer[str]
    refusal: Refusal
    def __init__(self, body: _Optional[bytes] = ..., etag: _Optional[str] = ..., positions: _Optional[_Mapping[str, int]] = ..., generation: _Optional[int] = ..., whole_view: _Optional[bool] = ..., keys: _Optional[_Iterable[str]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "params_json", "errors", "retry_after")
    CODE_FIELD_NUMBER: _ClassVar[int]
    PARAMS_JSON_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    code: str
    params_json: bytes
    errors: _containers.RepeatedCompositeFieldContainer[BrokenField]
    retry_after: int
    def __init__(self, code: _Optional[str] = ..., params_json: _Optional[bytes] = ..., errors: _Optional[_Iterable[_Union[BrokenField, _Mapping]]] = ..., retry_after: _Optional[int] = ...) -> None: ...

class BrokenField(_message.Message):
    __slots__ = ("field", "rule", "message")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    field: str
    rule: str
    message: str
    def __init__(self, field: _Optional[str] = ..., rule: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
