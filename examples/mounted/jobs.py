import headway

app = headway.App()


@app.job(stages=["look up", "write"])
async def write_invoice(ctx: headway.Context, number: int) -> dict[str, str]:
    async with ctx.stage("look up"):
        lines = [("a job server", 0), ("progress you can trust", 0)]
    async with ctx.stage("write", unit="lines") as stage:
        text = "\n".join(f"{what:<30} {price}" for what, price in stage.track(lines))
    ctx.artifact(f"invoice-{number}.txt", text)
    return {"file": f"invoice-{number}.txt"}
