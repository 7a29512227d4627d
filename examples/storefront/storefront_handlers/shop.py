"""The shop behind the service: what each action does, with everything kept in memory.

    PYTHONPATH=dist:examples/storefront uvicorn storefront_handlers.shop:app

The generated package checks requests, runs the rules and shapes the answers; what is left for a handler is
what only the shop can know: what is on the shelves, and which orders there are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from storefront.api import Answer, ApiError, create_app
from storefront.api.handlers import Handlers
from storefront.catalog import NotFound, Product, ProductPage, fits_query
from storefront.orders import Order, OrderState, OutOfStock, Receipt, receipt
from storefront.samples import sample_product

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from starlette.requests import Request
    from storefront.catalog import Category
    from storefront.fraud import Signals
    from storefront.returns import Return


class Shop(Handlers):
    """A shop with one product and as many orders as come in; what it does not override answers 501."""

    def __init__(self) -> None:
        mug = sample_product("MUG-0001", Decimal("9.50"))
        self.products: dict[UUID, Product] = {mug.id: mug}
        self.orders: dict[UUID, Order] = {}

    def list_products(
        self,
        *,
        search: str | None = None,
        category: Category | None = None,
        limit: int = 20,
        **_: object,
    ) -> Answer:
        """Products whose text holds the words, in the category."""
        found = [
            product
            for product in self.products.values()
            if (search is None or fits_query(product, search))
            and (category is None or product.category == category)
        ]
        page = ProductPage(items=found[:limit], total=len(found))
        return Answer(200, page, {"X-Total-Count": len(found)})

    def get_product(self, *, product_id: UUID) -> Product:
        """One product, or 404."""
        if product_id not in self.products:
            raise ApiError(404, NotFound(code="not_found", message=f"no product {product_id}"))
        return self.products[product_id]

    def place_order(self, *, order: Order) -> Answer:
        """Keep the order. The rules have run: discount and delivery are in it."""
        for line in order.lines:
            if line.product.id not in self.products:
                gone = OutOfStock(
                    code="out_of_stock", message="sold out", sku=str(line.product.sku)
                )
                raise ApiError(409, gone)
        self.orders[order.id] = order.model_copy(update={"state": OrderState.placed})
        return Answer(201, receipt(order), {"Location": f"http://localhost/orders/{order.id}"})

    def quote(self, *, order: Order) -> Receipt:
        """What the order would cost."""
        return receipt(order)

    def get_order(self, *, order_id: UUID) -> Order:
        """An order that was placed, or 404."""
        if order_id not in self.orders:
            raise ApiError(404, NotFound(code="not_found", message=f"no order {order_id}"))
        return self.orders[order_id]

    async def start_return(self, *, item: Return) -> Return:
        """The rules have set the refund."""
        return item

    async def screen(self, *, signals: Signals) -> Signals:
        """The rules have scored the order."""
        return signals


def roles(request: Request) -> Collection[str]:
    """Who is asking: a real shop reads a token here, this one believes a header."""
    return [request.headers.get("X-Role", "customer")]


app = create_app(Shop(), roles=roles)
