"""Chooses the engine behind every search view: the index folder of this machine, or an Elasticsearch."""

from contracts.catalog.search import PRODUCT_SEARCH
from contracts.search.mapping import SearchMapping
from ops.settings import Settings
from query_side.kernel.search.port import SearchEngine

MAPPINGS: dict[str, SearchMapping] = {"product_search": PRODUCT_SEARCH}
"""Search view → how it is indexed."""


def search_engines(settings: Settings) -> dict[str, SearchEngine]:
    """View → what searches it. Nothing is connected or opened before the first search."""
    if settings.elasticsearch_url is not None:
        from query_side.kernel.search.elasticsearch import ElasticsearchEngine

        url = settings.elasticsearch_url
        return {view: ElasticsearchEngine(url, view, mapping) for view, mapping in MAPPINGS.items()}
    from query_side.kernel.search.tantivy import TantivyEngine

    folder = settings.search_dir
    return {view: TantivyEngine(folder, view, mapping) for view, mapping in MAPPINGS.items()}
