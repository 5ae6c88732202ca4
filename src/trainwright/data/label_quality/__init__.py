"""Which labels are probably wrong, and how far several annotators agree."""
