"""A mapping says what a CSV file's columns mean; what a cell should not say is refused with its line and column."""

from pathlib import Path

import pytest

from contracts.catalog.commands import ClassifyProduct, DefineCategory, ListProduct
from contracts.catalog.product import Bilingual, Identifier, Ingredient, LegalClass, Pack
from ops.importing import examples
from ops.importing.csv_rows import rows
from ops.importing.mapping import load_mapping
from ops.importing.row import Fault, Refusal, Row, UnreadableFile

EXAMPLES = Path(examples.__path__[0])
CSV, MAPPING = EXAMPLES / "kenyan_products.csv", EXAMPLES / "kenyan_products.toml"
SMALL = """
[product]
sku = { column = "Code" }
proprietary_name = { column = "Name" }
"""


def read(folder: Path, text: str | bytes, mapping: str = SMALL) -> list[Row | Refusal]:
    """The rows of a small file under a small mapping."""
    file, toml = folder / "a.csv", folder / "a.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    toml.write_text(mapping)
    return list(rows(file, toml))


def faults(row: Row | Refusal) -> tuple[Fault, ...]:
    assert isinstance(row, Refusal), row
    return row.faults


def listing(row: Row | Refusal) -> ListProduct:
    assert isinstance(row, Row), row
    (command,) = (command for command in row.commands if isinstance(command, ListProduct))
    return command


def test_the_examples_clean_rows_are_imported_and_its_dirty_ones_refused() -> None:
    read_rows = list(rows(CSV, MAPPING))
    assert len(read_rows) == 20
    assert [row.line for row in read_rows if isinstance(row, Row)] == list(range(2, 14))
    found = [
        (row.line, fault.field, fault.rule)
        for row in read_rows
        if isinstance(row, Refusal)
        for fault in row.faults
    ]
    assert found == [
        (14, "Item Code", "duplicate"),
        (15, "Barcode", "gtin_check_digit"),
        (16, "Item Code", "missing"),
        (17, "CD Schedule", "schedule_of_controlled"),
        (18, "Route", "unknown_value"),
        (19, "Active ingredients", "exact_amount"),
        (20, "Pack", "pattern"),
        (20, "Class", "unknown_value"),
        (20, "On sale", "unknown_value"),
        (21, "Shelf", "unknown_value"),
    ]


def test_a_refusal_says_what_was_read_and_what_was_expected() -> None:
    by_line = {row.line: row for row in rows(CSV, MAPPING)}
    assert faults(by_line[18]) == (
        Fault("Route", "unknown_value", "must be one of PO, IM, IV, SC, Top", "by mouth"),
    )
    assert faults(by_line[20])[0] == Fault(
        "Pack", "pattern", "does not read as a number and a unit, such as 100 tablets", "a box"
    )
    assert faults(by_line[14])[0].message == "this product stands on line 2 already"


def test_every_detail_finds_its_field() -> None:
    first = next(rows(CSV, MAPPING))
    assert listing(first) == ListProduct(
        sku="KE-PARA500",
        proprietary_name="Hedex",
        generic_name="Paracetamol",
        ingredients=(Ingredient(name="Paracetamol", amount="500", unit="mg"),),
        dosage_form="TABLET",
        routes=("ORAL",),
        pack=Pack(size="100", unit="tablets", text="100 tablets"),
        manufacturer="Dawa Limited",
        identifiers=(
            Identifier(scheme="ppb", value="H2009/19425/456"),
            Identifier(scheme="gtin", value="6160000000012"),
        ),
        description=Bilingual(en="For pain and fever.", sw="Kwa maumivu na homa."),
    )


def test_several_values_in_one_cell_are_cut_apart() -> None:
    by_sku = {row.sku: row for row in rows(CSV, MAPPING)}
    assert listing(by_sku["KE-CEFTR1G"]).routes == ("INTRAMUSCULAR", "INTRAVENOUS")
    assert [each.amount for each in listing(by_sku["KE-ORS"]).ingredients] == ["2.6", "13.5", "1.5", "2.9"]


def test_a_shelf_is_defined_after_the_one_it_stands_in_and_once() -> None:
    defined = [
        command.slug
        for row in rows(CSV, MAPPING)
        if isinstance(row, Row)
        for command in row.commands
        if isinstance(command, DefineCategory)
    ]
    assert defined == ["pain-and-fever", "infections", "malaria", "diabetes", "first-aid"]


def test_the_class_and_its_schedule_are_read_and_an_unpublished_row_stays_a_draft() -> None:
    by_sku = {row.sku: row for row in rows(CSV, MAPPING)}
    valium = by_sku["KE-DIAZ5"]
    assert isinstance(valium, Row)
    assert valium.commands[-1] == ClassifyProduct(
        sku="KE-DIAZ5", legal_class=LegalClass.CONTROLLED, schedule="psychotropic"
    )


def test_an_empty_cell_of_a_mapped_column_clears_and_an_unmapped_detail_is_left_alone(tmp_path: Path) -> None:
    mapping = SMALL + 'generic_name = { column = "Generic" }\nroutes = { column = "Route" }\n'
    (row,) = read(tmp_path, "Code,Name,Generic,Route\nA,Hedex,,\n", mapping)
    assert listing(row).model_fields_set == {"sku", "proprietary_name", "generic_name", "routes"}
    assert listing(row).generic_name is None


def test_a_byte_order_mark_quotes_and_blank_lines_are_no_fault(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbfCode,Name\r\n\r\nA,"Hedex, ""extra"""\r\n,\r\nB,Panadol\r\n'
    first, second = read(tmp_path, text)
    assert listing(first).proprietary_name == 'Hedex, "extra"'
    assert (first.line, second.line) == (3, 5)


def test_bytes_of_another_encoding_are_refused_in_their_cell_and_the_next_row_is_read(tmp_path: Path) -> None:
    first, second = read(tmp_path, b"Code,Name\nA,Caf\xe9\nB,Panadol\n")
    assert [(fault.field, fault.rule) for fault in faults(first)] == [("Name", "encoding")]
    assert listing(second).sku == "B"


def test_a_row_of_another_width_is_refused_and_the_next_one_is_read(tmp_path: Path) -> None:
    first, second = read(tmp_path, "Code,Name\nA\nB,Panadol\n")
    assert [(fault.field, fault.rule) for fault in faults(first)] == [("row", "columns")]
    assert listing(second).sku == "B"


def test_broken_quoting_is_refused_and_the_next_row_is_read(tmp_path: Path) -> None:
    first, second = read(tmp_path, 'Code,Name\nA,"Hed"ex\nB,Panadol\n')
    assert [(fault.field, fault.rule) for fault in faults(first)] == [("row", "csv")]
    assert listing(second).sku == "B"


def test_a_tab_may_separate_and_a_text_may_stand_for_every_row(tmp_path: Path) -> None:
    mapping = '[file]\ndelimiter = "\\t"\n' + SMALL + 'manufacturer = { text = "Cosmos" }\n'
    (row,) = read(tmp_path, "Code\tName\nA\tHedex\n", mapping)
    assert listing(row).manufacturer == "Cosmos"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("[product", "is not TOML"),
        (SMALL + 'colour = { column = "C" }', "product.colour: Extra inputs are not permitted"),
        ('[product]\nsku = { column = "Code" }', "product.proprietary_name: Field required"),
        (SMALL + "generic_name = {}", "needs either a column or a text"),
        (SMALL + 'pack = { column = "P", pattern = "(" }', "is no regular expression"),
        (SMALL + 'generic_name = { column = "INN" }', "has no column INN; it has Code, Name"),
        ('[file]\nencoding = "klingon"\n' + SMALL, "there is no encoding klingon"),
    ],
)
def test_a_wrong_mapping_is_refused_in_plain_words(tmp_path: Path, mapping: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read(tmp_path, "Code,Name\nA,Hedex\n", mapping)


def test_the_example_mapping_is_valid() -> None:
    assert load_mapping(MAPPING).file.delimiter == ","
