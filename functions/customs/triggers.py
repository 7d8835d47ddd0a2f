"""What others of ours ask customs: the search for HS codes, in a function of its own because of its engine."""

from entrepot.cloud.workers import Workers
from functions.customs.search import Answer, Asked, Found

workers = Workers(__name__)


@workers.worker(Asked)
def customs_search(asked: Asked) -> Answer:
    from functions.customs import tantivy_gateway  # the API registers this function and has no such package

    best = tantivy_gateway.packaged().best(asked.text, asked.most)
    return Answer(tuple(Found(hs_code, matched) for hs_code, matched in best))
