"""The `vitcourse` command. Nothing heavy is imported before a command is chosen, so that --help is instant."""

import argparse
import os
import sys
import warnings
from dataclasses import fields
from sysconfig import get_path

from .common.errors import CourseError
from .common.places import REPO
from .common.say import make_readable
from .runs.recipes import RECIPES
from .training.config import TrainConfig

MODELS = ("vit", "stem", "deit", "swin", "conv")  # those of runs.kinds; a test compares them
SIZES = ("nano", "micro", "mini", "tiny", "small", "base")  # runs.defaults.SIZES; a test compares them

# Options of `train` that are passed on as they are. (name, type, help)
MODEL_OPTIONS = (
    ("patch-size", int, "side of a patch in pixels"),
    ("embed-dim", int, "width: numbers per token"),
    ("depth", int, "number of blocks"),
    ("num-heads", int, "attention heads; must divide the width"),
    ("mlp-ratio", float, "width of each block's MLP over the width"),
)
KIND_OPTIONS = (("teacher", str, "deit: the folder of a trained run to learn from; without it one is trained first"),)


def main(argv=None):
    """Run one command; returns 0 when done, 1 when it failed and said why, 2 for wrong usage, 130 after Ctrl-C."""
    make_readable()
    parser = make_parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return 2
    try:
        return arguments.run(arguments) or 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, say `head`, has seen enough
        sys.stdout = None
        return 0
    except CourseError as error:
        rank = int(os.environ.get("RANK") or 0)  # of several processes that train together
        print(f"process {rank}: {error}" if rank else error, file=sys.stderr)
        return 1


def make_parser():
    """Return the argument parser with all commands."""
    parser = argparse.ArgumentParser(prog="vitcourse", description="A course on Vision Transformers that you write.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    lab = commands.add_parser("lab", help="open the labs in JupyterLab, in a copy of your own")
    _add_work(lab)
    lab.add_argument("jupyter", nargs="*", help="options for JupyterLab, after --")
    lab.set_defaults(run=run_lab)

    update = commands.add_parser("update", help="take your notebooks to the course as it is now; your answers stay")
    _add_work(update)
    update.set_defaults(run=run_update)

    reset = commands.add_parser("reset", help="make a lab, or one exercise of it, blank; the old one is kept")
    reset.add_argument("lab", metavar="LAB", help="say 03_attention, 03 or attention")
    reset.add_argument("--exercise", metavar="NAME", help="this exercise only, say patchify")
    _add_work(reset)
    reset.set_defaults(run=run_reset)

    progress = commands.add_parser("progress", help="show which exercises are solved")
    progress.set_defaults(run=run_progress)

    doctor = commands.add_parser("doctor", help="say what this machine has and what to do about what is missing")
    doctor.set_defaults(run=run_doctor)

    _add_train(commands)
    _add_explain(commands)

    build = commands.add_parser("build", help="for authors: write the notebooks from labs/")
    build.add_argument("names", nargs="*", metavar="NAME", help="labs to build, say 01_patches; all when left out")
    build.add_argument("--check", action="store_true", help="write nothing; say which notebooks are stale")
    build.add_argument("--learner", action="store_true", help="write the learners' notebooks only; runs nothing")
    build.add_argument("--wrap", action="store_true", help="wrap the masters' long paragraphs; builds nothing")
    build.add_argument("--force", action="store_true", help="run what is current; overwrite work, too")
    build.set_defaults(run=run_build)

    site = commands.add_parser("site", help="for authors: write the course as pages to read in a browser")
    site.add_argument("--out", metavar="DIR", help="the folder to write, in place of what is there (site)")
    site.set_defaults(run=run_site)

    exercise = commands.add_parser("exercise", help="for authors: show an exercise's known mistakes as a learner would")
    exercise.add_argument("name", metavar="NAME", help="an exercise's name, say patchify")
    exercise.set_defaults(run=run_exercise)

    new = commands.add_parser("new", help="for authors: make the files of a new lab or exercise")
    kinds = new.add_subparsers(dest="kind", metavar="KIND", required=True)
    new_lab = kinds.add_parser("lab", help="a new lab, after the last one")
    new_lab.add_argument("name", metavar="NAME", help="the stem of its files, say transfer")
    new_exercise = kinds.add_parser("exercise", help="a new exercise at the end of a lab")
    new_exercise.add_argument("name", metavar="NAME", help="the function or class that the learner writes")
    new_exercise.add_argument("--lab", required=True, help="the lab's name, say transfer")
    new.set_defaults(run=run_new)
    return parser


def _add_work(parser):
    text = "the folder of your notebooks ($VITCOURSE_HOME/work where that is set, else work in the course's folder)"
    parser.add_argument("--work", metavar="DIR", help=text)


def _add_train(commands):
    train = commands.add_parser("train", help="train a model on the built-in shapes, CIFAR-10 or a folder of images")
    train.add_argument("--data", help="shapes, cifar10, or a folder with train/<class>/ and test/<class>/")
    train.add_argument("--epochs", type=int, help="passes over the training images (10; swin 20)")
    train.add_argument("--out", help="folder to save the run in (runs/<data>-<time>)")
    train.add_argument("--resume", metavar="RUN", help="go on with the unfinished run in this folder")
    train.add_argument(
        "--checkpoint-every", type=int, metavar="STEPS", help="steps between checkpoints (one after each epoch)"
    )
    train.add_argument("--device", help="cpu, cuda or mps (a GPU if there is one)")
    train.add_argument("--seed", type=int, help="of everything random (0)")
    train.add_argument("--train-size", type=int, help="train on so many images only")
    train.add_argument("--test-size", type=int, help="test on so many images only")
    train.add_argument("--img-size", type=int, help="resize images to this side in pixels")
    train.add_argument("--recipe", choices=RECIPES, help="a named recipe for CIFAR-10; other options replace its parts")
    model = train.add_argument_group("model (what is left out suits data and device)")
    model.add_argument("--model", choices=MODELS, help="kind of model (vit)")
    model.add_argument("--size", choices=SIZES)
    # None when it is not given, as --resume asks of every option
    own = "what you wrote in labs 01 to 05, as far as it passed its checks"
    model.add_argument("--mine", action="store_true", default=None, help=own)
    for name, kind, text in MODEL_OPTIONS + KIND_OPTIONS:
        model.add_argument(f"--{name}", type=kind, help=text)
    recipe = train.add_argument_group("recipe")
    for each in recipe_fields():
        name, text, choices = option_name(each), each.metadata["text"], each.metadata["choices"]
        if isinstance(each.default, bool):
            recipe.add_argument(name, action=argparse.BooleanOptionalAction, help=text)
        elif choices:
            recipe.add_argument(name, choices=[choice for choice in choices if choice is not None], help=text)
        else:
            recipe.add_argument(name, type=type(each.default), help=text)
    train.set_defaults(run=run_train)


def recipe_fields():
    """The fields of `TrainConfig` that have an option of their own."""
    return [each for each in fields(TrainConfig) if each.metadata.get("text")]


def option_name(each):
    """The option of a `TrainConfig` field: --weight-decay."""
    return "--" + (each.metadata["name"] or each.name).replace("_", "-")


def run_train(arguments):
    """Train and save; 130 when Ctrl-C ended it early (what was learned is saved)."""
    warnings.showwarning = _show_warning
    if arguments.resume is not None:
        return _resume(arguments)
    from .figures.run_figures import save_attention_figure
    from .runs.train import train
    from .training.distributed import leave

    def given(names):
        pairs = ((name.replace("-", "_"), getattr(arguments, name.replace("-", "_"))) for name in names)
        return {name: value for name, value in pairs if value is not None}

    recipe = given(("epochs", "seed"))
    for each in recipe_fields():
        value = getattr(arguments, option_name(each).removeprefix("--").replace("-", "_"))
        if value is not None:
            recipe[each.name] = value
    _, history = train(
        arguments.data,
        named=arguments.recipe,
        model=arguments.model,
        size=arguments.size,
        model_options=given(name for name, *_ in MODEL_OPTIONS),
        kind_options=given(name for name, *_ in KIND_OPTIONS),
        recipe=recipe,
        device=arguments.device,
        out=arguments.out,
        every=arguments.checkpoint_every,
        draw=save_attention_figure,
        mine=own_answers if arguments.mine else None,
        **given(("train-size", "test-size", "img-size")),
    )
    leave()
    return 130 if history.interrupted else 0


def own_answers():
    """Return the learner's kept answers as a run takes them, and the course's where there is none.

    Raises:
        TrainingError: when nothing is kept yet.
    """
    from .runs.train import OwnAnswers
    from .training.config import TrainingError
    from .training.pieces import Pieces
    from .workbook.mine import load

    vit, pieces = load("ViT"), {each.name: load(each.name) for each in fields(Pieces)}
    yours = list(dict.fromkeys(name for found in (vit, *pieces.values()) for name in found.pieces))
    if not yours:
        raise TrainingError("You have no answer of labs 01 to 05 that passed its check yet: leave out --mine.")
    words = f"{', '.join(yours)}; everything else is the course's"
    return OwnAnswers(vit.answer, Pieces(**{name: found.answer for name, found in pieces.items()}), words)


def _resume(arguments):
    """Go on with a run: what may change is where it computes and how often it writes checkpoints."""
    may_change = ("command", "run", "resume", "device", "checkpoint_every")
    fixed = [name for name, value in vars(arguments).items() if value is not None and name not in may_change]
    if fixed:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in fixed)
        print(f"--resume takes everything else from the run: leave out {options}.", file=sys.stderr)
        return 2
    from .figures.run_figures import save_attention_figure
    from .runs.train import resume
    from .training.distributed import leave

    device, every = arguments.device, arguments.checkpoint_every
    _, history = resume(arguments.resume, device=device, every=every, draw=save_attention_figure, mine=own_answers)
    leave()
    return 130 if history.interrupted else 0


def _add_explain(commands):
    explain = commands.add_parser("explain", help="draw what a trained model says about an image and where it looks")
    explain.add_argument("image", help="an image file")
    explain.add_argument("--model", required=True, metavar="RUN", help="the folder of a run that train has saved")
    explain.add_argument("--out", metavar="PNG", help="the figure to write (explain-<name>.png)")
    explain.set_defaults(run=run_explain)


def run_explain(arguments):
    """Draw the figure and print where it is."""
    warnings.showwarning = _show_warning
    from .figures.run_figures import explain_to_file

    explain_to_file(arguments.image, arguments.model, arguments.out)


def run_build(arguments):
    """Write or check the notebooks."""
    from importlib.util import find_spec

    missing = [name for name in ("jupytext", "nbformat", "nbclient") if find_spec(name) is None]
    if missing:
        raise CourseError(
            f"Building the notebooks needs {' and '.join(missing)}: "
            'run "make build", which installs what it needs, or install the extra vitcourse[dev].'
        )
    from .authoring.build import main as build

    return build(arguments.names, arguments.check, arguments.learner, arguments.wrap, arguments.force)


def run_site(arguments):
    """Write the pages."""
    from .authoring.site import main as site

    site(arguments.out)


def run_exercise(arguments):
    """Print the known mistakes; 1 when one of them is accepted or not told apart."""
    from .authoring.mistakes import show
    from .exercises import exercise_ids

    if arguments.name not in exercise_ids():
        print(f"There is no exercise {arguments.name!r}; there are: {', '.join(exercise_ids())}.", file=sys.stderr)
        return 2
    return show(arguments.name)


def run_new(arguments):
    """Make the files of a new lab or exercise."""
    from .authoring.scaffold import new_exercise, new_lab

    if arguments.kind == "lab":
        new_lab(arguments.name)
    else:
        new_exercise(arguments.name, arguments.lab)


def run_progress(arguments):
    """Print which exercises are solved."""
    from .workbook.verbs import progress

    progress()


def run_doctor(arguments):
    """Print the machine's findings; 1 when something that the course needs is missing."""
    from .doctor import main as doctor
    from .workbook.store import home

    return doctor(home())


def run_lab(arguments):
    """Become JupyterLab, opened on the learner's own copy of the welcome lab."""
    from importlib.util import find_spec

    if find_spec("jupyterlab") is None:
        print('JupyterLab is not installed here: run "make lab", or install the extra vitcourse[lab].', file=sys.stderr)
        return 1
    desk = _desk(arguments)
    _report(desk, desk.lay_out())
    _offer_update(desk)
    welcome = desk.path("00_welcome")
    if not welcome.is_file():
        print(f"There is no {welcome}: `git checkout notebooks` brings the course's.", file=sys.stderr)
        return 1
    root = lab_root(desk.work)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    command += [f"--LabApp.default_url=/lab/tree/{welcome.relative_to(root).as_posix()}"]
    # `!vitcourse` in a cell and JupyterLab's terminals find the commands of this environment. Where JupyterLab's own
    # output is no terminal it would start login shells, and /etc/profile sets PATH anew: the shell is named to it.
    os.environ["PATH"] = os.pathsep.join([get_path("scripts"), *filter(None, [os.environ.get("PATH")])])
    if os.name != "nt" and not sys.stdout.isatty():
        command.append(f"--ServerApp.terminado_settings=shell_command={os.environ.get('SHELL') or '/bin/sh'}")
    if not has_display():
        print("There is no display here: open the address that JupyterLab prints below in a browser.", flush=True)
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; JupyterLab refuses root unless it is told
        command.append("--allow-root")
    command += arguments.jupyter
    if os.name == "nt":  # there exec would return to the shell while JupyterLab still runs
        import subprocess

        return subprocess.call(command)
    os.execv(command[0], command)


def lab_root(work):
    """The folder that JupyterLab shows: the course's where `work` lies in it and is not hidden, else `work`."""
    try:
        hidden = any(part.startswith(".") for part in work.relative_to(REPO).parts)
    except ValueError:
        return work
    return work if hidden else REPO


def run_update(arguments):
    """Take the learner's notebooks to a newer course; 1 when one of them could not be."""
    desk = _desk(arguments)
    return _report(desk, desk.update())


def run_reset(arguments):
    """Make a notebook or one exercise blank; 2 when there is no such lab."""
    desk = _desk(arguments)
    fits = [name for name in desk.labs() if arguments.lab in (name, *name.split("_", 1))]
    if not fits:
        print(f"There is no lab {arguments.lab!r}; there are: {', '.join(desk.labs())}.", file=sys.stderr)
        return 2
    return _report(desk, desk.reset(fits[0], arguments.exercise))


def _desk(arguments):
    from .desk.folder import Desk, work_folder

    desk = Desk(work_folder(arguments.work, REPO), REPO)
    if not desk.labs():
        raise CourseError(f"There are no notebooks in {REPO / 'notebooks'}: clone the course's repository.")
    return desk


def _report(desk, lines):
    """Print what was done and what could not be; 1 when there is any of that."""
    for line in lines:
        print(line, flush=True)
    for problem in desk.problems:
        print(problem, file=sys.stderr)
    return 1 if desk.problems else 0


def _offer_update(desk):
    """Say which notebooks the course has newer, and ask whether to take them where somebody can answer."""
    behind = desk.behind()
    if not behind:
        return
    print(f"The course has newer notebooks: {', '.join(behind)}.", flush=True)
    if sys.stdin is not None and sys.stdin.isatty():
        try:
            answer = input("Take them now? Your answers stay, and a backup of each is kept. [Y/n] ").strip().lower()
        except EOFError:
            answer = "n"
        if answer in ("", "y", "yes"):
            _report(desk, desk.update())
            return
    print("`vitcourse update` takes them: your answers stay, and a backup of each is kept.", flush=True)


def has_display():
    """Return whether a browser can open here."""
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"note: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
