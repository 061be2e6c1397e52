"""What labs and exercises still lack, for `vitcourse build --check`: every piece in one list. It reads text only."""

import ast

from ..exercises import LABS, module_name
from ..workbook.reference_text import BEGIN

MARK = "TODO(author)"  # what a new file has where its author must write
QUOTE = '"'  # where a text ends
LEAST = {"mistakes": 6, "alternatives": 3}


def missing_pieces(root, labs=LABS):
    """What is missing in a checkout, a sentence each with the file in front; none for a folder without the package."""
    if not (root / "vitcourse" / "exercises").is_dir():
        return []
    found = [f"vitcourse/exercises/__init__.py:{line}" for line in marks(root / "vitcourse/exercises/__init__.py")]
    for lab in labs:
        files = lab_files(lab)
        found += [f"{file}: missing: {what}" for file, what in files.items() if not (root / file).is_file()]
        if not lab.exercises:
            found.append(f"labs/{lab.file_stem}.md: the plan gives lab {lab.number:02d} no exercise")
        for name in lab.exercises:
            found += missing_of(root, lab, name)
        modules = [f"vitcourse/exercises/{lab.stem}/{module_name(name)}.py" for name in lab.exercises]
        found += [f"{file}:{line}" for file in [*files, *modules] for line in marks(root / file)]
    return found + unplanned(root, labs)


def lab_files(lab):
    """The files that a lab has besides its exercises' modules: path -> what it holds."""
    return {
        f"labs/{lab.file_stem}.md": "the lab's master",
        f"vitcourse/reference/{lab.stem}.py": "the lab's answers",
        f"vitcourse/exercises/{lab.stem}/__init__.py": "the folder of the lab's checks",
        f"tests/exercises/alternatives_{lab.stem}.py": "other right answers",
        f"tests/reference/test_{lab.stem}.py": "tests of the answers against another implementation",
    }


def missing_of(root, lab, name):
    """What one exercise lacks."""
    found = []
    path = f"vitcourse/reference/{lab.stem}.py"
    if (root / path).is_file():
        text = (root / path).read_text(encoding="utf-8")
        nodes = [node for node in ast.parse(text).body if getattr(node, "name", None) == name]
        answer = "\n".join(ast.get_source_segment(text, node) or "" for node in nodes)
        if not nodes:
            found.append(f"{path}: missing: the answer {name}")
        elif "# TODO: " not in answer or BEGIN not in answer:
            found.append(f"{path}: {name} has no `# TODO: ` with {BEGIN!r} below it")
    path = f"tests/exercises/alternatives_{lab.stem}.py"
    if (root / path).is_file():
        number = alternatives(root / path).get(name, 0)
        if number < LEAST["alternatives"]:
            least = LEAST["alternatives"]
            found.append(f"{path}: {name} has {number} right answers of other kinds, at least {least} are asked")
    path = f"vitcourse/exercises/{lab.stem}/{module_name(name)}.py"
    if not (root / path).is_file():
        return [*found, f"{path}: missing: the check of {name}"]
    return found + [f"{path}: {reason}" for reason in check_lacks(root / path, name)]


def check_lacks(path, name):
    """What the module of an exercise's check lacks."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    calls = [node.value for node in assignments if getattr(node.targets[0], "id", None) == "EXERCISE"]
    if not calls:
        return ["missing: EXERCISE = Exercise(…) at its end"]
    fields = {keyword.arg: keyword.value for keyword in calls[0].keywords}
    found = [f"missing: `{field}=`" for field in ("id", "draw", "probe", "mistakes", "hints") if field not in fields]
    if "id" in fields and text_of(fields["id"]) != name:
        found.append(f"its id is {text_of(fields['id'])!r}, and the plan says {name!r}")
    mistakes = getattr(fields.get("mistakes"), "elts", [])
    if len(mistakes) < LEAST["mistakes"]:
        found.append(
            f"it knows {len(mistakes)} mistake{'s' * (len(mistakes) != 1)}, at least {LEAST['mistakes']} are asked"
        )
    for mistake in mistakes:
        given = dict(zip(("id", "change", "message", "hint"), mistake.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in mistake.keywords}
        for field in ("message", "hint"):
            if not text_of(given.get(field)):
                found.append(f"the mistake {text_of(given.get('id'))!r} has no {field}")
    hints = [text_of(hint) for hint in getattr(fields.get("hints"), "elts", [])]
    if len(hints) != 3 or not all(hints):
        found.append(f"it has {sum(map(bool, hints))} hints; there are three: the idea, the shapes, almost the code")
    return found


def text_of(node):
    """A node's text when it is one, else None."""
    if isinstance(node, ast.JoinedStr):
        return ast.unparse(node)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def alternatives(path):
    """exercise id -> how many other right answers a module lists, in ALTERNATIVES = {…} and ALTERNATIVES[…] = […]."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            found |= {text_of(k): len(v.elts) for k, v in zip(node.value.keys, node.value.values, strict=True)}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            found[text_of(node.targets[0].slice)] = len(node.value.elts)
    return found


def marks(path):
    """`line: what stands there` for each mark that an author has left in a file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    marked = [(number, line) for number, line in enumerate(lines, 1) if MARK in line]
    return [f"{number}: {line[line.index(MARK) :].split(QUOTE)[0].strip()}" for number, line in marked]


def unplanned(root, labs):
    """Checks that no lab of the plan asks for."""
    planned = {(lab.stem, module_name(name)) for lab in labs for name in lab.exercises}
    paths = sorted((root / "vitcourse" / "exercises").glob("*/*.py"))
    loose = [p for p in paths if p.stem not in ("__init__", "common") and (p.parent.name, p.stem) not in planned]
    return [f"{path.relative_to(root).as_posix()}: no lab of the plan has this exercise" for path in loose]
