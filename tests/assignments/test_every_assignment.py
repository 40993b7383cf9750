"""What holds for every assignment: a new folder in assignments/source is tested here without a line more."""

import functools
import importlib.util
import inspect
import io
import itertools
import json
import os
import pathlib
import re
import shutil
import time
import zipfile

import numpy as np
import pytest

from minidet.grading.assignments.assignment import blank_solutions, load, run_answer, run_file, solution_lines
from minidet.grading.assignments.cells import read_notebook
from minidet.grading.assignments.public_cases import read_public
from minidet.grading.assignments.release import notebook, release, release_zip, released_files, sources, term_of
from minidet.grading.intake.answers import answers_of, read_answers
from minidet.grading.intake.submissions import find_submissions
from minidet.grading.public.check import LIMITS, check_question
from minidet.grading.public.runs import Answer
from minidet.grading.sandbox.own_machine import running
from minidet.grading.scoring.batch import wanted_of
from minidet.grading.scoring.points import drawn, in_process, score_calls, score_functions

from .replacements import as_columns, loses, misconception, replaced

ROOT = pathlib.Path(__file__).parents[2]
ASSIGNMENTS = ROOT / "assignments"
SOURCES = sources(ASSIGNMENTS)
SEEDS = (1, 2, 3)


@functools.cache
def choices(source):
    """Return variants for every question, so often that each variant comes once."""
    variants = run_file(source / "questions.py").VARIANTS
    most = max(map(len, variants.values()))
    return [{question: names[i % len(names)] for question, names in variants.items()} for i in range(most)]


@functools.cache
def assignment_of(source, number=None):
    """Return an assignment as released, or with the variants of a choice."""
    return load(source, term_of(ASSIGNMENTS), variants=None if number is None else choices(source)[number])


@functools.cache
def released_text(name):
    return "\n".join(path.read_text() for path in released_files(ASSIGNMENTS / name) if path.suffix != ".npz")


def normalised(lines):
    return {re.sub(r"\s+", "", line.split("  #")[0]) for line in lines}


@functools.cache
def kept(source, number, question, part, seed, draws):
    """Return a part's calls and their results: drawn once for all answers that are tried."""
    assignment = assignment_of(source, number)
    question = assignment.questions[question]
    return list(drawn(assignment, question, question.parts[part], seed, draws))


def scores_of(functions, source, number, seed, questions=None):
    """Score functions on some questions, or all."""

    def cases(assignment, question, part, seed, draws):
        return kept(source, number, assignment.questions.index(question), question.parts.index(part), seed, draws)

    assignment = assignment_of(source, number)
    return [score for question in (assignment.questions if questions is None else questions)
            for score in score_calls(in_process(functions), assignment, question, seed, cases=cases)]  # fmt: skip


def source_name(source):
    return source.name.split("_")[0]


each = pytest.mark.parametrize("source", SOURCES, ids=source_name)
each_choice = pytest.mark.parametrize(
    "source, number", [(source, i) for source in SOURCES for i in range(len(choices(source)))],
    ids=lambda value: value if isinstance(value, int) else source_name(value))  # fmt: skip
each_wrong = pytest.mark.parametrize(
    "path", [path for source in SOURCES for path in sorted((source / "wrong").glob("*.py"))],
    ids=lambda path: f"{source_name(path.parents[1])}-{path.stem}")  # fmt: skip


def test_there_are_eight_assignments():
    assert [source_name(source) for source in SOURCES] == [f"a{number}" for number in range(1, 9)]


# what is released


@each
def test_making_it_again_leaves_no_difference(source, tmp_path):
    shutil.copytree(ASSIGNMENTS / source.name, tmp_path / source.name)
    release(assignment_of(source), tmp_path)
    for path in released_files(ASSIGNMENTS / source.name):
        assert (tmp_path / source.name / path.name).read_bytes() == path.read_bytes(), f"{path.name}: make assignments"
    assert len(list((tmp_path / source.name).iterdir())) == 3, "nothing else belongs there"


@each
def test_no_solution_is_in_what_is_released(source):
    text = normalised(
        line for part in released_text(source.name).splitlines() for line in [part.strip().strip('",\\n')]
    )
    whole = "\n".join(text)
    assert "SOLUTION" not in whole
    for number in range(len(choices(source))):
        for cell in assignment_of(source, number).cells:
            for line in normalised(solution_lines(cell)):
                if len(line) >= 20 and not line.endswith((".shape", ":")) and not line.startswith("#"):
                    assert json.dumps(line)[1:-1] not in whole, f"{cell.question}: {line}"


@each
def test_no_hidden_check_is_in_what_is_released(source):
    text = re.sub(r"\s+", "", released_text(source.name))
    module = run_file(source / "questions.py")
    graded = assignment_of(source).allowed_names
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            assert name in graded or f"def{name}(" not in text, name
    for line in normalised((source / "questions.py").read_text().splitlines()):
        if "rng" in line and len(line) >= 16:
            assert json.dumps(line)[1:-1] not in text, line
    for path in (source / "wrong").glob("*.py"):
        assert re.sub(r"\s+", "", misconception(path)) not in text


@each
def test_the_archive_holds_three_files_and_always_the_same_bytes(source, tmp_path):
    first = release_zip(ASSIGNMENTS / source.name, tmp_path).read_bytes()
    names = zipfile.ZipFile(io.BytesIO(first)).namelist()
    assert names == [f"{source.name}/{name}" for name in (f"{source.name}.ipynb", "assignment.json", "public.npz")]
    assert release_zip(ASSIGNMENTS / source.name, tmp_path).read_bytes() == first


@each_choice
@pytest.mark.slow
def test_the_notebook_is_valid_in_every_variant(source, number):
    assignment = assignment_of(source, number)
    if importlib.util.find_spec("nbformat"):
        import nbformat

        nbformat.validate(nbformat.reads(notebook(assignment), as_version=4))
    code = [blank_solutions(cell).source for cell in assignment.cells if cell.kind == "code"]
    for source_text in code:
        compile(source_text, "cell", "exec")
    assert f'checks("{assignment.name}")' in code[0]
    asked = "\n".join(code)
    for question in assignment.questions:
        assert f'check("{question.id}")' in asked, "a question is followed by its check"
        assert any(cell.question == question.id for cell in assignment.cells)


# points


@each
def test_the_points_are_100_and_30_of_them_are_on_variants(source):
    assignment = assignment_of(source)
    assert sum(question.points for question in assignment.questions) == 100
    assert sum(question.points for question in assignment.questions if question.id in assignment.variants) >= 30
    assert len({question.id for question in assignment.questions}) == len(assignment.questions)
    assert all(len(names) >= 2 for names in run_file(source / "questions.py").VARIANTS.values())
    for question in assignment.questions:
        assert len({part.name for part in question.parts}) == len(question.parts) >= 1
        assert all(part.points > 0 for part in question.parts)


@each_choice
def test_the_reference_scores_100(source, number):
    assignment = assignment_of(source, number)
    for seed in SEEDS:
        scores = scores_of(assignment.reference, source, number, seed)
        assert sum(score.earned for score in scores) == 100, [score for score in scores if not score.earned]


@each_choice
def test_the_reference_in_other_types_and_memory_orders_scores_100(source, number):
    assignment = assignment_of(source, number)

    def other(function):
        return lambda *args, **kwargs: as_columns(function(*args, **kwargs))

    functions = {name: other(function) for name, function in assignment.reference.items()}
    scores = scores_of(functions, source, number, SEEDS[0])
    assert sum(score.earned for score in scores) == 100, [score for score in scores if not score.earned]


@each_choice
def test_other_solutions_score_100(source, number):
    assignment = assignment_of(source, number)
    alternatives = sorted(source.glob("alternative*.py"))
    assert len(alternatives) >= 2
    for path, seed in itertools.product(alternatives, SEEDS):
        functions = replaced(path, assignment)
        assert set(functions) == assignment.allowed_names, f"{path.name}: another solution for every question"
        scores = scores_of(functions, source, number, seed)
        assert sum(score.earned for score in scores) == 100, (path.name, [s for s in scores if not s.earned])


@each
def test_the_untouched_release_scores_0(source):
    assignment = assignment_of(source)
    answers = read_answers(ASSIGNMENTS / source.name / f"{source.name}.ipynb")
    assert set(answers) == {question.id for question in assignment.questions}
    functions = {}
    for question in assignment.questions:
        functions |= run_answer("\n\n".join(answers[question.id]), question.id)
    scores = score_functions(functions, assignment)
    assert sum(score.earned for score in scores) == 0
    assert {score.kind for score in scores} == {"raised NotImplementedError"}


@each_choice
@pytest.mark.parametrize("trivial", ["None", "0", "first argument", "zeros like it", "ValueError"])
def test_an_answer_that_does_nothing_has_next_to_no_points(source, number, trivial):
    assignment = assignment_of(source, number)

    def nothing(*args, **kwargs):
        if trivial == "ValueError":
            raise ValueError("no")
        first = args[0] if args else None
        zeros = np.zeros_like(first) if isinstance(first, np.ndarray) else first
        return {"None": None, "0": 0.0, "first argument": first, "zeros like it": zeros}[trivial]

    scores = scores_of(dict.fromkeys(assignment.allowed_names, nothing), source, number, SEEDS[0])
    assert sum(score.earned for score in scores) <= 5, [score[:4] for score in scores if score.earned]


@each
def test_there_are_eight_typical_wrong_answers(source):
    paths = sorted((source / "wrong").glob("*.py"))
    assert len(paths) >= 8
    assert len({misconception(path) for path in paths}) == len(paths)
    assert all(len(misconception(path)) > 20 for path in paths)


@each_wrong
@pytest.mark.slow
def test_a_wrong_answer_loses_what_it_should(path):
    source = path.parents[1]
    lost_somewhere = False
    for number in range(len(choices(source))):
        assignment = assignment_of(source, number)
        functions = replaced(path, assignment)
        assert functions or not loses(path, assignment), "a wrong answer replaces a function"
        touched = [one for one in assignment.questions if set(one.functions) & set(functions)]
        declared = loses(path, assignment)
        lost_somewhere |= bool(declared)
        assert {question for question, _ in declared} <= {one.id for one in touched}
        for seed in SEEDS:
            scores = scores_of(assignment.reference | functions, source, number, seed, touched)
            lost = {(score.question, score.part) for score in scores if not score.earned}
            assert lost == declared, (assignment.variants, [score for score in scores if not score.earned])
    assert lost_somewhere, "a wrong answer loses something in some variant"


@each
def test_every_question_is_scored_alone(source):
    """With all other answers missing, each question has its points."""
    assignment = assignment_of(source)
    for question in assignment.questions:
        alone = {name: assignment.reference[name] for name in question.functions}
        scores = score_functions(alone, assignment)
        assert {score.question for score in scores if score.earned} == {question.id}
        assert sum(score.earned for score in scores) == question.points


@each
def test_every_function_is_called(source):
    assignment = assignment_of(source)
    for question in assignment.questions:
        rng = np.random.default_rng(0)
        called = {call.function for part in question.parts for call in assignment.calls(question, part, rng)}
        assert called == set(question.functions)


@each_choice
def test_variants_stand_in_no_notebook_and_in_no_file_of_minidet(source, number):
    files = [*(ROOT / "minidet").rglob("*.py"), *(ROOT / "notebooks").glob("*.py")]
    everything = {path: path.read_text() for path in files}
    assignment = assignment_of(source, number)
    for question in assignment.questions:
        if question.id not in assignment.variants:
            continue
        solution = {line for cell in assignment.cells if cell.question == question.id
                    for line in normalised(solution_lines(cell)) if len(line) >= 12}  # fmt: skip
        for path, text in everything.items():
            for name in question.functions:
                parameters = ", ".join(inspect.signature(assignment.reference[name]).parameters)
                assert f"def {name}({parameters}" not in text, f"{name} in {path}"
            known = solution & normalised(text.splitlines())
            assert len(known) <= len(solution) / 2, f"{question.id} in {path}: {known}"


def test_in_a_folder_that_mixes_assignments_each_run_finds_its_own_and_says_what_else_there_is(tmp_path):
    """Two assignments may ask for a function of the same name: what a file is, all of its functions together say."""
    for source in SOURCES:
        file = f"{source.name}.ipynb"
        for path in (f"all/everybody/{file}", f"one/{source_name(source)}/homework.ipynb"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ASSIGNMENTS / source.name / file, tmp_path / path)
    for source in SOURCES:
        wanted = wanted_of(assignment_of(source))
        others = [other.name for other in SOURCES if other != source]
        said = [f"Files of {other} lie here too (1 submission): this run does not grade them" for other in others]
        export = find_submissions(tmp_path / "all", wanted)
        assert export.notes() == said
        assert [one.file.name for one in export.submissions] == [f"{source.name}.ipynb"]
        export = find_submissions(tmp_path / "one", wanted)
        assert export.notes() == said
        assert [one.student for one in export.submissions if one.file is not None] == [source_name(source)]


# students' own checks


@each
def test_public_checks_take_no_five_seconds_and_all_pass(source, capsys):
    assignment = assignment_of(source)
    started = time.perf_counter()
    public = read_public(ASSIGNMENTS / source.name)
    answers = answers_of(read_notebook(notebook(assignment, solved=True)))
    with running(answers, LIMITS) as runs:
        counts = [check_question(one, runs.call, Answer(answers[one.id])) for one in public.questions]
    assert time.perf_counter() - started < 5
    printed = capsys.readouterr().out
    assert all(passed == of for passed, of in counts), printed
    assert printed.count("public checks passed") == len(public.questions)
    assert "all correct" not in printed.lower()


@each
def test_every_part_has_a_hint(source):
    for question in assignment_of(source).questions:
        assert all(part.hint for part in question.parts), question.id


@each
def test_public_inputs_are_not_the_hidden_ones(source):
    """A part without arrays may have few possible inputs; of the others, none is the same."""
    assignment = assignment_of(source)
    for public, question in zip(read_public(ASSIGNMENTS / source.name).questions, assignment.questions, strict=True):
        for shown, part in zip(public.parts, question.parts, strict=True):
            arrays = [arg for call in shown.cases(None, None) for arg in call.args if isinstance(arg, np.ndarray)]
            seen = {array.tobytes() for array in arrays if array.size > 20 and len(np.unique(array)) > 10}
            hidden = assignment.calls(question, part, np.random.default_rng(1), 2)
            drawn = {arg.tobytes() for call in hidden for arg in call.args if isinstance(arg, np.ndarray)}
            assert not seen & drawn, f"{question.id}, {part.name}"


@each
@pytest.mark.notebooks
@pytest.mark.slow
def test_the_notebook_runs_with_the_right_answers(source, tmp_path, monkeypatch):
    """All its cells: story, checks, and the training at the end."""
    for package in ("nbclient", "nbformat", "ipykernel"):
        pytest.importorskip(package)
    import nbclient
    import nbformat

    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    folder = shutil.copytree(ASSIGNMENTS / source.name, tmp_path / source.name)
    solved = nbformat.reads(notebook(assignment_of(source), solved=True), as_version=4)
    client = nbclient.NotebookClient(solved, timeout=600, kernel_name="python3",
                                     resources={"metadata": {"path": str(folder)}})  # fmt: skip
    client.execute()
    printed = "".join(output.get("text", "") for cell in solved.cells for output in cell.get("outputs", []))
    counts = re.findall(r"public checks passed \((\d+) of (\d+)\)", printed)
    assert len(counts) >= len(assignment_of(source).questions)
    assert "wrong " not in printed
