"""Headway inside your own application: your routes and its page, REST and live stream in one process.

uvicorn main:app --port 8000
headway worker jobs:app --server http://127.0.0.1:8000/headway
"""

import os

from fastapi import FastAPI

import headway

board = headway.asgi(os.environ.get("HEADWAY_STORE", "sqlite:///mounted.db"))
app = FastAPI(lifespan=board.lifespan)
app.mount("/headway", board)


@app.post("/orders/{number}/invoice")
async def invoice(number: int) -> dict[str, str]:
    """A route of yours makes a job and answers at once; who wants to can watch it."""
    async with headway.Client(os.environ.get("HEADWAY_SERVER", "http://127.0.0.1:8000/headway")) as client:
        job = await client.submit("write_invoice", {"number": number}, unique=f"invoice-{number}")
    return {"job": job.id}
