"""Reading WebVTT and ranking sentences. Plain Python: knows nothing of jobs."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ROUNDS = 30
DAMPING = 0.85
TIMING = re.compile(r"((?:\d+:)?\d\d:\d\d\.\d\d\d) --> ")
MARKUP = re.compile(r"<[^>]+>")
SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "can",
        "do",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "not",
        "of",
        "on",
        "or",
        "so",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "you",
        "your",
    ]
)


@dataclass
class Sentence:
    begin: str
    text: str


def cues(text: str) -> Iterator[tuple[str, str]]:
    """(begin, words) of each cue; notes and styles are passed over."""
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = block.strip().splitlines()
        for number, line in enumerate(lines):
            if found := TIMING.match(line):
                yield found.group(1), MARKUP.sub("", " ".join(lines[number + 1 :]))
                break


def sentences(cues: list[tuple[str, str]]) -> list[Sentence]:
    """Cues break anywhere; sentences end at a full stop. Each keeps the time of the cue in which it begins."""
    found: list[Sentence] = []
    begun = ""
    for begin, text in cues:
        for part in re.split(r"(?<=[.!?])\s+", text):
            if not begun:
                found.append(Sentence(begin, part))
            else:
                found[-1].text += f" {part}"
            begun = "" if part.endswith((".", "!", "?")) else begin
    return found


def words(text: str) -> list[str]:
    """The words that carry meaning."""
    return [word for word in re.findall(r"[a-z']+", text.lower()) if word not in SMALL_WORDS]


def weigh(sentences: list[list[str]]) -> list[dict[str, float]]:
    """Each sentence as a vector of tf·idf, of length 1."""
    seen = Counter(word for sentence in sentences for word in set(sentence))
    vectors = []
    for sentence in sentences:
        vector = {word: count * math.log(len(sentences) / seen[word]) for word, count in Counter(sentence).items()}
        length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        vectors.append({word: weight / length for word, weight in vector.items()})
    return vectors


def likeness(one: dict[str, float], other: dict[str, float]) -> float:
    """The cosine of two vectors of length 1."""
    return sum(weight * other.get(word, 0.0) for word, weight in one.items())


def rank(alike: list[list[float]], on_round: Callable[[], object]) -> list[float]:
    """How much each matters, by power iteration; the sum is 1."""
    count = len(alike)
    sums = [sum(row) or 1.0 for row in alike]
    ranks = [1.0 / count] * count
    for _ in range(ROUNDS):
        shares = [rank / total for rank, total in zip(ranks, sums, strict=True)]
        ranks = [
            (1 - DAMPING) / count + DAMPING * sum(row[place] * share for row, share in zip(alike, shares, strict=True))
            for place in range(count)
        ]
        on_round()
    return ranks
