"""The web page and the REST interface: FastAPI, server-rendered pages, no build step, nothing from elsewhere."""
