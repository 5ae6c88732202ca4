"""Features that boosted trees read: calendar parts, encodings of categories, group statistics, arithmetic."""
