"""How events are written and read: the ledger's tables, the stored names, the mapper and the readers."""
