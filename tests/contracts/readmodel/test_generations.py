"""Both sides call a generation the same, in every store."""

from pathlib import Path

from contracts.readmodel.generations import Generation, numbers_among


def test_every_store_has_its_name_for_a_generation() -> None:
    page = Generation("product_page", 3)
    assert page.name == "product_page_g3"
    assert page.redis_prefix == "product_page:g3:"
    assert page.elasticsearch_index == "product_page-g3"
    assert page.tantivy_folder(Path("/data/search")) == Path("/data/search/product_page/g3")


def test_generations_are_found_among_the_names_of_a_store() -> None:
    names = ["page_g1", "page_g12", "page_g2", "my_page_g7", "page_gx", "page_g01", "page", "checkpoints"]
    assert numbers_among("page", names) == (1, 2, 12)
    assert numbers_among("page", ["page:g4:", "page-g5", "g6"]) == (4, 5, 6)
    assert numbers_among("pag.", names) == ()
