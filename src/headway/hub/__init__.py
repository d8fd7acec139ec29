"""Where commands become events and events become news: the ledger, the feed, the dispatcher, the sweeper."""
