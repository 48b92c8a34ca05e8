"""The REST API. Operations are records; routes, checks and the OpenAPI document are made from them."""
