"""The rules of the catalogue that a command can break, in English and Swahili."""

from contracts.errors import BrokenRule


class ProductAlreadyListed(BrokenRule):
    code = "product.already_listed"
    en = "A product with the SKU {sku} is listed already; revise it instead."
    sw = "Bidhaa yenye SKU {sku} tayari imeorodheshwa; irekebishe badala yake."


class ProductNotListed(BrokenRule):
    code = "product.not_listed"
    en = "No product with the SKU {sku} is listed."
    sw = "Hakuna bidhaa iliyoorodheshwa yenye SKU {sku}."


class ProductNotClassified(BrokenRule):
    code = "product.not_classified"
    en = "{sku} cannot go on sale before a pharmacist has decided its legal class."
    sw = "{sku} haiwezi kuuzwa kabla mfamasia hajaamua daraja lake la kisheria."


class ProductIncomplete(BrokenRule):
    """`errors` names each missing detail."""

    code = "product.incomplete"
    en = "{sku} cannot be on sale without: {missing}."
    sw = "{sku} haiwezi kuuzwa bila: {missing}."


class IngredientsContradict(BrokenRule):
    code = "product.ingredients_contradict"
    en = "{sku} would name ingredients and a reason for having none; clear one of them."
    sw = "{sku} ingekuwa na viambato pamoja na sababu ya kutokuwa navyo; futa kimojawapo."


class ProductNotPublished(BrokenRule):
    code = "product.not_published"
    en = "{sku} was never on sale, so it cannot be withdrawn."
    sw = "{sku} haijawahi kuuzwa, kwa hivyo haiwezi kuondolewa sokoni."


class GraverWithdrawalStands(BrokenRule):
    code = "product.graver_withdrawal_stands"
    en = "{sku} is withdrawn as {standing}, which is graver than {reason}; reinstate it first."
    sw = "{sku} imeondolewa kama {standing}, jambo zito kuliko {reason}; irejeshe kwanza."


class ReinstatementRequired(BrokenRule):
    code = "product.reinstatement_required"
    en = "{sku} was withdrawn ({reason}); say in a reinstatement note why it may be sold again."
    sw = "{sku} iliondolewa ({reason}); eleza katika maelezo ya kurejesha kwa nini inaweza kuuzwa tena."


class NothingToReinstate(BrokenRule):
    code = "product.nothing_to_reinstate"
    en = "{sku} is not withdrawn, so there is nothing to reinstate; publish it without a note."
    sw = "{sku} haijaondolewa, kwa hivyo hakuna cha kurejesha; ichapishe bila maelezo."


class ProductNotInCategory(BrokenRule):
    code = "product.not_in_category"
    en = "{sku} does not stand in the category {category}, so it cannot leave it."
    sw = "{sku} haiko katika kundi {category}, kwa hivyo haiwezi kulitoka."


class TooManyCategories(BrokenRule):
    code = "product.too_many_categories"
    en = "{sku} stands in {most} categories already, which is the most there may be."
    sw = "{sku} tayari iko katika makundi {most}, ambayo ndiyo idadi ya juu zaidi."


class CategoryUnknown(BrokenRule):
    code = "category.unknown"
    en = "There is no category {category}."
    sw = "Hakuna kundi {category}."


class CategoryInItself(BrokenRule):
    code = "category.cycle"
    en = "{category} cannot stand within {parent}, because {parent} stands within {category}."
    sw = "{category} haiwezi kuwa ndani ya {parent}, kwa sababu {parent} iko ndani ya {category}."


class CategoryTooDeep(BrokenRule):
    code = "category.too_deep"
    en = "{parent} stands {most} levels deep already; a category there would be lost to customers."
    sw = "{parent} tayari iko kina cha viwango {most}; kundi hapo lingepotea kwa wateja."
