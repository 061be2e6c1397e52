"""The site in a real browser, opened from disk and from a folder of a server: links, pictures, formulas, search."""

import functools
import http.server
import re
import threading
import warnings
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from vitcourse.authoring import site as maker
from vitcourse.exercises import LABS, exercise_ids, get_exercise

pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright")

LAB_PAGES = [f"labs/{lab.file_stem}.html" for lab in LABS]
# Every page of a lab, and one of each other kind.
PAGES = ["index.html", *LAB_PAGES, "start.html", "axes.html", "benchmarks.html", "mistakes/index.html"]
PAGES += [
    "mistakes/MultiHeadAttention.html",
    "api/reference.html",
    "api/reference/swin.html",
    "api/training/config.html",
]
PAGES += ["_modules/vitcourse/reference/attention.html", "genindex.html"]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of a site that was just made."""
    missing = [tool for tool in maker.TOOLS if find_spec(tool) is None]
    if missing:
        pytest.skip(f"the site's test was skipped: {', '.join(missing)} is not here")
    folder = tmp_path_factory.mktemp("pages") / "course"  # the server's root is above: a sub-path, as on GitHub Pages
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Sphinx's extensions have to say to each other about Sphinx 11
        maker.main(folder)
    return folder


@pytest.fixture(scope="session")
def server(site):
    """The address of the site behind a server, in a folder of it."""
    handler = functools.partial(QuietHandler, directory=site.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/{site.name}/"
        running.shutdown()


@pytest.fixture(params=["disk", "server"])
def start(request, site):
    """Where the site begins, both ways."""
    return f"{site.as_uri()}/" if request.param == "disk" else request.getfixturevalue("server")


@pytest.fixture
def watched(page):
    """A page; `page.crashes` also collects what the console complains of and what is asked of anywhere else."""

    def ask(request):
        host = urlsplit(request.url).hostname
        if host not in (None, "", "127.0.0.1"):
            page.crashes.append(f"asks for {request.url}")

    page.on("request", ask)
    page.on("requestfailed", lambda request: page.crashes.append(f"cannot have {request.url}"))
    page.on("response", lambda answer: answer.status < 400 or page.crashes.append(f"{answer.status}: {answer.url}"))
    page.on("console", lambda said: said.type in ("error", "warning") and page.crashes.append(said.text[:300]))
    return page


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A server that writes nothing on the terminal."""

    def log_message(self, *_):
        pass

    def do_GET(self):  # a browser asks every server for this by itself
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()


class Page(HTMLParser):
    """What a page points to, and the places in it that can be pointed to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.places, self.without_words = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.places.update(values[name] for name in ("id", "name") if values.get(name))
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed") and values.get("src"):
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") not in ("canonical", "author", "license") and values.get("href"):
            self.loaded.append(values["href"])
        if tag == "img" and not values.get("alt"):
            self.without_words.append(values.get("src"))


def read_pages(site):
    return {
        path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if "_static" not in path.parts
    }


def broken(site, pages):
    """Sentences on links that lead to no file or to no place in it."""
    found = []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{path.relative_to(site)}: {link} is no file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                found.append(f"{path.relative_to(site)}: {link} is no place in that page")
    return found


def test_there_is_a_page_for_everything(site):
    reference = [path.stem for path in Path(maker.REPO, "vitcourse", "reference").glob("[!_]*.py")]
    training = [path.stem for path in Path(maker.REPO, "vitcourse", "training").glob("[!_]*.py")]
    wanted = PAGES + [f"mistakes/{name}.html" for name in exercise_ids()]
    wanted += [f"api/reference/{name}.html" for name in reference] + [f"api/training/{name}.html" for name in training]
    assert [name for name in wanted if not (site / name).is_file()] == []


def test_no_link_is_broken_and_each_picture_has_words(site):
    pages = read_pages(site)
    assert broken(site, pages) == []
    assert [(str(path), page.without_words) for path, page in pages.items() if page.without_words] == []
    # the masters link to each other as files, and on the site these links lead to pages
    assert "04_vit.html" in pages[site / "labs" / "03_attention.html"].links


def test_a_broken_link_would_be_seen(site):
    front = site / "index.html"
    text = (
        '<a href="labs/99_none.html">x</a><a href="axes.html#nowhere">x</a><a href="axes.html">x</a><img src="no.png">'
    )
    pages = read_pages(site) | {front: Page(text)}
    assert [line.split(": ")[1] for line in broken(site, pages)] == [
        "labs/99_none.html is no file",
        "axes.html#nowhere is no place in that page",
        "no.png is no file",
    ]
    assert pages[front].without_words == ["no.png"]


def test_nothing_is_loaded_from_elsewhere(site):
    loaded = {link for page in read_pages(site).values() for link in page.loaded}
    assert loaded and [link for link in loaded if urlsplit(link).netloc] == []
    foreign = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^)"']+""")
    assert [(path.name, foreign.findall(path.read_text())) for path in site.rglob("*.css")
            if foreign.search(path.read_text())] == []  # fmt: skip


def test_every_kind_of_page_opens_whole(watched, start):
    """No complaint, no foreign request, pictures and formulas there, and at a phone's width nothing sticks out."""
    for name in PAGES:
        watched.set_viewport_size(dict(width=390, height=800))
        watched.goto(start + name)
        watched.wait_for_function("!window.MathJax?.startup?.promise || MathJax.startup.promise.then(() => true)")
        seen = watched.evaluate(
            """async () => {
                for (const image of document.images) image.loading = "eager";
                await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
                return {
                    pictures: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
                    formulas: document.querySelectorAll(".math").length,
                    drawn: document.querySelectorAll(".math mjx-container").length,
                    faulty: document.querySelectorAll("mjx-merror, [data-mjx-error]").length,
                    width: document.documentElement.scrollWidth,
                };
            }"""
        )
        assert seen["pictures"] == [], name
        assert seen["drawn"] == seen["formulas"] and seen["faulty"] == 0, (name, seen)
        assert seen["formulas"] > 5 or name not in LAB_PAGES[1:], (name, seen)
        assert seen["width"] <= 390, (name, seen)
        assert watched.crashes == [], name


def test_search_finds_a_word(watched, start):
    watched.set_viewport_size(dict(width=1300, height=1000))
    watched.goto(start + "index.html")
    watched.locator(".bd-sidebar-primary .search-button-field").click()
    watched.locator("dialog input[name=q]").fill("attention")
    watched.keyboard.press("Enter")
    watched.wait_for_selector("#search-results ul.search li a")
    watched.wait_for_function("document.querySelector('#search-results').innerText.includes('found')")
    found = watched.locator("#search-results li a").all_inner_texts()
    assert "Lab 03: Attention" in found
    watched.locator("#search-results li a", has_text="Lab 03: Attention").first.click()
    watched.wait_for_url("**/labs/03_attention.html**")
    assert watched.crashes == []


def test_the_dark_mode_stays(watched, start):
    watched.set_viewport_size(dict(width=1300, height=1000))
    watched.goto(start + "labs/03_attention.html")

    def theme():
        return watched.evaluate("document.documentElement.dataset.theme")

    def brightness():
        colour = watched.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    watched.emulate_media(color_scheme="light")
    seen = {theme(): brightness()}
    watched.locator(".theme-switch-button:visible").first.click()
    watched.locator("button[data-mode=dark]:visible").click()
    watched.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    seen[theme()] = brightness()
    assert seen["dark"] < 150 < 600 < seen["light"]
    watched.locator(".next-page, a.right-next").first.click()
    watched.wait_for_url("**/labs/04_vit.html")
    assert theme() == "dark"
    watched.evaluate("localStorage.clear()")
    assert watched.crashes == []


def test_solutions_are_folded_until_asked_for(watched, site):
    watched.set_viewport_size(dict(width=1300, height=1000))
    watched.goto(f"{site.as_uri()}/labs/03_attention.html")
    statement = watched.get_by_role("heading", name="Exercise 3.1")
    todo = watched.locator("pre", has_text="# TODO: compare each query with each key")
    answer = watched.locator("pre", has_text="weights = scores.softmax(dim=-1)").first
    verdict = watched.locator(".cell_output", has_text="✔ PASS").first
    assert statement.is_visible() and todo.is_visible() and verdict.is_visible()
    assert not answer.is_visible()
    assert watched.locator("pre", has_text='# hint("').count() == 0
    assert not watched.locator("pre", has_text="class SetupError").is_visible()
    watched.locator("summary", has_text="Solution").first.click()
    assert answer.is_visible()


def test_mistakes_are_folded_and_whole(watched, site):
    exercise = get_exercise("MultiHeadAttention")
    watched.goto(f"{site.as_uri()}/mistakes/MultiHeadAttention.html")
    folded = watched.locator("details details > summary")
    assert folded.count() == len(exercise.mistakes)
    assert not folded.first.is_visible()
    watched.locator("summary", has_text="mistakes").click()
    for place, mistake in enumerate(exercise.mistakes):
        assert folded.nth(place).inner_text() == mistake.message.replace("`", "")
    hint = watched.locator("details details").first
    assert exercise.mistakes[0].hint not in hint.inner_text()
    folded.first.click()
    assert exercise.mistakes[0].hint.replace("`", "") in hint.inner_text()


def test_on_paper_the_text_stands_alone(watched, site):
    watched.goto(f"{site.as_uri()}/labs/03_attention.html")
    watched.emulate_media(media="print")
    assert watched.get_by_role("heading", name="Exercise 3.1").is_visible()
    for part in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-header-article", ".prev-next-area"):
        assert not watched.locator(part).first.is_visible(), part
    assert not watched.locator("pre", has_text="weights = scores.softmax(dim=-1)").first.is_visible()
    wide = "[...document.querySelectorAll('.bd-article pre')].filter((each) => each.scrollWidth > each.clientWidth + 1)"
    assert watched.evaluate(f"{wide}.length") == 0
    watched.emulate_media(media="screen")


CONTRASTS = """() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => numbers(colour).slice(0, 3)
        .map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const paper = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if ((numbers(colour)[3] ?? 1) > 0.5) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const found = [];
    for (const each of document.querySelectorAll(".bd-article *")) {
        const words = [...each.childNodes].filter((node) => node.nodeType === 3 && node.data.trim()).map((n) => n.data);
        if (!words.length || !each.checkVisibility() || each.closest("mjx-assistive-mml, .headerlink")) continue;
        const [a, b] = [light(getComputedStyle(each).color), light(paper(each))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        found.push([contrast, words[0].trim().slice(0, 40), each.outerHTML.slice(0, 120)]);
    }
    return found.sort((one, other) => one[0] - other[0]);
}"""  # WCAG 2's contrast ratio of every text, lowest first


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_its_paper(watched, photograph, site, theme):
    """Light or dark: 4.5 to 1 is what WCAG 2 asks of text. The pictures ($VITCOURSE_SHOTS) are for whoever looks."""
    watched.emulate_media(color_scheme=theme)
    for name in ("index", "labs/03_attention", "api/reference/attention", "mistakes/MultiHeadAttention"):
        watched.goto(f"{site.as_uri()}/{name}.html")
        watched.wait_for_function("!window.MathJax?.startup?.promise || MathJax.startup.promise.then(() => true)")
        for width in (1400, 1000, 390):
            watched.set_viewport_size(dict(width=width, height=1000))
            watched.wait_for_timeout(500)  # the bars at the sides slide
            photograph(watched, f"site-{name.replace('/', '-')}-{width}-{theme}")
        contrasts = watched.evaluate(CONTRASTS)
        assert len(contrasts) > 5 and contrasts[0][0] >= 4.5, (name, contrasts[:5])
    watched.goto(f"{site.as_uri()}/labs/03_attention.html")
    looks = "(image) => [getComputedStyle(image).filter, getComputedStyle(image).backgroundColor]"
    pictures = [image.evaluate(looks) for image in watched.locator(".cell_output img").all()]
    assert pictures and all(colours == "none" for colours, _ in pictures)  # a filter would change measured colours
    assert theme == "light" or {paper for _, paper in pictures} == {"rgb(255, 255, 255)"}
