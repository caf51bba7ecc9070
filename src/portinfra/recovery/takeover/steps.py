"""The steps of the verbs that change which end is active, and of a refresh. A test may end a run before each
of them.
"""

from enum import Enum


class Step(Enum):
    """One step. A run that ends before it, or within it, is continued by the command that status names."""

    BEGIN = "the ledger says that a takeover has begun"
    PREPARE = "what can be fetched before the other end is stopped comes from the vault"
    RECORD_PREPARED = "the ledger says that they are there"
    FENCE = "the other end is fenced and stopped"
    RECORD_FENCE = "the ledger says that the other end is stopped"
    LAST_POINT = "a last point is carried from the other end"
    FETCH = "points that are newer are fetched from the vault"
    AGREE = "the ledger says which data each group gets"
    STAND_DOWN = "hosts of a standby, whose data is replaced, are stopped"
    ACTIVATE = "the lease says that the end is active"
    BRING_UP = "the roles get their data and start, wave by wave"
    COMPLETE = "the ledger says that the end has its own data from here on"
    CLOSE = "the ledger says that the takeover is finished"
    ABANDON = "the ledger says that a takeover is abandoned"
    STOP = "the end that was taking over is fenced and stopped"
    RETURN = "the other end is active again, and its hosts run"
    CLOSE_ABANDONED = "the ledger says that the takeover was abandoned"


class RefreshStep(Enum):
    """One step of a refresh. A run that ends before it, or within it, is run again from the beginning."""

    BEGIN = "points are selected, and the ledger says that a refresh has begun"
    FETCH = "points are fetched from the vault"
    STAND_DOWN = "the hosts of the standby stop, it is closed to the internet, and its only data is kept"
    RECORD = "the ledger says that own data of the standby counts no more"
    BRING_UP = "the roles get their data and start, wave by wave"
