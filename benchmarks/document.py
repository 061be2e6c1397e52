"""docs/benchmarks.md from the results: text out of values, nothing is measured here."""


def render(parts, records, machine):
    """Return the document.

    Args:
        parts: {name: module}; a module has TITLE and section(records) -> lines, and SHOW_ALL when all of its
            settings are shown and not only those measured last.
        records: {name: list of records}, oldest first; those of other machines are left out, and so is a part that
            has no others.
        machine: as `machine.machine` returns it.
    """
    lines = ["# Benchmarks", "", *_heading(machine)]
    for name, part in parts.items():
        own = [record for record in records.get(name, []) if record["machine"] == machine]
        if not own:
            continue
        lines += ["", f"## {part.TITLE}", "", f"`python -m benchmarks {name}`"]
        groups = group(own)
        for chosen in groups if getattr(part, "SHOW_ALL", False) else groups[-1:]:
            lines += ["", *part.section(chosen), "", _when(chosen)]
    if machine["device"] != "cuda":
        lines += ["", "## Not measured here", "", *UNMEASURED]
    return "\n".join(lines) + "\n"


UNMEASURED = (
    "This machine has no GPU. The parts run on one (they choose it by themselves, wait for it before they read the "
    "clock, and take all images and each recipe's own epochs), but nothing of that has been run. Without a figure from "
    "a GPU are:",
    "",
    "- on all 50,000 images of CIFAR-10, the plain ViT: 76 % after 5 epochs, 90 % after 30, 91.4 % after 50;",
    "- the ViT with a convolutional stem: 86 % after 5 epochs, 93.4 % after 30, 94.4 % after 50;",
    "- the time to 94 %: 5 minutes on a T4, 30 s on an H200;",
    "- the training step, fused attention and a checkpoint's cost on a GPU, and in half precision.",
)


def group(records):
    """Return lists of records with the same settings, the group that was measured last at the end.

    A case that was measured more than once is there with its newest record, in the place of its first.
    """
    groups = []
    for record in records:
        same = next((g for g in groups if g[0]["settings"] == record["settings"]), [])
        if same:
            groups.remove(same)
        cases = [old["case"] for old in same]
        if record["case"] in cases:
            same[cases.index(record["case"])] = record
        else:
            same.append(record)
        groups.append(same)
    return groups


def table(heads, rows):
    """Return the lines of a Markdown table; all columns but the first are set to the right."""
    cells = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return ["| " + " | ".join(str(cell) for cell in row) + " |" for row in cells]


def number(value):
    """Return a number with three digits that count, and no exponent."""
    digits = 0
    while digits < 6 and abs(value) * 10**digits < 100:
        digits += 1
    return f"{value:,.{digits}f}"


def percent(share, digits=1):
    """Return a share of 1 in percent: 0.5 is 50.0 %."""
    return f"{100 * share:.{digits}f} %"


def quartiles(values):
    """Return a median with its quartiles: 1.03 (1.01 to 1.06)."""
    middle, low, high = values
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _heading(machine):
    gpu = machine["gpu"] if machine["gpu"] != "none" else "no GPU"
    return [
        "Written by `make bench` from one machine's results; nothing in it is typed by hand. One part alone: "
        '`make bench PARTS="step augment"`, or the command under its title, with `--help` for its options.',
        "",
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory']}; {gpu}; {machine['system']}, Python "
        f"{machine['python']}, torch {machine['torch']}.",
        "",
        "Under each part stands when it was measured and how busy the machine was: load is the number of processes "
        "that ran or waited, at the beginning and at the end of a case. Where it is above the number of cores, seconds "
        "on the clock say more about the others than about what is measured. What is compared takes turns, so that "
        "ratios hold, and CPU seconds (summed over the threads) hold better than seconds.",
    ]


def _when(records):
    moments = [record["moment"] for record in records]
    dates = sorted({moment["date"][:16].replace("T", " ") for moment in moments})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    commits = ", ".join(sorted({moment["commit"] for moment in moments}))
    threads = ", ".join(sorted({str(moment["threads"]) for moment in moments}))
    loads = [load for moment in moments for load in (moment["load"], moment["load_after"]) if load is not None]
    busy = f"load {min(loads):.1f} to {max(loads):.1f}" if loads else "load unknown"
    return f"*Measured {when}, commit {commits}, threads {threads}, {busy}.*"
