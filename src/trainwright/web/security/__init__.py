"""Who may do what: roles, tokens, sessions, CSRF, and the gate every request passes."""
