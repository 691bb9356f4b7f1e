"""Refusals as clients of the real server know them: gRPC status, the text some clients parse, the trailers others read."""

from __future__ import annotations

from enum import IntEnum
from urllib.parse import quote

from google.protobuf import empty_pb2
from google.protobuf.message import Message

from grenier_infra.eventnode import wire
from grenier_infra.eventnode.protos import shared_pb2, status_pb2, streams_pb2
from grenier_infra.eventnode.requests import Accepted, Deleted, Outcome, WrongVersion
from grenier_infra.eventnode.rules import ANY, EXISTS, NO_EVENTS, NO_STREAM

PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))


class Status(IntEnum):
    """gRPC's status codes, as far as they are answered."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15


class Refusal(Exception):
    """A call ends with this status, text and trailers."""

    def __init__(self, status: Status, details: str, **trailers: object) -> None:
        """Name trailers with underscores; values become printable ASCII."""
        super().__init__(details)
        self.status = status
        self.details = details
        self.trailers = {
            name.replace("_", "-"): quote(str(value), safe=PRINTABLE) for name, value in trailers.items() if value != ""
        }


def stream_deleted(stream: str) -> Refusal:
    """The stream is tombstoned."""
    return Refusal(
        Status.FAILED_PRECONDITION,
        f"Event stream '{stream}' is deleted.",
        exception="stream-deleted",
        stream_name=stream,
    )


def wrong_version(stream: str, expected: int, actual: int) -> Refusal:
    """The stream is not at the expected version; clients read the numbers from the text or from the trailers."""
    return Refusal(
        Status.FAILED_PRECONDITION,
        f"Append failed due to WrongExpectedVersion. Stream: {stream}, Expected version: {expected}, "
        f"Actual version: {actual}",
        exception="wrong-expected-version",
        stream_name=stream,
        expected_version=expected,
        actual_version=actual,
    )


def not_leader(host: str, port: int) -> Refusal:
    """The call needs the leader, which is elsewhere."""
    return Refusal(
        Status.NOT_FOUND,
        "Leader info available",
        exception="not-leader",
        leader_endpoint_host=host,
        leader_endpoint_port=port,
    )


def append_too_large(limit: int) -> Refusal:
    """The events of one append are larger than the limit, in bytes."""
    return Refusal(
        Status.INVALID_ARGUMENT,
        f"Maximum Append Size of {limit} Exceeded.",
        exception="maximum-append-size-exceeded",
        maximum_append_size=limit,
    )


def missing_metadata(name: str) -> Refusal:
    """A proposed event lacks a required property such as its type."""
    return Refusal(
        Status.INVALID_ARGUMENT,
        f"Required Metadata Property '{name}' is missing",
        exception="missing-required-metadata-property",
        missing_required_metadata_property=name,
        required_metadata_properties=name,
    )


def invalid(details: str) -> Refusal:
    """The request makes no sense."""
    return Refusal(Status.INVALID_ARGUMENT, details)


def unavailable(details: str) -> Refusal:
    """The node cannot answer now; whether a write was done is unknown to the caller."""
    return Refusal(Status.UNAVAILABLE, details)


# persistent subscriptions


def _about_group(status: Status, exception: str, details: str, stream: str, group: str, **more: object) -> Refusal:
    return Refusal(status, details, exception=exception, stream_name=stream, group_name=group, **more)


def group_exists(stream: str, group: str) -> Refusal:
    """There is a group of this name on the stream already."""
    details = f"Subscription group {group} on stream {stream} exists."
    return _about_group(Status.ALREADY_EXISTS, "persistent-subscription-exists", details, stream, group)


def group_missing(stream: str, group: str) -> Refusal:
    """There is no such group; clients compare the text."""
    details = f"Subscription group {group} on stream {stream} does not exist."
    return _about_group(Status.NOT_FOUND, "persistent-subscription-does-not-exist", details, stream, group)


def group_full(stream: str, group: str) -> Refusal:
    """The group has as many consumers as it may; clients know the beginning of the text."""
    details = f"Maximum subscriptions reached for subscription group {group} on stream {stream}."
    return _about_group(Status.FAILED_PRECONDITION, "maximum-subscribers-reached", details, stream, group)


def group_dropped(stream: str, group: str) -> Refusal:
    """The group was deleted, updated or restarted while its consumer was reading."""
    details = f"Subscription group {group} on stream {stream} was dropped."
    return _about_group(Status.CANCELLED, "persistent-subscription-dropped", details, stream, group)


def group_failed(stream: str, group: str, reason: str) -> Refusal:
    """The settings of a group cannot work."""
    details = f"Subscription group {group} on stream {stream} failed: '{reason}'"
    return _about_group(Status.INTERNAL, "persistent-subscription-failed", details, stream, group, reason=reason)


def no_room(details: str) -> Refusal:
    """The disk is full: nothing was written, and reading goes on."""
    return Refusal(Status.RESOURCE_EXHAUSTED, f"Read-only: {details}")


# answers to Append


def append_response(outcome: Outcome, stream: str, expected: int) -> streams_pb2.AppendResp:
    """Answer a single append. Errors: Refusal for a deleted stream."""
    if isinstance(outcome, Deleted):
        raise stream_deleted(stream)
    response = streams_pb2.AppendResp()
    if isinstance(outcome, WrongVersion):
        _fill_wrong_version(response.wrong_expected_version, expected, outcome.actual)
        return response
    if outcome.revision == NO_EVENTS:
        response.success.no_stream.SetInParent()
    else:
        response.success.current_revision = outcome.revision
    if outcome.position is None:
        response.success.no_position.SetInParent()
    else:
        response.success.position.commit_position = outcome.position
        response.success.position.prepare_position = outcome.position
    return response


def append_answer(outcome: Outcome, stream: str, expected: int) -> bytes:
    """Encode the answer to a single append; the usual one by hand, which costs a third. Errors: Refusal."""
    if not isinstance(outcome, Accepted) or outcome.revision == NO_EVENTS or outcome.position is None:
        return append_response(outcome, stream, expected).SerializeToString()
    place = wire.varint(outcome.position)
    position = b"\x08" + place + b"\x10" + place  # commit and prepare
    revision = b"\x08" + wire.varint(outcome.revision)
    success = revision + b"\x1a" + bytes((len(position),)) + position
    return b"\x0a" + bytes((len(success),)) + success


def _fill_wrong_version(wrong: streams_pb2.AppendResp.WrongExpectedVersion, expected: int, actual: int) -> None:
    if actual == NO_EVENTS:
        wrong.current_no_stream.SetInParent()
        wrong.no_stream_20_6_0.SetInParent()
    else:
        wrong.current_revision = wrong.current_revision_20_6_0 = actual
    if expected == ANY:
        wrong.expected_any.SetInParent()
        wrong.any_20_6_0.SetInParent()
    elif expected == EXISTS:
        wrong.expected_stream_exists.SetInParent()
        wrong.stream_exists_20_6_0.SetInParent()
    elif expected == NO_STREAM:
        wrong.expected_no_stream.SetInParent()
    else:
        wrong.expected_revision = wrong.expected_revision_20_6_0 = expected


# answers to BatchAppend

_ALREADY_EXISTS, _NOT_FOUND, _INVALID, _FAILED_PRECONDITION, _DEADLINE = 6, 5, 3, 9, 4


def batch_response(outcome: Outcome, stream: str, expected: int) -> streams_pb2.BatchAppendResp:
    """Answer one batch; the correlation id and the echo of the options are the caller's."""
    if isinstance(outcome, Accepted):
        return _batch_success(outcome)
    if isinstance(outcome, WrongVersion):
        return _batch_wrong_version(outcome, expected)
    deleted = shared_pb2.StreamDeleted()
    deleted.stream_identifier.stream_name = stream.encode()
    return batch_error(_FAILED_PRECONDITION, f"Event stream '{stream}' is deleted.", deleted)


def _batch_success(outcome: Accepted) -> streams_pb2.BatchAppendResp:
    response = streams_pb2.BatchAppendResp()
    if outcome.revision == NO_EVENTS:
        response.success.no_stream.SetInParent()
    else:
        response.success.current_revision = outcome.revision
    if outcome.position is None:
        response.success.no_position.SetInParent()
    else:
        response.success.position.commit_position = outcome.position
        response.success.position.prepare_position = outcome.position
    return response


def _batch_wrong_version(outcome: WrongVersion, expected: int) -> streams_pb2.BatchAppendResp:
    wrong = shared_pb2.WrongExpectedVersion()
    if outcome.actual == NO_EVENTS:
        wrong.current_no_stream.CopyFrom(empty_pb2.Empty())
    else:
        wrong.current_stream_revision = outcome.actual
    if expected >= 0:
        wrong.expected_stream_position = expected
    else:
        names = {ANY: "expected_any", EXISTS: "expected_stream_exists", NO_STREAM: "expected_no_stream"}
        getattr(wrong, names[expected]).SetInParent()
    return batch_error(_ALREADY_EXISTS, "WrongExpectedVersion", wrong)


def batch_too_large(limit: int) -> streams_pb2.BatchAppendResp:
    """The events of one batch are larger than the limit, in bytes."""
    return batch_error(
        _INVALID, f"Maximum Append Size of {limit} Exceeded.", shared_pb2.MaximumAppendSizeExceeded(maxAppendSize=limit)
    )


def batch_timeout() -> streams_pb2.BatchAppendResp:
    """The batch was not written before its deadline; it may still be."""
    return batch_error(_DEADLINE, "Timeout", shared_pb2.Timeout())


def batch_bad_request(message: str) -> streams_pb2.BatchAppendResp:
    """The batch makes no sense."""
    return batch_error(_INVALID, message, shared_pb2.BadRequest(message=message))


def batch_error(code: int, message: str, details: Message) -> streams_pb2.BatchAppendResp:
    """Answer a batch with an error of this type."""
    status = status_pb2.Status(code=code, message=message)  # type: ignore[arg-type]
    status.details.Pack(details)
    return streams_pb2.BatchAppendResp(error=status)
