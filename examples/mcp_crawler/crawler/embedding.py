"""Texts to vectors, by any API that speaks OpenAI's `/v1/embeddings`: the operator names it, or there are none.

The address is the operator's own, so it may be private; it is never a caller's. The key is in no error.
"""

from collections.abc import Sequence

import httpx

from crawler.errors import CrawlError
from crawler.settings import Settings
from crawler.vectors import Vector, vector

BATCH = 64
TIMEOUT_S = 120.0


class Embedder:
    """One model behind one API."""

    def __init__(self, settings: Settings) -> None:
        self.model = settings.embeddings_model
        self._url = f"{settings.embeddings_url}/embeddings"
        self._headers = {"Authorization": f"Bearer {settings.embeddings_key}"} if settings.embeddings_key else {}

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each, in their order; at most `BATCH` texts."""
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, headers=self._headers) as client:
                answer = await client.post(self._url, json={"model": self.model, "input": list(texts)})
        except httpx.HTTPError as error:
            raise CrawlError(f"The embeddings API could not be asked: {type(error).__name__}.") from error
        if answer.status_code != 200:
            raise CrawlError(f"The embeddings API answered {answer.status_code}: {answer.text[:200]}")
        return _vectors(answer, len(texts))


def _vectors(answer: httpx.Response, count: int) -> list[Vector]:
    try:
        entries = sorted(answer.json()["data"], key=lambda entry: entry["index"])
        vectors = [vector(entry["embedding"]) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise CrawlError("The embeddings API answered what is no list of embeddings.") from error
    if len(vectors) != count or len({len(each) for each in vectors}) != 1 or not vectors[0]:
        raise CrawlError(f"The embeddings API gave {len(vectors)} vectors for {count} texts, or of several lengths.")
    return vectors
