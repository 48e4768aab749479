"""The arrows between folders, and inside a service, read off the imports."""

import ast
import sys
from pathlib import Path

import pytest

from shared.services import ROOT, names

# Inside a service: what each file may take from its own service.
OWN = {
    "settings": set(),
    "schemas": set(),
    "model": set(),
    "features": {"settings"},
    "predictor": {"features", "model"},  # these three only where a service answers from what people add
    "journal": set(),
    "ledger": set(),
    "engine": {"features", "model", "predictor", "journal", "ledger", "schemas", "settings"},
    "app": {"engine", "schemas", "settings"},
    "prepare": {"features", "settings"},
    "train": {"features", "model", "settings"},
    "evaluate": {"engine", "features", "model", "predictor", "schemas", "settings", "train"},
}
# Libraries a file must not know.
FORBIDDEN = {
    "schemas": {"torch", "fastapi", "numpy", "pandas"},
    "features": {"fastapi", "pandas"},
    "model": {"fastapi", "pandas", "PIL", "shared"},
    "engine": {"fastapi", "pandas"},
    "app": {"torch", "numpy", "pandas"},
    "predictor": {"fastapi", "pandas", "pydantic", "shared"},
    "journal": {"torch", "numpy", "fastapi", "pandas", "pydantic"},
    "ledger": {"torch", "fastapi", "pandas", "pydantic", "shared"},
}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(file: Path) -> set[str]:
    """Every module named by an import statement in `file`, wherever in it."""
    tree = ast.walk(ast.parse(file.read_text()))
    named: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: import by the full path"
            named |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return named


def tops(file: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(file)}


@pytest.mark.parametrize("file", modules("shared"), ids=str)
def test_shared_imports_neither_services_nor_gateway(file: Path) -> None:
    assert not tops(file) & {"services", "gateway", "tests"}


@pytest.mark.parametrize("file", modules("gateway"), ids=str)
def test_the_gateway_imports_no_service_and_no_torch(file: Path) -> None:
    assert not tops(file) & {"services", "torch", "torchvision", "numpy", "faiss", "tests"}


@pytest.mark.parametrize("name", names())
def test_no_service_stands_in_the_code_of_gateway_or_shared(name: str) -> None:
    for file in modules("gateway") + modules("shared"):
        code = ast.unparse(without_docstrings(ast.parse(file.read_text())))
        assert f"'{name}'" not in code
        assert f"/{name}/" not in code


def without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            node.body = body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
    return tree


@pytest.mark.parametrize("name", names())
def test_services_never_import_each_other(name: str) -> None:
    for file in modules(f"services/{name}"):
        theirs = {found.split(".")[1] for found in imports(file) if found.startswith("services.")}
        assert theirs <= {name}, file
        assert not tops(file) & {"gateway", "tests"}, file


@pytest.mark.parametrize("name", names())
def test_inside_a_service_the_arrows_point_from_http_to_tensors(name: str) -> None:
    for file in modules(f"services/{name}"):
        own = {found.split(".")[2] for found in imports(file) if found.startswith(f"services.{name}.")}
        role = role_of(file, name)
        roles = own & set(OWN) - {role}
        assert roles <= OWN.get(role, set(OWN) - {"app"}), f"{file} imports {roles}"
        assert not tops(file) & FORBIDDEN.get(role, set()), file


def role_of(file: Path, name: str) -> str:
    """What a file is for: its name, or that of its folder when one file became many (schemas/pair.py is schemas)."""
    return Path(file.relative_to(ROOT / "services" / name).parts[0]).stem


@pytest.mark.parametrize("name", names())
def test_what_is_published_is_measured_through_what_is_served(name: str) -> None:
    """The engine itself; or, where every split is a training of its own, the predictor that the engine answers by."""
    engine, evaluate = (f"services.{name}.{role}" for role in ("engine", "evaluate"))
    through_the_engine = engine in imports(ROOT / "services" / name / "evaluate.py")
    assert through_the_engine or f"services.{name}.predictor" in reached(engine) & reached(evaluate)


def reached(module: str) -> set[str]:
    """Every module of the service that `module` imports, or that one of those does."""
    service, found, waiting = ".".join(module.split(".")[:2]), set[str](), [module]
    while waiting:
        if (file := file_of(waiting.pop())) is not None:
            new = {name for name in imports(file) if name.startswith(f"{service}.")} - found
            found, waiting = found | new, waiting + sorted(new)
    return found


def file_of(module: str) -> Path | None:
    """None for a name inside a module."""
    path = ROOT / Path(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


@pytest.mark.parametrize("name", names())
def test_every_service_has_the_same_files(name: str) -> None:
    expected = {"__init__", "settings", "schemas", "features", "model", "engine", "app", "prepare", "train", "evaluate"}
    assert expected <= {role_of(file, name) for file in modules(f"services/{name}")}
    assert (ROOT / "services" / name / "README.md").exists()


@pytest.mark.parametrize("name", names())
def test_the_procfile_and_the_dependency_groups_know_every_service(name: str) -> None:
    assert f"{name}: python -m shared.keep services.{name}\n" in (ROOT / "Procfile").read_text()
    assert f"\n{name} = [" in (ROOT / "pyproject.toml").read_text()


def test_the_gateway_runs_where_there_is_no_torch() -> None:
    import subprocess

    import gateway.app  # noqa: F401 (imported for what it brings along)

    code = "import sys, gateway.app; sys.exit(bool({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
