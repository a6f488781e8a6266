"""The completion of hlsctl's words in bash and zsh, typed at a terminal."""

import json
import os
import re
import shutil
import subprocess

import pytest

import gateway as gw
import shells

SHELLS = ["bash", "zsh"]
GLOBALS = ["--config", "--help", "--json", "--version"]


@pytest.fixture(scope="module")
def g():
    g = gw.Gateway()
    g.init()
    made = [json.loads(g.ctl("webhook", "register", "--name", name, "--json",
                             "http://127.0.0.1:9009/"))
            for name in ("shop", "Two words")]
    g.spaced = made[1]["webhook_id"]
    yield g
    g.discard()


@pytest.fixture(scope="module", params=SHELLS)
def shell(request, g):
    if shutil.which(request.param) is None:
        pytest.skip("%s is not here" % request.param)
    s = shells.Shell(request.param,
                     os.path.join(gw.build_folder(), "completion"), g.env)
    yield s
    s.close()


def verbs_of(g, noun):
    return re.findall(r"^  hlsctl %s ([\w-]+)" % noun, g.ctl(noun, "--help"),
                      re.MULTILINE)


def options_of(g, *words):
    return re.findall(r"^  (?:-\w, )?(--[\w-]+)", g.ctl(*words, "--help"),
                      re.MULTILINE)


def nouns_of(g):
    return re.findall(r"^  ([a-z]+) ", g.ctl("--help"), re.MULTILINE)


def test_nouns_verbs_and_options_are_those_of_help(g, shell):
    nouns = nouns_of(g)
    assert sorted(shell.offers("hlsctl ")) == sorted(nouns + ["help"])
    assert shell.offers("hlsctl web") == ["webhook"]
    assert sorted(shell.offers("hlsctl -")) == GLOBALS
    for noun in nouns:
        verbs = verbs_of(g, noun)
        if verbs:
            assert sorted(shell.offers("hlsctl %s " % noun)) == sorted(verbs)
            assert sorted(shell.offers("hlsctl help %s " % noun)) == \
                sorted(verbs)
        for words in [[noun, verb] for verb in verbs] or [[noun]]:
            assert sorted(shell.offers(
                "hlsctl %s --" % " ".join(words))) == sorted(
                    options_of(g, *words)), words


def test_completion_ignores_earlier_words(shell):
    for line in ("hlsctl --json event list --sta",
                 "hlsctl event list --since 2026-01-01T10:00:00Z --sta",
                 "hlsctl event list --type=issues --sta",
                 "hlsctl event list --json --limit 5 --sta",
                 "hlsctl -c hls.yaml event list --sta",
                 "hlsctl --config hls.yaml event list --sta"):
        assert shell.offers(line) == ["--status"], line
    assert shell.offers("hlsctl event list -- --sta") == []
    assert shell.offers("hlsctl nobody ") == []


def test_completion_offers_the_words_of_an_option(shell):
    states = ["cancelled", "dead", "done", "leased", "waiting"]
    for line in ("hlsctl delivery list --state ",
                 "hlsctl delivery list --state="):
        assert sorted(shell.offers(line)) == states
    assert shell.offers("hlsctl delivery list --state d") == ["dead", "done"]
    assert shell.offers("hlsctl delivery list --state=de") == ["dead"]
    assert shell.offers("hlsctl event list --since ") == []


def test_words_are_offered_for_an_alias_as_the_readme_says(g):
    with open(os.path.join(gw.source_folder(), "README.md"),
              encoding="utf-8") as f:
        line, = [x for x in f.read().splitlines()
                 if x.endswith("complete -F _hlsctl hls")]
    scripts = os.path.join(gw.build_folder(), "completion")
    line = re.sub(r"/\S*/completions", scripts, line)
    s = shells.Shell("bash", scripts, g.env, "alias hls='env hlsctl'\n" + line)
    try:
        assert s.offers("hls web") == ["webhook"]
        assert s.offers("hls event list --sta") == ["--status"]
    finally:
        s.close()


def test_every_word_that_is_offered_is_taken(g):
    """hlsctl refuses none of the words that its own table has."""
    text = g.ctl("completion", "bash")
    kinds = re.findall(r"^\t\('([a-z -]+) --([\w-]+)'\) kind='([a-z].*)' ;;$",
                       text, re.MULTILINE)
    assert len(kinds) > 10
    for words, option, values in kinds:
        given = {"webhook register": ["http://127.0.0.1:9009/"],
                 "webhook update": ["shop"],
                 "token create": ["--name", option],
                 "event replay": ["--since", "1h", "--dry-run"],
                 "delivery retry": ["--dry-run"],
                 "delivery cancel": ["--dry-run"]}.get(words, [])
        for n, value in enumerate(values.split()):
            args = [a if a != option else option + str(n) for a in given]
            g.ctl(*words.split(), "--" + option, value, *args)


def test_webhooks_and_sources_are_offered_by_name(g, shell):
    hooks = sorted(["shop", g.spaced])
    for line in ("hlsctl webhook show ", "hlsctl delivery list --webhook ",
                 "hlsctl delivery list --webhook=",
                 "hlsctl webhook update --team x "):
        assert sorted(shell.offers(line)) == hooks, line
    assert shell.offers("hlsctl webhook show sh") == ["shop"]
    # Only one is taken.
    assert shell.offers("hlsctl webhook show shop ") == []
    sources = [s["name"] for s in g.settings["sources"]]
    assert sorted(shell.offers("hlsctl source show ")) == sorted(sources)
    # The settings that were named are asked.
    assert shell.offers("hlsctl -c /nowhere.yaml source show ") == []
    assert sorted(shell.offers(
        "hlsctl -c %s source show " % g.config_file)) == sorted(sources)


def test_completion_offers_files_for_file_arguments(shell):
    for name in ("payload-a.json", "payload-b.json"):
        with open(os.path.join(shell.home, name), "w", encoding="utf-8"):
            pass
    for line in ("hlsctl event enqueue pay",
                 "hlsctl webhook import --dry-run pay",
                 "hlsctl webhook register --secret-file pay",
                 "hlsctl source check --headers pay",
                 "hlsctl source check github pay"):
        assert shell.offers(line) == ["payload-a.json", "payload-b.json"], line


def test_the_scripts_are_installed_below_the_prefix_where_shells_look(
        tmp_path):
    subprocess.run(
        ["make", "-s", "-C", gw.build_folder(), "DESTDIR=%s" % tmp_path,
         "prefix=/p", "datarootdir=/p/share", "install-bashcompletionDATA",
         "install-zshcompletionDATA"], check=True, stdout=subprocess.DEVNULL)
    found = [os.path.relpath(os.path.join(folder, name), tmp_path)
             for folder, _, names in os.walk(tmp_path) for name in names]
    assert sorted(found) == ["p/share/bash-completion/completions/hlsctl",
                             "p/share/zsh/site-functions/_hlsctl"]
