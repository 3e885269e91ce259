"""Management by WAMP: procedures and topics under ``router.``, in the admin realm."""

from wamprouter.management.desk import Desk, Offer
from wamprouter.management.procedures import offers

__all__ = ["Desk", "Offer", "offers"]
