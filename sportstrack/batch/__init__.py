"""Many videos: a plan, workers that each hold a model, a manifest of what is done, and one table of results."""

from sportstrack.batch.results import BatchResult
from sportstrack.batch.run import run_batch
from sportstrack.batch.settings import BatchSettings

__all__ = ["BatchResult", "BatchSettings", "run_batch"]
