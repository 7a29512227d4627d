"""Taking money: ``handled by`` in ``payments.intent`` points here."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

LIMIT = Decimal(1000)


def pay(*, order_id: UUID, dry_run: bool, payment: Any) -> Any:
    """Take the money for an order; more than the limit is declined, a dry run is only accepted."""
    from storefront.api import Answer, ApiError

    if payment.amount > LIMIT:
        raise ApiError(402, {"code": "declined", "reason": f"order {order_id} is over the limit"})
    if dry_run:
        return Answer(202)
    return payment
