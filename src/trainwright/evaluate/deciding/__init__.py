"""From probabilities to decisions: what errors cost, what people can review, what must be found, and what that buys.

Pure functions on out-of-fold rows. `question.ask` reads what is wanted; `decide.decide` answers it with a `Policy`,
which `packages.outputs` applies, and with what the policy buys on rows that it was not chosen on.
"""
