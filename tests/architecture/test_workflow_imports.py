"""What a workflow pulls into its process: nothing heavy, nothing of the vendors, and the sandbox accepts it."""

import subprocess
import sys

HEAVY = ("sqlalchemy", "sendgrid", "twilio", "httpx2", "holidays", "babel", "jinja2", "starlette", "typer", "phonenumbers")


def test_the_workflows_import_graph_is_light() -> None:
    code = "import sys, workflows.refund_case, workflows.dispute_case, workflows.delay_case; print(' '.join(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = sorted({module.split(".")[0] for module in modules} & set(HEAVY))
    assert heavy == []


def test_the_top_level_is_as_prescribed() -> None:
    code = "import policies, workflows, activities, starter, store, worker"
    subprocess.run([sys.executable, "-c", code], check=True)
