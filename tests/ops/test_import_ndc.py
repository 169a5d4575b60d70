"""Rows of the real NDC directory become commands, its dirt becomes refusals that say what and where."""

import time
from collections import Counter
from pathlib import Path

import pytest

from contracts.catalog.commands import (
    ClassifyProduct,
    DefineCategory,
    ListProduct,
    PlaceInCategory,
    PublishProduct,
)
from contracts.catalog.product import Identifier, Ingredient, LegalClass
from contracts.message import Command
from ops.importing.ndc import THERAPEUTIC_CLASSES, rows
from ops.importing.ndc_units import readable_unit
from ops.importing.row import Refusal, Row, UnreadableFile
from ops.importing.wire import item
from tests.ops.ndc_file import changed, cut, directory

TRULICITY, GARDASIL, HUMATROPE_KIT, NORCO, HUMULIN, FIBERCON, ZYPREXA_KIT = 6, 240, 49, 564, 73, 169, 58


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "product.txt"


def only(file: Path, *, publish_excluded: bool = False) -> Row:
    (row,) = rows(file, publish_excluded=publish_excluded)
    assert isinstance(row, Row), row
    return row


def refusal(file: Path) -> tuple[str, str, str]:
    refused = list(rows(file))[-1]
    assert isinstance(refused, Refusal), refused
    (fault,) = refused.faults
    return fault.field, fault.rule, fault.value


def listed(row: Row) -> ListProduct:
    (listing,) = (command for command in row.commands if isinstance(command, ListProduct))
    return listing


def classed(row: Row) -> tuple[LegalClass, str | None]:
    (command,) = (command for command in row.commands if isinstance(command, ClassifyProduct))
    return command.legal_class, command.schedule


def names(commands: tuple[Command, ...]) -> list[str]:
    return [command.name.partition(".")[2] for command in commands]


def test_a_row_is_defined_listed_classed_placed_and_published_in_this_order(file: Path) -> None:
    row = only(cut(file, TRULICITY))
    assert (row.line, row.sku) == (2, "NDC-0002-1434")
    define, define_class, listing, classify, place, publish = row.commands
    assert define == THERAPEUTIC_CLASSES
    assert isinstance(define_class, DefineCategory)
    assert (define_class.slug, define_class.names.en, define_class.parent) == (
        "epc-glp-1-receptor-agonist",
        "GLP-1 Receptor Agonist",
        "therapeutic-classes",
    )
    assert listing == ListProduct(
        sku="NDC-0002-1434",
        proprietary_name="Trulicity",
        generic_name="Dulaglutide",
        ingredients=(Ingredient(name="DULAGLUTIDE", amount="1.5", unit="mg/0.5mL"),),
        dosage_form="INJECTION, SOLUTION",
        routes=("SUBCUTANEOUS",),
        manufacturer="Eli Lilly and Company",
        pharmacological_classes=(
            "GLP-1 Receptor Agonist [EPC]",
            "Glucagon-Like Peptide 1 [CS]",
            "Glucagon-like Peptide-1 (GLP-1) Agonists [MoA]",
        ),
        identifiers=(Identifier(scheme="ndc", value="0002-1434"),),
    )
    assert classify == ClassifyProduct(sku=row.sku, legal_class=LegalClass.PRESCRIPTION_ONLY)
    assert place == PlaceInCategory(sku=row.sku, category=define_class.slug)
    assert publish == PublishProduct(sku=row.sku)


def test_a_category_is_defined_once_in_a_reading(file: Path) -> None:
    first, second = rows(cut(file, TRULICITY, TRULICITY - 1))
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert names(first.commands)[:2] == ["define-category", "define-category"]
    assert "define-category" not in names(second.commands)
    assert "place-in-category" in names(second.commands)


def test_the_first_of_two_rows_with_one_code_wins_and_the_other_names_its_line(file: Path) -> None:
    first, second = rows(cut(file, 342, 343))
    assert isinstance(first, Row)
    assert isinstance(second, Refusal)
    (fault,) = second.faults
    assert (second.line, second.sku) == (3, "NDC-0009-0039")
    assert (fault.field, fault.rule, fault.value) == ("PRODUCTNDC", "duplicate", "0009-0039")
    assert fault.message == "this product stands on line 2 already"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (TRULICITY, (LegalClass.PRESCRIPTION_ONLY, None)),
        (GARDASIL, (LegalClass.PRESCRIPTION_ONLY, None)),
        (NORCO, (LegalClass.CONTROLLED, "CII")),
        (HUMULIN, (LegalClass.PHARMACY_ONLY, None)),
        (FIBERCON, (LegalClass.GENERAL_SALE, None)),
    ],
)
def test_the_legal_class_follows_type_category_and_schedule(
    file: Path, line: int, expected: tuple[LegalClass, str | None]
) -> None:
    assert classed(only(cut(file, line))) == expected


def test_a_type_on_which_nothing_is_known_of_the_law_is_refused(file: Path) -> None:
    changed(cut(file, TRULICITY), ("HUMAN PRESCRIPTION DRUG", "VETERINARY DRUG"))
    assert refusal(file) == ("PRODUCTTYPENAME", "unknown_type", "VETERINARY DRUG")


def test_an_unknown_schedule_is_refused(file: Path) -> None:
    changed(cut(file, NORCO), ("\tCII\t", "\tCI\t"))
    assert refusal(file) == ("DEASCHEDULE", "literal_error", "CI")


def test_substances_strengths_and_units_are_paired(file: Path) -> None:
    assert listed(only(cut(file, NORCO))).ingredients == (
        Ingredient(name="HYDROCODONE BITARTRATE", amount="5", unit="mg"),
        Ingredient(name="ACETAMINOPHEN", amount="325", unit="mg"),
    )


def test_substances_without_any_strength_are_listed_without(file: Path) -> None:
    ingredients = listed(only(cut(file, 39107))).ingredients
    assert [(each.name, each.amount, each.unit) for each in ingredients] == [
        ("FORESKIN FIBROBLAST (NEONATAL)", None, None),
        ("BOVINE TYPE I COLLAGEN", None, None),
        ("FORESKIN KERATINOCYTE (NEONATAL)", None, None),
    ]


def test_a_semicolon_within_a_substances_brackets_separates_nothing(file: Path) -> None:
    assert listed(only(cut(file, 125683))).ingredients == (
        Ingredient(name="GLYCERIN", amount="10", unit="g/100g"),
        Ingredient(name="HYDROLYZED SOY PROTEIN (ENZYMATIC; 2000 MW)", amount="0.12", unit="g/100g"),
    )


def test_lists_that_do_not_pair_up_are_refused(file: Path) -> None:
    changed(cut(file, NORCO), ("\t5; 325\t", "\t5\t"))
    assert refusal(file) == ("ACTIVE_NUMERATOR_STRENGTH", "lengths_differ", "5")


def test_a_strength_that_is_no_number_is_refused(file: Path) -> None:
    changed(cut(file, TRULICITY), ("\t1.5\t", "\t1,5\t"))
    assert refusal(file) == ("ACTIVE_NUMERATOR_STRENGTH", "exact_amount", "1,5")


def test_the_longest_list_of_ingredients_is_taken_whole() -> None:
    longest = max(
        (row for row in rows(directory()) if isinstance(row, Row)),
        key=lambda row: len(listed(row).ingredients),
    )
    assert len(listed(longest).ingredients) == 187


def test_a_kit_says_why_it_names_no_ingredients_and_a_medicine_must_name_them(file: Path) -> None:
    kit = listed(only(cut(file, HUMATROPE_KIT)))
    assert kit.ingredients == ()
    assert kit.no_ingredients_because == "A kit: its parts name their own ingredients."
    assert refusal(cut(file, 88607)) == ("SUBSTANCENAME", "missing", "")


def test_the_suffix_belongs_to_the_name(file: Path) -> None:
    assert listed(only(cut(file, ZYPREXA_KIT))).proprietary_name == "ZYPREXA Relprevv"


def test_windows_apostrophes_are_read_as_such(file: Path) -> None:
    assert (
        listed(only(cut(file, 41910))).manufacturer
        == "Dr. Reddy\N{RIGHT SINGLE QUOTATION MARK}s Laboratories, Inc."
    )


def test_no_route_and_repeated_classes_are_no_fault(file: Path) -> None:
    changed(cut(file, TRULICITY), ("\tSUBCUTANEOUS\t", "\t\t"))
    assert listed(only(file)).routes == ()
    assert len(listed(only(cut(file, 39107))).pharmacological_classes) == 6


def test_what_the_fda_has_excluded_is_listed_but_not_published(file: Path) -> None:
    changed(cut(file, TRULICITY), ("\tN\t20201231", "\tE\t20201231"))
    assert names(only(file).commands)[-2:] == ["classify-product", "place-in-category"]
    assert names(only(file, publish_excluded=True).commands)[-1] == "publish-product"


def test_a_line_with_columns_missing_is_refused_and_the_next_is_read(file: Path) -> None:
    cut(file, TRULICITY)
    file.write_bytes(file.read_bytes() + b"0009-9999_x\t0009-9999\tHUMAN\r\n")
    first, second = rows(file)
    assert isinstance(first, Row)
    assert isinstance(second, Refusal)
    assert [(fault.field, fault.rule) for fault in second.faults] == [("row", "columns")]


def test_a_control_character_is_refused_with_its_column(file: Path) -> None:
    changed(cut(file, TRULICITY), ("Eli Lilly", "Eli\x07Lilly"))
    assert refusal(file) == ("LABELERNAME", "unseen_character", "Eli\x07Lilly and Company")


def test_every_fault_of_a_row_is_reported(file: Path) -> None:
    changed(
        cut(file, NORCO),
        ("0023-6002\t", "23-02\t"),
        ("\tNorco\t", "\t\t"),
        ("5; 325", "0; 3/25"),
        ("CII", "CI"),
    )
    (refused,) = rows(file)
    assert isinstance(refused, Refusal)
    assert [(fault.field, fault.rule, fault.value) for fault in refused.faults] == [
        ("PROPRIETARYNAME", "string_too_short", ""),
        ("ACTIVE_NUMERATOR_STRENGTH", "exact_amount", "0"),
        ("ACTIVE_NUMERATOR_STRENGTH", "exact_amount", "3/25"),
        ("PRODUCTNDC", "identifier_form", "23-02"),
        ("DEASCHEDULE", "literal_error", "CI"),
    ]


def test_a_file_of_another_kind_is_refused_at_its_header(file: Path) -> None:
    file.write_text("sku,name\nA,B\n")
    with pytest.raises(UnreadableFile, match="is not an NDC product file: it has no column PRODUCTNDC"):
        next(rows(file))


def test_the_limit_counts_products_and_not_refused_lines(file: Path) -> None:
    cut(file, 342, 343, TRULICITY, NORCO)
    read = list(rows(file, limit=2))
    assert [type(row) for row in read] == [Row, Refusal, Row]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("mg/1", "mg"),
        ("mg/.5mL", "mg/0.5mL"),
        ("ug/h", "mcg/h"),
        ("[iU]/mL", "IU/mL"),
        ("[hp_X]/59mL", "X/59mL"),
        ("U/1", "units"),
        ("1/1", "1/1"),
        ("[Lf]/.5mL", "Lf/0.5mL"),
    ],
)
def test_units_read_as_on_a_label(code: str, words: str) -> None:
    assert readable_unit(code) == words


def test_the_whole_directory_is_read_fast_and_its_dirt_is_counted() -> None:
    began = time.process_time()
    kinds: Counter[str] = Counter()
    rules: Counter[tuple[str, str]] = Counter()
    for row in rows(directory()):
        if isinstance(row, Row):
            kinds["rows"] += 1
            kinds.update(item(row.line, command).name for command in row.commands)
        else:
            rules.update((fault.field, fault.rule) for fault in row.faults)
    seconds = time.process_time() - began
    assert rules == {("PRODUCTNDC", "duplicate"): 1_669, ("SUBSTANCENAME", "missing"): 7}
    assert kinds == {
        "rows": 126_565,
        "catalog.define-category": 524,
        "catalog.list-product": 126_565,
        "catalog.classify-product": 126_565,
        "catalog.place-in-category": 64_473,
        "catalog.publish-product": 95_329,
    }
    assert 128_241 / seconds > 10_000, f"{128_241 / seconds:,.0f} rows a second"
