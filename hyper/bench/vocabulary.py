"""The words of generated trees: business domains, what each is about, and what is said of it."""

from __future__ import annotations

from typing import Final

# A domain and its nouns. No noun is in two domains, so that names stay unique across the tree.
DOMAINS: Final[dict[str, tuple[str, ...]]] = {
    "sales": ("order", "quote", "offer", "discount", "lead", "opportunity", "contract", "renewal"),
    "catalog": ("product", "variant", "bundle", "collection", "brand", "review", "label", "price"),
    "customers": ("customer", "account", "consent", "segment", "referral", "loyalty", "wish", "note"),
    "billing": ("invoice", "payment", "refund", "credit", "dunning", "mandate", "receipt", "fee"),
    "shipping": ("parcel", "shipment", "route", "carrier", "pickup", "customs", "pallet", "manifest"),
    "inventory": ("shelf", "stock", "count", "transfer", "reorder", "lot", "warehouse", "bin"),
    "purchasing": ("supplier", "requisition", "tender", "delivery", "rebate", "agreement", "sample", "bid"),
    "people": ("employee", "shift", "absence", "skill", "training", "payslip", "position", "team"),
    "support": ("ticket", "complaint", "article", "survey", "callback", "escalation", "visit", "repair"),
    "finance": ("ledger", "posting", "budget", "forecast", "asset", "depreciation", "loan", "audit"),
    "production": ("machine", "batch", "recipe", "inspection", "defect", "tool", "setup", "scrap"),
    "marketing": ("campaign", "newsletter", "banner", "audience", "coupon", "event", "sponsor", "lottery"),
}  # fmt: skip

QUALIFIERS: Final = (
    "regional", "archived", "seasonal", "wholesale", "partner", "internal", "planned", "recurring",
    "express", "bulk", "trial", "foreign", "digital", "franchise", "pending", "shared",
    "leased", "pooled", "external", "annual", "interim", "manual", "mobile", "premium",
)  # fmt: skip

SUBJECTS: Final = (
    "What is known of it, and what follows from that",
    "How it is kept, priced and closed",
    "The data that every branch agrees on, with the rules that hold for it",
    "What people enter, and what is worked out for them",
    "Its life from the draft to the archive",
)

# Of an entity: name, type and markers, default, documentation. None of them is needed to build one.
FIELDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("reference?", "string @length(1, 40)", "What others call it."),
    ("comment?", "string? @length(0, 2000)", "Anything worth knowing."),
    ("opened_on?", "date", "The day on which it began."),
    ("closed_on?", "date?", "Null while it is open."),
    ("changed_at?", "datetime @read", ""),
    ("weight", "float = 1.0 @range(0, 100_000)", "In kilograms."),
    ("priority", "int = 3 @range(1, 5)", "1 is the most urgent."),
    ("tags", "list[string @length(1, 30)] = [] @size(0, 20) @unique", ""),
    ("attributes", "map[string, string] = {} @size(0, 50)", "Whatever an importer brought along."),
    ("contact?", "email", ""),
    ("web_page?", "url", ""),
    ("phone?", 'string @match("^[+0-9][0-9 ]{3,20}$")', ""),
    ("region?", 'string @match("^[A-Z]{2}$")', "ISO 3166."),
    ("active", "bool = true", ""),
    ("retries", "int = 0 @range(0, 10)", "How often it was tried again."),
    ("score", "float = 0.5 @range(0, 1)", "From none to certain."),
    ("external_id?", 'string @length(1, 64) @json("external-id")', "Its name in the old system."),
    ("window?", "duration", "How long it may take."),
    ("cutoff?", "time", ""),
    ("parent_id?", "uuid", ""),
    ("position", "int = 0 @range(0, 1_000_000)", "Where it stands in lists."),
    ("secret?", "string @write @length(8, 64)", "Sent, and never shown."),
    ("locale?", 'string @match("^[a-z]{2}(-[A-Z]{2})?$")', ""),
    ("metadata?", "any", ""),
    ("revision", "int = 1 @range(1, 1_000_000)", ""),
    ("shared_with", "list[uuid] = [] @size(0, 100)", ""),
)

# Members of an enum of states, from the first to the last. The first is the default.
STATES: Final[tuple[tuple[str, ...], ...]] = (
    ("draft", "open", "closed"),
    ("planned", "started", "paused", "finished"),
    ("requested", "approved", "rejected"),
    ("fresh", "known", "trusted", "blocked"),
    ("waiting", "running", "done", "failed", "cancelled"),
)

# Names that the money of an entity may have, and those to which a rename goes.
AMOUNTS: Final = ("amount", "total", "value", "charge", "sum_due", "cost", "gross", "worth")
QUANTITIES: Final = ("quantity", "units", "pieces", "places", "days_used")
REMARKS: Final = (
    "agreed with the branches",
    "see the handbook",
    "kept as it was in the old system",
    "reviewed",
    "to be read together with the rule below",
)
