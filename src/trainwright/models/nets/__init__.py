"""Networks for tables: columns as a network reads them, networks and their twins in plain arrays, estimators."""
