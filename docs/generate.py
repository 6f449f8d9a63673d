#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes docs/elements/*.md and the source quoted in other pages.

A page is the doc block of an element's source file and what gst-inspect-1.0
tells of its pads, properties and signals. With --check nothing is written;
pages that differ are named, and the exit status is 1.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

DOCS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(DOCS)
ELEMENTS = ("twiliosrc", "vadendpoint", "cloudstt", "llmchat", "cloudtts",
            "mulawsink")
# Names in a doc block that are links on a page.
LINKS = {
    "docs/calls-life.md": "../calls-life.md",
    "docs/tools.md": "../tools.md",
    "docs/failure.md": "../failure.md",
    "docs/turns.md": "../turns.md",
    "docs/script.md": "../script.md",
    "docs/providers/azure.md": "../providers/azure.md",
    "docs/providers/deepgram.md": "../providers/deepgram.md",
    "docs/providers/elevenlabs.md": "../providers/elevenlabs.md",
    "docs/providers/openai.md": "../providers/openai.md",
    "turnevents.h": "../../gst-plugins/libparley/turn/turnevents.h",
}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as text:
        return text.read()


def inspect(element, folder):
    """What gst-inspect-1.0 prints, sections by their titles."""
    env = dict(os.environ, GST_REGISTRY=os.path.join(folder, "registry.bin"))
    env.setdefault("GST_PLUGIN_PATH",
                   os.path.join(ROOT, "build", "gst-plugins", "elements"))
    text = subprocess.run(["gst-inspect-1.0", element], env=env, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    sections, title = {}, None
    for line in text.splitlines():
        if re.match(r"[A-Z].*:$", line):
            title = line[:-1]
            sections[title] = []
        elif title:
            sections[title].append(line)
    return sections


# The doc block

def source_of(element):
    return "gst-plugins/elements/gst%s.c" % element


def block(source, name):
    """The doc comment that begins with @name, its lines without " * "."""
    found = re.search(r"/\*\*\n *\* %s:?\n(.*?)\*/" % re.escape(name),
                      source, re.S)
    if not found:
        return []
    return [re.sub(r"^ *\* ?", "", line).rstrip()
            for line in found.group(1).splitlines()]


def markup(line):
    """gtk-doc's references as Markdown's code and links."""
    line = re.sub(r"#Gst\w+::?([\w-]+)", r"`\1`", line)
    line = re.sub(r"#(\w+)", r"`\1`", line)
    for name, target in LINKS.items():
        line = re.sub(r"(?<![\w/`])%s" % re.escape(name),
                      lambda _, n=name, t=target: "[%s](%s)" % (n, t), line)
    return line


def launch_line(lines):
    """The lines of a |[ … ]| block, and what follows on its last line."""
    code = []
    for line in lines:
        if line.startswith("]|"):
            return code, line[2:].strip()
        code.append(line)
    raise SystemExit("a |[ has no end")


def prose(lines):
    """The description in Markdown."""
    out, lines = [], iter(lines)
    for line in lines:
        if line.startswith("|["):
            code, rest = launch_line(lines)
            out += ["", "```sh", *code, "```", ""]
            if rest:
                out.append(markup(rest))
        elif line.startswith("## "):
            out += [line, ""]
        elif line.startswith("Since: "):
            out.append("Since version %s." % line[7:])
        else:
            out.append(markup(line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


# What gst-inspect-1.0 tells

def caps(lines):
    """Caps as in a launch string, one structure a line."""
    out = []
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if not line.strip():
            continue
        if depth == 6:
            out.append([line.strip()])
        elif out:
            name, value = line.strip().replace("(int)", "").split(": ", 1)
            out[-1].append("%s=%s" % (name, value))
    return [", ".join(words) for words in out]


def pads(sections):
    text = "\n".join(sections["Pad Templates"])
    out = ["## Pads", "", "| pad | direction | caps |", "| --- | --- | --- |"]
    for found in re.finditer(r"(\w+) template: '(\w+)'\n.*?"
                             r"Capabilities:\n(.*?)(?=\n *\n|\Z|\n  S)",
                             text, re.S):
        kinds = caps(found.group(3).splitlines())
        out.append("| `%s` | %s | %s |" % (
            found.group(2), {"SRC": "source", "SINK": "sink"}[found.group(1)],
            "<br>".join("`%s`" % kind for kind in kinds)))
    return out


def when(flags):
    if "writable" not in flags:
        return "read only"
    if "only in NULL or READY" in flags:
        return "in NULL and READY"
    return "at any time"


def value_of(text):
    """Type, range and default, without gst-inspect's padding."""
    text = re.sub(r"\s+", " ", text).strip().rstrip(".")
    found = re.match(r"(.*?)\.? ?(?:Range: (.*?))? ?(?:Default: (.*))?$", text)
    kind, span, default = found.groups()
    kind = re.sub(r'Boxed pointer of type "(\w+)"', r"\1", kind)
    words = kind.lower() if kind[:3] != "Gst" else "`%s`" % kind
    if span:
        words += ", %s" % span.replace(" - ", " to ")
    return words, "" if default in (None, "null") else "`%s`" % default


def properties(sections):
    out = ["## Properties", "",
           "| property | meaning | type | default | may be set |",
           "| --- | --- | --- | --- | --- |"]
    rows = "\n".join(sections["Element Properties"])
    for found in re.finditer(r"^  ([\w-]+) +: (.*)\n +flags: (.*)\n +(.*)$",
                             rows, re.M):
        name, blurb, flags, kind = found.groups()
        if name in ("name", "parent"):
            continue
        kind, default = value_of(kind)
        out.append("| `%s` | %s | %s | %s | %s |" % (
            name, blurb.replace("|", "\\|"), kind, default, when(flags)))
    return out


def signals(sections, source):
    out = []
    for title in ("Element Signals", "Element Actions"):
        if title not in sections:
            continue
        out += ["## " + ("Signals" if "Sig" in title else "Action signals"),
                ""]
        for name in re.findall(r'^  "([\w-]+)" :',
                               "\n".join(sections[title]), re.M):
            klass = re.search(r"G_DEFINE_FINAL_TYPE \((\w+),", source).group(1)
            arguments, text = [], []
            for line in block(source, "%s::%s" % (klass, name)):
                (arguments if line.startswith("@") else text).append(line)
            out.append("`%s`: %s" % (name, markup(" ".join(text).strip())))
            out += ["", *("* " + re.sub(r"@(\w+):", r"`\1`:", line)
                          for line in arguments), ""]
    return [re.sub(r"@(\w+)", r"`\1`", line) for line in out]


def page(element, folder):
    source = read(source_of(element))
    lines = block(source, "SECTION:element-" + element)
    short = next(line for line in lines if line.startswith("@short_desc"))
    sections = inspect(element, folder)
    details = dict(re.findall(r"^  (\S+) +(.*)$",
                              "\n".join(sections["Factory Details"]), re.M))
    short = short.split(": ", 1)[1]
    parts = [
        "<!-- Made by docs/generate.py from %s. -->" % source_of(element),
        "# %s" % element, "",
        "%s. Class %s." % (short[0].upper() + short[1:], details["Klass"]), "",
        prose([line for line in lines if not line.startswith("@")]), "",
        *pads(sections), "", *properties(sections), "",
        *signals(sections, source)]
    return "\n".join(parts).rstrip() + "\n", short


def index(shorts):
    rows = ["| [%s](%s.md) | %s |" % (name, name, short)
            for name, short in shorts.items()]
    return "\n".join([
        "<!-- Made by docs/generate.py. -->", "# The elements", "",
        "In the order in which a call passes them:", "",
        "| element | what it is |", "| --- | --- |", *rows, "",
        "The pages are made from the sources; `gst-inspect-1.0 NAME` shows "
        "the same pads\nand properties.", ""])


# Other pages

def fill_in(text):
    """Puts files where a page says <!-- file: NAME -->."""
    def put(found):
        name = found.group(1)
        return "<!-- file: %s -->\n```%s\n%s```\n" % (
            name, found.group(2), read(os.path.join("docs", name)))
    return re.sub(r"<!-- file: (\S+) -->\n```(\w*)\n.*?^```\n", put, text,
                  flags=re.S | re.M)


def make_all():
    made, shorts = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for element in ELEMENTS:
            text, shorts[element] = page(element, folder)
            made["elements/%s.md" % element] = text
    made["elements/README.md"] = index(shorts)
    for name in sorted(os.listdir(DOCS)):
        if name.endswith(".md"):
            made[name] = fill_in(read(os.path.join("docs", name)))
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true",
                        help="write nothing; name the pages that differ")
    options = parser.parse_args()
    differ = []
    os.makedirs(os.path.join(DOCS, "elements"), exist_ok=True)
    for name, text in make_all().items():
        path = os.path.join(DOCS, name)
        if os.path.exists(path) and read(path) == text:
            continue
        differ.append("docs/" + name)
        if not options.check:
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
    for name in differ:
        print("%s %s" % ("differs:" if options.check else "made", name))
    return 1 if differ and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
