"""From a queued job to a stored result: queue, workers in processes of their own, and who watches over them."""
