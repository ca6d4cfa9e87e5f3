"""The web app and the API: the only room that knows FastAPI.

Reading order: `settings`, `storage` (database, files, results), `jobs` (queue, workers, supervisor), `security`,
`api` (routes), `app` (which connects them), `pages` (what people see).
"""
