from pathlib import Path

import headway

app = headway.App()


@app.job(stages={"read": 1, "count": 4}, retries=2)
def count_words(ctx: headway.Context, path: str) -> dict[str, int]:
    with ctx.stage("read"):
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    with ctx.stage("count", unit="lines") as stage:
        return {"words": sum(len(line.split()) for line in stage.track(lines))}
