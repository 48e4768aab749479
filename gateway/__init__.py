"""One door to every service: routes /{service}/..., one Swagger UI, the health of everything."""
