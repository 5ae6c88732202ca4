"""Child processes that do what needs learning libraries: the server itself stays small and never waits for them."""
