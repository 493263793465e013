"""Provider-neutral vocabularies: what a refund, a dispute and a parcel can be, and which step may follow which. Pure."""
