"""What is wrong with a prompt, in the bodies that ComfyUI answers with: one error for the whole, errors for each node.

Texts and shapes are those recorded from 0.3.64; what the newer generation says otherwise is read from its source. Pure:
called by the route that takes prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from headway.testing.comfyui.graph import Prompt, cycle, link_of
from headway.testing.comfyui.nodes import NODES, Input, Node

Error: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Verdict:
    """`error` is None when something can run: `outputs`. `node_errors` may stand beside it (partly valid)."""

    error: Error | None = None
    outputs: list[str] = field(default_factory=list[str])
    node_errors: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def verdict(prompt: Any, wanted: list[str] | None, files: Callable[[str], bool], *, newer: bool) -> Verdict:
    """Judge a prompt. `wanted` are the only outputs asked for, `files` tells whether an input file is there."""
    for id in prompt:
        if (error := _unknown_node(id, prompt[id], newer=newer)) is not None:
            return Verdict(error)
    outputs = [id for id in prompt if NODES[prompt[id]["class_type"]].output and (wanted is None or id in wanted)]
    if not outputs:
        return Verdict(_error("prompt_no_outputs", "Prompt has no outputs"))
    return _Validation(prompt, files, newer=newer).verdict(outputs)


def _error(type: str, message: str, details: str = "", **extra: Any) -> Error:
    return {"type": type, "message": message, "details": details, "extra_info": extra}


def _unknown_node(id: str, node: Mapping[str, Any], *, newer: bool) -> Error | None:
    if "class_type" in node and node["class_type"] in NODES:
        return None
    details, known = f"Node ID '#{id}'", "class_type" in node
    if not newer:
        missing = "Cannot execute because a node is missing the class_type property."
        absent = f"Cannot execute because node {node['class_type']} does not exist." if known else missing
        return _error("invalid_prompt", absent, details)
    class_type = node["class_type"] if known else None
    title = node["_meta"].get("title") if known and "_meta" in node else None
    message = (
        f"Node '{title or class_type}' not found. The custom node may not be installed."
        if known
        else f"Node '{title or f'ID #{id}'}' has no class_type. The workflow may be corrupted or a custom node is missing."
    )
    return _error(
        "missing_node_type", message, details, node_id=id, class_type=class_type, node_title=title or class_type
    )


class _Validation:
    """One prompt; what was found out about a node is remembered, because several outputs may need it."""

    def __init__(self, prompt: Prompt, files: Callable[[str], bool], *, newer: bool) -> None:
        self._prompt = prompt
        self._files = files
        self._newer = newer
        self._errors: dict[str, list[Error]] = {}
        self._valid: dict[str, bool] = {}

    def verdict(self, outputs: list[str]) -> Verdict:
        found = Verdict()
        details: list[str] = []
        for output in outputs:
            if self._judged(output):
                found.outputs.append(output)
                continue
            details += [f"{error['message']}: {error['details']}" for error in self._errors.get(output, [])]
            self._report(output, found.node_errors)
        if not found.outputs:
            failed = "Prompt outputs failed validation"
            found.error = _error("prompt_outputs_failed_validation", failed, "\n".join(details))
        return found

    def _judged(self, output: str) -> bool:
        if loop := cycle(self._prompt, output):
            self._note_loop(loop)
            return False
        try:
            return self._is_valid(output)
        except Exception as failed:  # noqa: BLE001 - whatever a broken prompt breaks is told, as there
            extra: dict[str, Any] = {"exception_type": type(failed).__name__, "traceback": []}
            told = _error("exception_during_validation", "Exception when validating node", str(failed), **extra)
            self._errors[output], self._valid[output] = [told], False
            return False

    def _report(self, output: str, into: dict[str, dict[str, Any]]) -> None:
        """Every node with errors of its own that was looked at so far, as there: also one of another output."""
        for id, errors in self._errors.items():
            if errors:
                class_type = self._prompt[id]["class_type"]
                entry = into.setdefault(id, {"errors": errors, "dependent_outputs": [], "class_type": class_type})
                entry["dependent_outputs"].append(output)

    def _note_loop(self, loop: list[str]) -> None:
        """0.3.64 says nothing at all of a loop; the newer one names it."""
        if not self._newer:
            return
        way = " -> ".join(f"{id} ({self._prompt[id]['class_type']})" for id in loop)
        for id in dict.fromkeys(loop):
            more = {"node_id": id, "cycle_nodes": list(dict.fromkeys(loop))}
            self._errors[id] = [_error("dependency_cycle", "Dependency cycle detected", way, **more)]

    # -- one node ----------------------------------------------------------------------------------------------------

    def _is_valid(self, id: str) -> bool:
        if id not in self._valid:
            node = NODES[self._prompt[id]["class_type"]]
            inputs: dict[str, Any] = self._prompt[id]["inputs"]  # type: ignore[assignment]
            errors = self._errors.setdefault(id, [])
            before = [self._input(node, inputs, name, errors) for name in node.inputs]
            errors += self._missing_file(node, inputs)
            self._valid[id] = all(before) and not errors
        return self._valid[id]

    def _input(self, node: Node, inputs: dict[str, Any], name: str, errors: list[Error]) -> bool:
        """Note what is wrong with one input; False when a node before it is not valid."""
        spec = node.inputs[name]
        if name not in inputs:
            if spec.required:
                missing = "Required input is missing"
                errors.append(_error("required_input_missing", missing, name, input_name=name))
            return True
        if isinstance(inputs[name], list):
            return self._linked(spec, name, inputs[name], errors)
        told = _converted(spec, inputs, name)
        if told is None and name != node.needs_file:
            told = _outside(spec, name, inputs[name])
        if told is not None:
            errors.append(told)
        return True

    def _linked(self, spec: Input, name: str, value: list[Any], errors: list[Error]) -> bool:
        about = {"input_name": name, "input_config": spec.config()}
        if len(value) != 2:
            bad = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            errors.append(_error("bad_linked_input", bad, name, **about, received_value=value))
            return True
        other, slot = link_of(value) or (value[0], value[1])
        received = NODES[self._prompt[other]["class_type"]].returns[slot]
        if "*" not in {received, spec.type} and received != spec.type:
            wanted = spec.config()[0]
            details = f"{name}, received_type({received}) mismatch input_type({wanted})"
            mismatch = "Return type mismatch between linked nodes"
            about |= {"received_type": received, "linked_node": value}
            errors.append(_error("return_type_mismatch", mismatch, details, **about))
            return True
        return self._is_valid(other)

    def _missing_file(self, node: Node, inputs: Mapping[str, Any]) -> list[Error]:
        name = node.needs_file
        if not name or name not in inputs or self._files(str(inputs[name])):
            return []
        details = f"{name} - Invalid image file: {inputs[name]}"
        failed = "Custom validation failed for node"
        return [_error("custom_validation_failed", failed, details, input_name=name)]


_CONVERTERS: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


def _converted(spec: Input, inputs: dict[str, Any], name: str) -> Error | None:
    """Put the value into its type in place, as there: "12" is a number."""
    convert = _CONVERTERS.get(spec.type) if isinstance(spec.type, str) else None
    if convert is None:
        return None
    value = inputs[name]
    try:
        inputs[name] = convert(value)
    except (TypeError, ValueError) as failed:
        told = f"Failed to convert an input value to a {spec.type} value"
        about = {"input_name": name, "input_config": spec.config(), "received_value": value}
        details = f"{name}, {value}, {failed}"
        return _error("invalid_input_type", told, details, **about, exception_message=str(failed))
    return None


def _outside(spec: Input, name: str, value: Any) -> Error | None:
    about = {"input_name": name, "input_config": spec.config(), "received_value": value}
    if "min" in spec.options and value < spec.options["min"]:
        low = f"Value {value} smaller than min of {spec.options['min']}"
        return _error("value_smaller_than_min", low, name, **about)
    if "max" in spec.options and value > spec.options["max"]:
        high = f"Value {value} bigger than max of {spec.options['max']}"
        return _error("value_bigger_than_max", high, name, **about)
    if isinstance(spec.type, tuple) and value not in spec.type:
        details = f"{name}: {value!r} not in {list(spec.type)}"
        return _error("value_not_in_list", "Value not in list", details, **about)
    return None
