"""The SDK's sandbox without two things that it does again and again.

Owns two shortcuts. Payloads: before it writes or reads one, temporalio 1.35 asks the workflow instance, inside its sandbox and three times
over, for the serialization context that the data converter may want. Ours wants none, and the trips were a tenth of a worker's CPU per
case (`make bench`). Bare classes: for each run the SDK imports the module of the workflow's class anew, declares the class and judges it
once more, 5 ms whenever a case comes back into a worker's cache. The module of a case's type holds nothing but the class, whose rules were
passed through all along; so it is imported in the sandbox once, when the worker is built, and passed through from then on.

Must never be used with a converter that wants a context (`lean_sandbox` refuses it), nor call a class bare whose module decides anything:
in a module that is passed through, a look at the machine's clock is no error. Called by worker.py and replays.
"""

from collections.abc import Collection

from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import DataConverter, SerializationContext, StorageDriverStoreContext, WorkflowSerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

_PROBE = WorkflowSerializationContext(namespace="any", workflow_id="any")


class _LeanInstance(WorkflowInstance):
    """One case in its sandbox; only its work is done in there."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: object) -> SerializationContext | None:
        del command_info
        return None

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        del command_info
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


class _LeanRunner(SandboxedWorkflowRunner):
    """Looks once whether a workflow's module may be imported in there, however many workers and replays use it."""

    _prepared: set[type]
    _may_be_bare: frozenset[type]
    _bare: dict[type, SandboxedWorkflowRunner]  # once they were looked at

    def __init__(self, restrictions: SandboxRestrictions, bare: Collection[type]) -> None:
        super().__init__(restrictions=restrictions)
        for name, value in {"_prepared": set(), "_may_be_bare": frozenset(bare), "_bare": {}}.items():
            object.__setattr__(self, name, value)  # the SDK's runner is a frozen dataclass

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        if defn.cls not in self._prepared:
            super().prepare_workflow(defn)
            self._prepared.add(defn.cls)
            if defn.cls in self._may_be_bare:
                self._bare[defn.cls] = SandboxedWorkflowRunner(self.restrictions.with_passthrough_modules(defn.cls.__module__))

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        bare = self._bare.get(det.defn.cls)
        return _LeanInstance(super().create_instance(det) if bare is None else bare.create_instance(det))


def lean_sandbox(restrictions: SandboxRestrictions, converter: DataConverter, bare: Collection[type] = ()) -> SandboxedWorkflowRunner:
    """The sandbox for workers whose client has `converter`; the classes in `bare` are shared by their runs.

    Raises ValueError if the converter depends on a serialization context or stores payloads elsewhere.
    """
    if converter.with_context(_PROBE) is not converter or converter.external_storage is not None:
        raise ValueError("the data converter depends on a serialization context or stores payloads elsewhere: use the SDK's own sandbox")
    return _LeanRunner(restrictions, bare)
