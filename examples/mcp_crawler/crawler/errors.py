"""The one error whose sentence a caller reads. Imports nothing: processes that parse start fast."""


class CrawlError(Exception):
    """What the caller, the site or the repository must change."""


class Blocked(CrawlError):
    """An address that is not public, wherever on the way it was met."""
