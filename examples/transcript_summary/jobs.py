"""A talk's transcript to its most telling sentences: real work in six weighted stages, nothing but the standard library.

    headway serve --app examples/transcript_summary/jobs.py:app
    headway submit summarise path=$PWD/examples/transcript_summary/talk.vtt sentences=5 --watch

Sentences are ranked like pages (LexRank): a sentence matters when many that matter resemble it.
"""

from pathlib import Path

import summary

import headway

app = headway.App()

STAGES = {"read": 1, "parse": 1, "split": 1, "weigh": 2, "compare": 8, "rank": 3}


@app.job(stages=STAGES, timeout="5m")
def summarise(ctx: headway.Context, path: str, sentences: int = 5) -> dict[str, object]:
    """The `sentences` most telling sentences of a WebVTT transcript, in the order in which they were said."""
    with ctx.stage("read") as stage:
        text = Path(path).read_text(encoding="utf-8")
        stage.message = f"{len(text):,} characters"
    if not text.startswith("WEBVTT"):
        raise headway.Reject(f"{path} is no WebVTT file: it does not begin with WEBVTT.")

    with ctx.stage("parse", unit="cues") as stage:
        cues = list(stage.track(summary.cues(text)))

    with ctx.stage("split"):
        spoken = summary.sentences(cues)
        ctx.log.info("%s cues, %s sentences", len(cues), len(spoken))
    if len(spoken) <= sentences:
        ctx.warn("The talk has %s sentences only: nothing to leave out.", len(spoken))

    with ctx.stage("weigh", unit="sentences") as stage:
        vectors = summary.weigh([summary.words(each.text) for each in stage.track(spoken)])

    with ctx.stage("compare", unit="sentences") as stage:
        alike = [[summary.likeness(one, other) for other in vectors] for one in stage.track(vectors)]

    with ctx.stage("rank", total=summary.ROUNDS, unit="rounds") as stage:
        ranks = summary.rank(alike, on_round=stage.advance)

    best = sorted(sorted(range(len(spoken)), key=lambda place: -ranks[place])[:sentences])
    ctx.artifact("summary.txt", "\n".join(f"[{spoken[place].begin}] {spoken[place].text}" for place in best))
    return {"sentences": len(spoken), "summary": [spoken[place].text for place in best]}
