"""OpenAPI documents through intents and back."""
