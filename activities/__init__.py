"""Side effects, thin: one input model, one result model, one effect each, idempotent. Called by the engine only."""
