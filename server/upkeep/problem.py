"""Why a command of upkeep was not carried out. Said at the terminal; no tablet ever sees it."""


class CannotBeDone(Exception):
    """The text is a sentence that says what stands in the way and what to do."""
