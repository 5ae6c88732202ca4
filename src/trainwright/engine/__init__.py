"""The neural training loop: one loop for every kind of network, whatever its input.

A family writes a `learner.Learner` (its module, its loss as sum and count, its answer), hands its encoded rows over as
one of the sources of `batches`, and calls `loop.fit`. Importing this package, `settings`, `schedules`, `stopping`,
`diagnosis` or `records` does not import torch; the other modules do, and are imported inside functions of families.
"""
