"""What pages and REST show: plain functions from a connection to frozen dataclasses, with narrow queries."""
