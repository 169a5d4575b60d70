"""What every context's decisions run on: the ledger, the cache of states, the dispatcher."""
